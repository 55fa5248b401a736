package process

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are those that were taken already. Its zero value is ready.
type Ports struct{ taken map[int]bool }

// Free is a free one that no outgoing connection of this machine takes while its server is
// dead, and below 32768, since Temporal keeps ports in 16 bits.
func (p *Ports) Free() (int, error) {
	for range 100 {
		port := 20000 + rand.IntN(12000)
		if p.taken[port] {
			continue
		}
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", At(port))
		if err == nil {
			if p.taken == nil {
				p.taken = map[int]bool{}
			}
			p.taken[port] = true
			return port, l.Close()
		}
	}
	return 0, errors.New("no free port between 20000 and 32000 was found")
}

// At is the port's address on this machine.
func At(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
