package baidu

import (
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

const (
	clientSecret = "client-secret-0123456789abcdef"
	accessToken  = "24.0123456789abcdef.2592000.1642731700.282335-1"
	tokenOK      = `{"access_token":"` + accessToken + `","expires_in":2592000}`
	applyOK      = `{"errno":0,"msg":"success","data":{"refundBatchId":"152713835","refundPayMoney":"9800"}}`
	unverified   = `{"errno":0,"data":{"data":{"payStatus":{"statusNum":1},"refundStatus":{"statusNum":-1},"verification":{"statusNum":-1}}}}`
)

// request is what the stub saw.
type request struct{ method, path, query, body, contentType string }

// stub plays all of Baidu's addresses: answer is called for everything but the
// token, which token answers.
type stub struct {
	*httptest.Server
	answer, token http.HandlerFunc

	mu   sync.Mutex
	seen []request
}

func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func newStub(t *testing.T, answer http.HandlerFunc) *stub {
	t.Helper()
	s := &stub{answer: answer, token: text(200, tokenOK)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen = append(s.seen, request{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Get("Content-Type")})
		s.mu.Unlock()
		if r.URL.Path == "/oauth/2.0/token" {
			s.token(w, r)
			return
		}
		s.answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *stub) requests(path string) []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []request
	for _, r := range s.seen {
		if r.path == path {
			found = append(found, r)
		}
	}
	return found
}

// settings name the documentation's own key pair and a stub at base.
func settings(t *testing.T, transport Transport, base string) Settings {
	t.Helper()
	return Settings{
		Transport: transport, AppID: "10026", AppKey: "MMM4hG",
		PrivateKeyFile:        write(t, vectorKeys(t)["merchant_doc_key"].PKCS1),
		PlatformPublicKeyFile: write(t, vectorKeys(t)["platform_test_key"].Public),
		OpenAPI:               &OpenAPI{ClientID: "client-1", ClientSecretFile: write(t, clientSecret+"\n")},
		CashierURL:            base + "/cashier", LegacyURL: base + "/nop/server/rest",
		OrderURL: base + "/platform/entity/openapi/queryorderdetail", OpenAPIURL: base,
		Timeout: 5 * time.Second,
	}
}

func newProvider(t *testing.T, s Settings) *Provider {
	t.Helper()
	p, err := New(s)
	require.NoError(t, err)
	return p
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// partial is the documentation's worked example: 100 fen of an order of 9800.
func partial() providers.Instruction {
	return providers.Instruction{Number: "12132434546634535", Request: refund.Request{
		ID: "R1", Account: "shop", Amount: 100, Reason: "customer_request", Initiator: refund.InitiatorUser, RequestedBy: "agent-17",
		Order: refund.Order{PlatformID: "800200451", MerchantID: "10000234", UserID: "2250333905", Total: 9800},
	}}
}

func full() providers.Instruction {
	in := partial()
	in.Request.Amount = in.Request.Order.Total
	return in
}

func failureOf(t *testing.T, err error) *refund.Failure {
	t.Helper()
	var f *refund.Failure
	require.ErrorAs(t, err, &f)
	return f
}

func testdata(t testing.TB, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, into))
}

type keyPair struct {
	PKCS1  string `json:"private_pkcs1_pem"`
	PKCS8  string `json:"private_pkcs8_pem"`
	Public string `json:"public_pem"`
}

type vector struct {
	ID        string            `json:"id"`
	Kind      string            `json:"kind"`
	Key       string            `json:"key"`
	Params    map[string]string `json:"params"`
	Name      string            `json:"signature_param"`
	Canonical string            `json:"canonical"`
	Signature string            `json:"signature"`
	WireForm  string            `json:"wire_form"`
	MustFail  string            `json:"must_fail_canonical"`
}

func vectors(t testing.TB) ([]vector, map[string]keyPair) {
	t.Helper()
	var file struct {
		Keys    map[string]keyPair `json:"keys"`
		Vectors []vector           `json:"vectors"`
	}
	testdata(t, "baidu_signature_vectors.json", &file)
	return file.Vectors, file.Keys
}

func vectorKeys(t testing.TB) map[string]keyPair {
	_, keys := vectors(t)
	return keys
}

func private(t testing.TB, k keyPair) *rsa.PrivateKey {
	t.Helper()
	text := k.PKCS1
	if text == "" {
		text = k.PKCS8
	}
	key, err := wire.ParsePrivateKey([]byte(text))
	require.NoError(t, err)
	return key
}

func public(t testing.TB, k keyPair) *rsa.PublicKey {
	t.Helper()
	key, err := wire.ParsePublicKey([]byte(k.Public))
	require.NoError(t, err)
	return key
}
