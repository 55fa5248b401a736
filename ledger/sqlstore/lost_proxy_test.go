package sqlstore

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// cut says where a connection is lost.
type cut struct {
	// before the message with this number from now on is forwarded to the server; 0 for
	// none. The client's messages are counted.
	before int
	// beforeCommit and afterCommit: before the commit is forwarded, and when the server
	// has answered it, which nobody hears.
	beforeCommit, afterCommit bool
}

// wire stands between the ledger and its server, and can be cut.
type wire struct {
	listener net.Listener
	server   string

	lock  sync.Mutex
	next  cut
	heard int // messages of the client since arm
	cuts  int // how often it was cut since arm
}

// wired is the address of the same ledger by way of a wire.
func wired(t *testing.T, address string) (*wire, string) {
	t.Helper()
	at, err := url.Parse(address)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{listener: listener, server: at.Host}
	at.Host = listener.Addr().String()
	var pumps sync.WaitGroup
	pumps.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			pumps.Go(func() { w.serve(client) })
		}
	})
	t.Cleanup(pumps.Wait) // after the store was closed, which ends the connections
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	return w, at.String()
}

// arm says what is to happen next, once.
func (w *wire) arm(next cut) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.next, w.heard, w.cuts = next, 0, 0
}

// told is how many messages the client sent since arm, and how often the wire was cut.
func (w *wire) told() (heard, cuts int) {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.heard, w.cuts
}

// verdict on one message of the client.
type verdict int

const (
	forward verdict = iota
	drop
	forwardAndDropTheAnswer
)

func (w *wire) judge(message []byte) verdict {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.heard++
	commit := message[0] == 'Q' && bytes.HasPrefix(bytes.ToLower(message[5:]), []byte("commit"))
	answer := forward
	switch {
	case w.next.before == w.heard, w.next.beforeCommit && commit:
		answer = drop
	case w.next.afterCommit && commit:
		answer = forwardAndDropTheAnswer
	}
	if answer != forward {
		w.next, w.cuts = cut{}, w.cuts+1
	}
	return answer
}

// serve forwards one connection until it is lost.
func (w *wire) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		return
	}
	defer server.Close()
	var unheard sync.Mutex // held by who wants the next answer to be dropped
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 1<<16)
		for {
			n, err := server.Read(buffer)
			if err != nil || !unheard.TryLock() {
				_ = client.Close()
				return
			}
			_, err = client.Write(buffer[:n])
			unheard.Unlock()
			if err != nil {
				return
			}
		}
	}()
	if message, err := readMessage(client, 0); err == nil { // the first one has no type
		_, err = server.Write(message)
		for err == nil {
			if message, err = readMessage(client, 1); err != nil {
				break
			}
			switch w.judge(message) {
			case drop:
				_ = server.Close()
				err = io.EOF
			case forwardAndDropTheAnswer:
				unheard.Lock()
				_, _ = server.Write(message)
				<-done
				err = io.EOF
			case forward:
				_, err = server.Write(message)
			}
		}
	}
	_ = server.Close()
	<-done
}

// readMessage reads one message of PostgreSQL's protocol: a type, in all but the first,
// a length that counts itself, and the rest.
func readMessage(from io.Reader, typed int) ([]byte, error) {
	head := make([]byte, typed+4)
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, err
	}
	message := make([]byte, typed+int(binary.BigEndian.Uint32(head[typed:])))
	copy(message, head)
	_, err := io.ReadFull(from, message[len(head):])
	return message, err
}
