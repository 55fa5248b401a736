package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// discard silences servers that complain about the failures a test provokes.
var discard = log.New(io.Discard, "", 0)

const secret = "s3cr3t-t0ken"

func post(address string) Call {
	return PostForm(address, url.Values{"access_token": {secret}}, url.Values{"a": {"1"}})
}

// script serves one function per accepted connection, over plain TCP.
func script(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// readRequest reads one whole request, so that what follows happens after it arrived.
func readRequest(r *bufio.Reader) error {
	request, err := http.ReadRequest(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, request.Body)
	return err
}

func answering(text string) func(net.Conn) {
	return func(conn net.Conn) {
		if readRequest(bufio.NewReader(conn)) == nil {
			io.WriteString(conn, text)
		}
	}
}

func TestAFailedExchangeSaysWhetherTheRequestMayHaveArrived(t *testing.T) {
	const closed = "127.0.0.1:1" // a port that no program is given by chance

	stranger := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a request went over a connection that was not trusted")
	}))
	stranger.Config.ErrorLog = discard
	stranger.StartTLS()
	t.Cleanup(stranger.Close)

	old := httptest.NewUnstartedServer(http.NotFoundHandler())
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.Config.ErrorLog = discard
	old.StartTLS()
	t.Cleanup(old.Close)
	roots := x509.NewCertPool()
	roots.AddCert(old.Certificate())

	silent := func(conn net.Conn) { io.Copy(io.Discard, conn) }
	head := "HTTP/1.1 200 OK\r\nContent-Length: "
	tests := []struct {
		name    string
		address string
		options Options
		kind    Kind
		arrived bool
	}{
		{"nobody listens", "http://" + closed, Options{}, KindConnect, false},
		{"no such host", "http://no..such..host", Options{}, KindDNS, false},
		{"an unknown certificate", stranger.URL, Options{}, KindTLS, false},
		{"TLS below 1.2, even when allowed", old.URL, Options{TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10}}, KindTLS, false},
		{"plain HTTP where TLS is expected", "https://" + script(t, func(c net.Conn) { io.WriteString(c, head+"0\r\n\r\n") }), Options{}, KindTLS, false},
		{"a handshake that never ends", "https://" + script(t, silent), Options{Timeout: 300 * time.Millisecond}, KindTimeout, false},
		{"an address that is none", "http://%zz?" + secret, Options{}, KindRequest, false},
		{"a scheme that is none", "ftp://127.0.0.1", Options{}, KindRequest, false},
		{"closed after the request", "http://" + script(t, answering("")), Options{}, KindLost, true},
		{"something that is not HTTP", "http://" + script(t, answering(secret+"\r\n\r\n")), Options{}, KindLost, true},
		{"no answer in time", "http://" + script(t, silent), Options{Timeout: 300 * time.Millisecond}, KindTimeout, true},
		{"an answer that stops in time's middle", "http://" + script(t, func(c net.Conn) {
			r := bufio.NewReader(c)
			_ = readRequest(r)
			io.WriteString(c, head+"9\r\n\r\n"+secret[:4])
			io.Copy(io.Discard, r)
		}), Options{Timeout: 300 * time.Millisecond}, KindTimeout, true},
		{"a truncated answer", "http://" + script(t, answering(head+"99\r\n\r\n"+secret)), Options{}, KindTruncated, true},
		{"a huge answer", "http://" + script(t, answering(head+"1048577\r\n\r\n"+strings.Repeat("x", MaxAnswer+1))), Options{}, KindTooLarge, true},
		{"an endless header", "http://" + script(t, answering("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<17))), Options{}, KindLost, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewClient(test.options).Do(t.Context(), post(test.address))
			var failed *Error
			require.ErrorAs(t, err, &failed)
			require.Equal(t, test.kind, failed.Kind, err.Error())
			require.Equal(t, test.arrived, failed.MayHaveArrived)
			require.NotContains(t, err.Error(), secret, "neither the address nor the answer may be quoted")
			require.NotContains(t, err.Error(), secret[:4])
		})
	}
}

func TestACancelledExchangeSaysWhetherTheRequestMayHaveArrived(t *testing.T) {
	arrived := make(chan struct{})
	address := "http://" + script(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		if readRequest(r) == nil {
			close(arrived)
			io.Copy(io.Discard, r)
		}
	})
	client := NewClient(Options{})

	before, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.Do(before, post(address))
	var failed *Error
	require.ErrorAs(t, err, &failed)
	require.Equal(t, Error{Kind: KindCancelled, cause: failed.cause}, *failed)
	require.ErrorIs(t, err, context.Canceled)

	during, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, err = client.Do(during, post(address))
	require.ErrorAs(t, err, &failed)
	require.Equal(t, Error{Kind: KindCancelled, MayHaveArrived: true}, *failed)
}

// A server that answers once and then drops the kept connection after reading
// the next request: net/http would gladly repeat that request by itself.
func TestAPostIsWrittenOnceOnAReusedConnectionThatDies(t *testing.T) {
	for _, test := range []struct {
		name   string
		call   func(string) Call
		resent bool
	}{
		{"POST", post, false},
		{"POST that names an idempotency key", func(address string) Call {
			c := post(address)
			c.Header = http.Header{"Idempotency-Key": {"1"}, "X-Idempotency-Key": {"1"}}
			return c
		}, false},
		// The counter-proof: this server does provoke a repeat where it is allowed.
		{"GET", func(address string) Call { return Get(address, url.Values{"a": {"1"}}) }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var requests, connections atomic.Int32
			address := "http://" + script(t, func(conn net.Conn) {
				reused := connections.Add(1) > 1
				r := bufio.NewReader(conn)
				for n := 0; readRequest(r) == nil; n++ {
					requests.Add(1)
					if n > 0 {
						return
					}
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
					if reused {
						return
					}
				}
			})
			client := NewClient(Options{})
			answer, err := client.Do(t.Context(), test.call(address))
			require.NoError(t, err)
			require.Equal(t, "ok", string(answer.Body))

			_, err = client.Do(t.Context(), test.call(address))
			if test.resent {
				require.NoError(t, err)
				require.EqualValues(t, 3, requests.Load())
				return
			}
			var failed *Error
			require.ErrorAs(t, err, &failed)
			require.True(t, failed.MayHaveArrived)
			require.EqualValues(t, 2, requests.Load(), "the second request was written twice")
			require.EqualValues(t, 1, connections.Load())
		})
	}
}

func TestAnExchangeFollowsNoRedirectAndKeepsNoCookie(t *testing.T) {
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		require.Empty(t, r.Cookies())
		require.Empty(t, r.Header.Get("Accept-Encoding"))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	client := NewClient(Options{})
	for range 2 {
		answer, err := client.Do(t.Context(), post(server.URL+"/here"))
		require.NoError(t, err)
		require.Equal(t, http.StatusTemporaryRedirect, answer.Status)
	}
	require.Equal(t, []string{"/here", "/here"}, paths)
	require.Nil(t, client.transport.Proxy, "a proxy from the environment must not be used")
}

func TestAnExchangeOverTLSReturnsStatusHeadersAndBody(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "HTTP/1.1", r.Proto)
		require.GreaterOrEqual(t, r.TLS.Version, uint16(tls.VersionTLS12))
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, strings.Repeat("x", MaxAnswer))
	}))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	answer, err := NewClient(Options{TLS: &tls.Config{RootCAs: roots}}).Do(t.Context(), post(server.URL))
	require.NoError(t, err)
	require.Equal(t, http.StatusBadGateway, answer.Status)
	require.Len(t, answer.Body, MaxAnswer)
	require.Equal(t, 7*time.Second, answer.RetryAfter(time.Now()))
}

func TestRetryAfterIsReadInBothFormsAndClamped(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                                 0,
		"soon":                             0,
		"-5":                               0,
		"1.5":                              0,
		"0":                                0,
		"90":                               90 * time.Second,
		"99999":                            MaxRetryAfter,
		"18446744073709551615":             MaxRetryAfter,
		"99999999999999999999999":          0,
		"Sat, 21 Nov 2026 10:02:00 GMT":    2 * time.Minute,
		"Sat, 21 Nov 2026 09:00:00 GMT":    0,
		"Sun, 21 Nov 2032 10:00:00 GMT":    MaxRetryAfter,
		"Saturday, 21-Nov-26 10:00:30 GMT": 30 * time.Second,
	} {
		answer := Answer{Header: http.Header{"Retry-After": {value}}}
		require.Equal(t, want, answer.RetryAfter(now), "Retry-After: %s", value)
	}
	require.Zero(t, Answer{}.RetryAfter(now))
}

func TestAnErrorThatIsNotSentKeepsItsCause(t *testing.T) {
	err := (&stage{}).failure(t.Context(), io.ErrClosedPipe)
	require.True(t, errors.Is(err, io.ErrClosedPipe))
	sent := &stage{}
	sent.reach(stageSending)
	sent.reach(stageDNS) // a late dial attempt must not take it back
	require.True(t, sent.failure(t.Context(), io.ErrClosedPipe).MayHaveArrived)
}
