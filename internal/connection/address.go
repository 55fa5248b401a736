package connection

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// CheckAddress refuses what is no "host:port", without repeating it: what holds "@" or
// begins as an address of the web may hold a password, and addresses are shown. A name
// that gRPC resolves ("dns:///temporal:7233") is one; "" is nothing said. setting is where
// it was written.
func CheckAddress(setting, address string) error {
	if address == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(address, "dns:///"))
	number, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil || number == 0 || strings.ContainsAny(address, "@? ") {
		return fmt.Errorf(`%s: want "host:port" such as %q, without a scheme, user or password, got %d characters that are otherwise`,
			setting, defaultAddress, len(address))
	}
	return nil
}
