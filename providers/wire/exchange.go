package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"
)

// DefaultTimeout bounds a whole exchange, from the name lookup to the last byte
// of the answer. Platforms' own clients give up after 3 s; a timeout costs an
// ambiguity that takes a minute to clear up, so patience is cheaper.
const DefaultTimeout = 8 * time.Second

// MaxAnswer is the greatest body, in bytes, that is read of an answer.
const MaxAnswer = 1 << 20

// Options shape a [Client].
type Options struct {
	// Timeout of one exchange; 0 means [DefaultTimeout].
	Timeout time.Duration
	// TLS carries client certificates or private roots; nil for neither. TLS 1.2
	// is the least version whatever it says.
	TLS *tls.Config
}

// Client makes HTTP/1.1 exchanges. It keeps connections alive, follows no
// redirect, keeps no cookie and ignores the proxy variables of the environment:
// a refund goes to the configured address or nowhere. Safe for concurrent use.
type Client struct {
	transport *http.Transport
	timeout   time.Duration
}

// NewClient makes a client; its connections are its own.
func NewClient(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	config := &tls.Config{}
	if o.TLS != nil {
		config = o.TLS.Clone()
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	// HTTP/2 stays off: its client re-sends requests by itself after GOAWAY.
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &Client{
		timeout: o.Timeout,
		transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            (&net.Dialer{Timeout: o.Timeout, KeepAlive: 15 * time.Second}).DialContext,
			TLSClientConfig:        config,
			Protocols:              protocols,
			DisableCompression:     true,
			MaxIdleConnsPerHost:    32,
			MaxResponseHeaderBytes: 64 << 10,
			// Shorter than what servers usually keep, so that a request seldom
			// meets a connection the other side is just closing.
			IdleConnTimeout: 15 * time.Second,
		},
	}
}

// Call is one request.
type Call struct {
	Method      string
	URL         string
	ContentType string
	Body        string
	Header      http.Header
}

// Get makes a call that reads; query is appended to the address.
func Get(address string, query url.Values) Call {
	return Call{Method: http.MethodGet, URL: address + "?" + query.Encode()}
}

// PostForm makes a call that sends form fields in its body; query, which may be
// nil, is appended to the address.
func PostForm(address string, query, form url.Values) Call {
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return Call{
		Method: http.MethodPost, URL: address,
		ContentType: "application/x-www-form-urlencoded; charset=utf-8", Body: form.Encode(),
	}
}

// Answer is what came back, whatever its status.
type Answer struct {
	Status int
	Header http.Header
	// Body is complete and at most [MaxAnswer] bytes.
	Body []byte
}

// Do makes one exchange. Every error is an [*Error] that says whether the
// request may have arrived.
//
// A request other than GET is written at most once. By itself net/http repeats
// a request that met a dying connection when it believes it idempotent (GET, or
// an Idempotency-Key header) or knows that nothing was written; both need
// GetBody to rewind the body, so that is withheld. Do calls RoundTrip rather than
// http.Client, whose errors quote the address with every token in it.
func (c *Client) Do(ctx context.Context, call Call) (Answer, error) {
	return watched(ctx, call, c.exchange)
}

func (c *Client) exchange(ctx context.Context, call Call) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var reached stage
	request, err := newRequest(httptrace.WithClientTrace(ctx, reached.trace()), call)
	if err != nil {
		return Answer{}, err
	}
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return Answer{}, reached.failure(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	switch {
	case ctx.Err() != nil && err != nil:
		return Answer{}, reached.failure(ctx, err)
	case err != nil:
		return Answer{}, &Error{Kind: KindTruncated, MayHaveArrived: true}
	case len(body) > MaxAnswer:
		return Answer{}, &Error{Kind: KindTooLarge, MayHaveArrived: true}
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

func newRequest(ctx context.Context, call Call) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, call.Method, call.URL, strings.NewReader(call.Body))
	if err != nil { // its text quotes the address, which may hold a token
		return nil, &Error{Kind: KindRequest, cause: errors.New("the method or the address cannot be used")}
	}
	for name, values := range call.Header {
		request.Header[name] = values
	}
	if call.ContentType != "" {
		request.Header.Set("Content-Type", call.ContentType)
	}
	request.Header.Set("User-Agent", "refundflow")
	if call.Method != http.MethodGet {
		request.GetBody = nil
	}
	return request, nil
}
