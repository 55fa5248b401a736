package wire

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// Error is an exchange without a usable answer.
type Error struct {
	Kind Kind
	// MayHaveArrived is false only when not one byte of the request can have left:
	// then repeating it is as good as sending it for the first time.
	MayHaveArrived bool
	// cause is kept only for what failed before sending. Later errors of net/http
	// may quote pieces of the answer, which must not reach a log.
	cause error
}

// Kind is what went wrong in an exchange, in words for a person.
type Kind string

// The kinds of failed exchanges.
const (
	KindRequest   Kind = "request"         // the request could not be built
	KindDNS       Kind = "dns"             // the host has no address
	KindConnect   Kind = "connect"         // refused or unreachable
	KindTLS       Kind = "tls"             // no secure connection
	KindTimeout   Kind = "timeout"         // no complete answer in time
	KindCancelled Kind = "cancelled"       // the caller gave up
	KindLost      Kind = "connection lost" // closed, reset or not HTTP
	KindTruncated Kind = "truncated"       // the answer stopped in the middle
	KindTooLarge  Kind = "too large"       // the answer exceeds MaxAnswer
)

func (e *Error) Error() string {
	switch {
	case e.MayHaveArrived:
		return string(e.Kind) + ": the request may have arrived"
	case e.cause != nil:
		return string(e.Kind) + ": the request was not sent: " + e.cause.Error()
	}
	return string(e.Kind) + ": the request was not sent"
}

func (e *Error) Unwrap() error { return e.cause }

// stage is how far a request came. Dial attempts run beside each other and may
// outlive the exchange, hence the atomic.
type stage struct{ at atomic.Int32 }

const (
	stageNone int32 = iota
	stageDNS
	stageConnect
	stageTLS
	// stageSending begins when the request gets its connection. The first byte
	// is written a little later, but the moment of that write cannot be observed
	// from outside net/http (WroteHeaders fires before the buffer is flushed), so
	// from here on every failure counts as "may have arrived".
	stageSending
)

func (s *stage) reach(next int32) {
	for now := s.at.Load(); now < next && !s.at.CompareAndSwap(now, next); now = s.at.Load() {
	}
}

func (s *stage) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:          func(httptrace.DNSStartInfo) { s.reach(stageDNS) },
		ConnectStart:      func(string, string) { s.reach(stageConnect) },
		TLSHandshakeStart: func() { s.reach(stageTLS) },
		GotConn:           func(httptrace.GotConnInfo) { s.reach(stageSending) },
	}
}

// failure translates an error of RoundTrip or of reading the body.
func (s *stage) failure(ctx context.Context, cause error) *Error {
	at := s.at.Load()
	e := &Error{MayHaveArrived: at >= stageSending}
	var network net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.Kind = KindCancelled
	case ctx.Err() != nil, errors.As(cause, &network) && network.Timeout():
		e.Kind = KindTimeout
	default:
		e.Kind = map[int32]Kind{
			stageNone: KindRequest, stageDNS: KindDNS, stageConnect: KindConnect,
			stageTLS: KindTLS, stageSending: KindLost,
		}[at]
	}
	if !e.MayHaveArrived {
		e.cause = cause
	}
	return e
}
