package xlife

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

const (
	appSecret = "helloworld" // of the published vectors
	session   = "test"
)

// moment is the one of the vectors, on a machine in another zone.
var moment = time.Date(2026, 3, 1, 7, 20, 0, 0, time.UTC)

// request is what the stub saw.
type request struct {
	method, path, query, contentType, body string
	form                                   url.Values
}

// stub plays the gateway.
type stub struct {
	*httptest.Server
	mu   sync.Mutex
	seen []request
}

func text200(body string) http.HandlerFunc { return textOf(200, body) }

func textOf(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func newStub(t *testing.T, answer http.HandlerFunc) *stub {
	t.Helper()
	s := &stub{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		s.mu.Lock()
		s.seen = append(s.seen, request{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Content-Type"), string(body), form})
		s.mu.Unlock()
		r.Form = form
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *stub) methods() []op {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []op
	for _, r := range s.seen {
		all = append(all, op(r.form.Get("method")))
	}
	return all
}

// settings are those of the vectors' merchant, entitled to mos.
func settings(t testing.TB, base string, mos ...Entitlement) Settings {
	t.Helper()
	return Settings{
		AppKey: "12345678", AppSecretFile: write(t, appSecret+"\n"), SessionFile: write(t, session+"\n"),
		URL: base + "/router/rest", StoreID: "12345678", StoreIDType: StoreMiaojie,
		TerminalID: "NJ_T_001", OperatorID: "12345678",
		Mos: mos, Timeout: 5 * time.Second,
	}
}

// newProvider has a lane of its own, since tests call faster than the platform
// permits, and the clock of the vectors.
func newProvider(t testing.TB, s Settings) *Provider {
	t.Helper()
	p, err := New(s)
	require.NoError(t, err)
	p.lane, p.now = wire.NewLane(1000), func() time.Time { return moment }
	return p
}

func write(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// instruction is the refund of the samples.
func instruction() providers.Instruction {
	return providers.Instruction{Number: "HZ01RF001", Request: refund.Request{
		ID: "R1", Account: "shop", Amount: 88888, Reason: "正常退款", Initiator: refund.InitiatorSupport, RequestedBy: "agent-17",
		Order: refund.Order{PlatformID: "2013112011001004330000121536", MerchantID: "20260301ORDER0001", Total: 88888},
	}}
}

func failureOf(t testing.TB, err error) *refund.Failure {
	t.Helper()
	var f *refund.Failure
	require.ErrorAs(t, err, &f)
	return f
}

func sample(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return string(raw)
}

func testdata(t testing.TB, name string, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(sample(t, name)), into))
}

// refused is an error answer of the gateway.
func refused(code int, sub, message string) string {
	raw, _ := json.Marshal(map[string]any{"error_response": map[string]any{
		"code": code, "msg": "Remote service error", "sub_code": sub, "sub_msg": message, "request_id": "z1",
	}})
	return string(raw)
}

// changed is a sample with pieces replaced; each must be there once.
func changed(t testing.TB, body string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		require.Equal(t, 1, strings.Count(body, pairs[i]), "%q", pairs[i])
		body = strings.Replace(body, pairs[i], pairs[i+1], 1)
	}
	return body
}
