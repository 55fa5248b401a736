package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client drives one sandbox. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
}

// New makes a client for the sandbox at baseURL, for instance "http://127.0.0.1:9300".
func New(baseURL string) *Client {
	return &Client{base: strings.TrimRight(baseURL, "/") + "/sandbox/v1", http: &http.Client{Timeout: 30 * time.Second}}
}

// Error is the sandbox's refusal of a control request.
type Error struct {
	Status  int    // HTTP status: 400 wrong input, 404 unknown, 409 exists already
	Message string // names the field and the fix
}

func (e *Error) Error() string {
	return fmt.Sprintf("sandbox control: %s (HTTP %d)", e.Message, e.Status)
}

// Clock reads the sandbox clock.
func (c *Client) Clock(ctx context.Context) (Clock, error) {
	return send[Clock](ctx, c, http.MethodGet, "/clock", nil)
}

// Advance moves the sandbox clock forward; refunds due by then are settled, a new business day frees the cap.
func (c *Client) Advance(ctx context.Context, by time.Duration) (Clock, error) {
	return send[Clock](ctx, c, http.MethodPost, "/clock/advance", Advance{By: Duration(by)})
}

// NextDay moves the sandbox clock to just after the next midnight in Asia/Shanghai.
func (c *Client) NextDay(ctx context.Context) (Clock, error) {
	return send[Clock](ctx, c, http.MethodPost, "/clock/advance", Advance{NextDay: true})
}

// AddFault plans a fault and returns it with its id.
func (c *Client) AddFault(ctx context.Context, f Fault) (Fault, error) {
	return send[Fault](ctx, c, http.MethodPost, "/faults", f)
}

// Faults lists the planned faults, used ones included, with their counters.
func (c *Client) Faults(ctx context.Context) ([]Fault, error) {
	return send[[]Fault](ctx, c, http.MethodGet, "/faults", nil)
}

// ClearFaults removes all faults.
func (c *Client) ClearFaults(ctx context.Context) error {
	_, err := send[struct{}](ctx, c, http.MethodDelete, "/faults", nil)
	return err
}

// Calls reads the call log, oldest first.
func (c *Client) Calls(ctx context.Context, f CallFilter) ([]Call, error) {
	q := url.Values{}
	for name, value := range map[string]string{"op": f.Op, "order_id": f.OrderID, "refund_no": f.RefundNo} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.After > 0 {
		q.Set("after", strconv.FormatInt(f.After, 10))
	}
	return send[[]Call](ctx, c, http.MethodGet, "/calls?"+q.Encode(), nil)
}

// Reset empties the sandbox: books, merchants, faults and call log go, settings and clock return to their start.
func (c *Client) Reset(ctx context.Context) error {
	_, err := send[struct{}](ctx, c, http.MethodPost, "/reset", nil)
	return err
}

// Letters lists the messages to merchants that are under way, those that wait for their next attempt included.
func (c *Client) Letters(ctx context.Context) ([]LetterUnderWay, error) {
	return send[[]LetterUnderWay](ctx, c, http.MethodGet, "/letters", nil)
}

// DeliverAgain sends the message of one logged delivery once more, as platforms do at times, and returns that delivery.
func (c *Client) DeliverAgain(ctx context.Context, seq int64) (Delivery, error) {
	return send[Delivery](ctx, c, http.MethodPost, "/deliveries/"+strconv.FormatInt(seq, 10)+"/again", nil)
}

// TLS reads where the TLS door is and whom to trust there; 404 when the sandbox has none.
func (c *Client) TLS(ctx context.Context) (TLS, error) {
	return send[TLS](ctx, c, http.MethodGet, "/tls", nil)
}

// Baidu reaches the books of the Baidu stand-in.
func (c *Client) Baidu() *Baidu { return &Baidu{c} }

func send[T any](ctx context.Context, c *Client, method, path string, in any) (T, error) {
	var out T
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return out, fmt.Errorf("sandbox control: encode %T: %w", in, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return out, fmt.Errorf("sandbox control: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return out, fmt.Errorf("sandbox control: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		var refusal struct {
			Error string `json:"error"`
		}
		if err := json.NewDecoder(res.Body).Decode(&refusal); err != nil {
			refusal.Error = method + " " + path + " is not a sandbox control address"
		}
		return out, &Error{Status: res.StatusCode, Message: refusal.Error}
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return out, fmt.Errorf("sandbox control: decode %T: %w", out, err)
	}
	return out, nil
}
