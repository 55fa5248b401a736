package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"
)

// loopback is the only address anything here listens on: there is no authentication.
const loopback = "127.0.0.1"

const (
	defaultNamespace = "default"
	defaultRetention = 7 * 24 * time.Hour
)

// Options says where the server keeps its data and where it listens. The zero value is a server in memory on free ports.
type Options struct {
	// DBFile is a SQLite file for everything the server stores. Empty keeps it in memory, gone after Stop. A file that does
	// not exist (or is empty) is set up; one made by an earlier run is continued; any other file is refused untouched.
	// The file has companions while in use: -wal, -shm and .lock.
	DBFile string

	// FrontendPort is the gRPC port for clients and workers, 0 for a free one. Temporal's usual port is 7233.
	FrontendPort int

	// UIPort is the HTTP port of the Web UI, 0 for a free one. Temporal's usual port is 8233.
	UIPort int

	// CodecEndpoint is the address of a codec server on this machine, such as http://127.0.0.1:8089, which the Web UI asks to
	// decrypt and encrypt payloads, with the cookies of its sign-in page. Empty for none.
	CodecEndpoint string

	// Namespace is created when it is missing. Default "default". Letters, digits, '-', '_' and '.', 2 to 200 characters.
	Namespace string

	// Retention is how long closed workflows stay readable, used when the namespace is created. Default 7 days, at least 1 h.
	Retention time.Duration

	// Stock leaves every setting as the server's makers have it, also SQLite's. It is here to be compared with.
	Stock bool

	// Logger receives the server's log, nil for none. Errors arrive as errors, all else at debug level.
	Logger logrus.FieldLogger
}

// PortError says that a port cannot be listened on. Flag is the command line flag that chooses it.
type PortError struct {
	Flag string
	Port int
	Err  error
}

func (e *PortError) Error() string {
	return fmt.Sprintf("cannot listen on %s:%d: %v; stop the program that uses the port, or choose another one with %s (0 takes a free one)",
		loopback, e.Port, e.Err, e.Flag)
}

func (e *PortError) Unwrap() error { return e.Err }

// Temporal itself is more liberal, but this name ends up in the Web UI's URLs.
var namespaceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,199}$`)

func (o Options) withDefaults() (Options, error) {
	if o.Namespace == "" {
		o.Namespace = defaultNamespace
	}
	if o.Retention == 0 {
		o.Retention = defaultRetention
	}
	switch {
	case !namespaceName.MatchString(o.Namespace) || o.Namespace == "temporal-system":
		return o, fmt.Errorf("namespace %q is not usable: 2 to 200 letters, digits, '-', '_' or '.', starting with a letter or digit, not temporal-system", o.Namespace)
	case o.Retention < time.Hour:
		return o, fmt.Errorf("retention %s is too short: at least 1h", o.Retention)
	case o.FrontendPort < 0 || o.FrontendPort > 65535:
		return o, &PortError{Flag: "--port", Port: o.FrontendPort, Err: errors.New("a port is a number from 0 to 65535")}
	case o.UIPort < 0 || o.UIPort > 65535:
		return o, &PortError{Flag: "--ui-port", Port: o.UIPort, Err: errors.New("a port is a number from 0 to 65535")}
	case o.FrontendPort != 0 && o.FrontendPort == o.UIPort:
		return o, &PortError{Flag: "--ui-port", Port: o.UIPort, Err: errors.New("it is already the port of --port")}
	}
	return o, nil
}

func listen(flag string, port int) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
	if err != nil {
		return nil, &PortError{Flag: flag, Port: port, Err: err}
	}
	return l, nil
}

// ports of the four services. They talk to each other over loopback gRPC, as in a cluster.
type ports struct{ frontend, history, matching, worker int }

// choosePorts finds ports that are free now. The Temporal server opens its listeners itself and takes only numbers, so
// each port is held, all four at once to be sure that they differ, and let go again: a taken port is a clear error here
// and would be the end of the process there.
func choosePorts(frontend int) (p ports, err error) {
	for _, want := range []struct {
		port int
		got  *int
	}{{frontend, &p.frontend}, {0, &p.history}, {0, &p.matching}, {0, &p.worker}} {
		l, err := reserve("--port", want.port)
		if err != nil {
			return ports{}, err
		}
		defer l.Close()
		*want.got = l.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}

// reserve listens on a port, for 0 on a free one below those that outgoing connections take: between the moment at which it is
// let go and the one at which the server takes it, a busy machine would give one of those away.
func reserve(flag string, port int) (net.Listener, error) {
	const lowest, highest, tries = 20000, 31999, 100
	if port == 0 {
		for range tries {
			if l, err := listen(flag, lowest+rand.IntN(highest-lowest+1)); err == nil {
				return l, nil
			}
		}
	}
	return listen(flag, port)
}

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }
