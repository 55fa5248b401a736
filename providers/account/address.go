package account

import (
	"net"
	"net/url"
)

// AddressProblem says what is wrong with a platform's address, "" for nothing.
// Plain http would show tokens and orders to the network and let anybody answer,
// so only a stand-in on this machine may use it.
func AddressProblem(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		return "want an address such as https://host/path, got " + Length(address)
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return "want an address without user, query and fragment"
	case u.Scheme == "http" && !Loopback(u.Hostname()):
		return "want https: plain http is allowed for localhost only"
	}
	return ""
}

// Loopback reports whether a host is this machine.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
