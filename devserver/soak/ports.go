package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// port is a free one that no outgoing connection of this machine takes while its server is
// dead, and below 32768, since Temporal keeps ports in 16 bits.
func (s *site) port() (int, error) {
	for range 100 {
		p := 20000 + rand.IntN(12000)
		if s.ports[p] {
			continue
		}
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", at(p))
		if err == nil {
			s.ports[p] = true
			return p, l.Close()
		}
	}
	return 0, errors.New("no free port between 20000 and 32000 was found")
}

func at(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
