package config

import (
	"net"
	"regexp"
	"strconv"
)

// listenHost is a name, an address of IP, or nothing for all of the machine's.
var listenHost = regexp.MustCompile(`^[0-9A-Za-z._:%-]*$`)

// checkListen demands "host:port". Whether somebody else listens there is seen at the
// start alone.
func checkListen(block, address, example string, add func(format string, args ...any)) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || !listenHost.MatchString(host) || !isPort(port) {
		add(`%s.listen: want "host:port" such as %q with a port of 0 to 65535, got %d characters that are otherwise`, block, example, len(address))
	}
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// checkApart demands two addresses of a process that listens twice. The codec server is a
// process of its own, and elsewhere as a rule.
func (c *Config) checkApart(add func(format string, args ...any)) {
	if c.Monitor != nil && c.Does(RoleCallbacks) && collide(c.Monitor.Listen, c.Callbacks.Listen) {
		add("monitor.listen: callbacks.listen has this port as well: give each one of its own")
	}
}

// collide reports whether the same process cannot listen on both. Port 0 is any that is free.
func collide(a, b string) bool {
	hostA, portA, badA := net.SplitHostPort(a)
	hostB, portB, badB := net.SplitHostPort(b)
	if badA != nil || badB != nil || portA != portB || portA == "0" {
		return false
	}
	return hostA == hostB || everywhere(hostA) || everywhere(hostB)
}

func everywhere(host string) bool { return host == "" || net.ParseIP(host).IsUnspecified() }
