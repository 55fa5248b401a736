package refundtest

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// Door stands before the sandbox. While it is closed, connections to it are
// refused, which no fault of the sandbox can do.
type Door struct {
	t       *testing.T
	address string
	server  *http.Server
}

// NewDoor makes a closed door.
func NewDoor(t *testing.T) *Door {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	d := &Door{t: t, address: l.Addr().String()}
	t.Cleanup(d.Close)
	return d
}

// URL is its address, open or closed.
func (d *Door) URL() string { return "http://" + d.address }

// Open lets everything through to the sandbox.
func (d *Door) Open(sandbox string) {
	d.t.Helper()
	target, err := url.Parse(sandbox)
	require.NoError(d.t, err)
	l, err := net.Listen("tcp", d.address)
	require.NoError(d.t, err)
	server := &http.Server{Handler: httputil.NewSingleHostReverseProxy(target)}
	server.SetKeepAlivesEnabled(false) // a kept connection that dies may have carried the request
	d.server = server
	go func() { _ = server.Serve(l) }() // ends by Close
}

// Close refuses connections, and cuts those there are.
func (d *Door) Close() {
	if d.server != nil {
		_ = d.server.Close()
		d.server = nil
	}
}
