package shengpay

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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
	number   = "huaweitest_0jhiuhi_31_re1"
	envelope = `"returnCode":"SUCCESS","returnMsg":"OK","resultCode":"SUCCESS","nonceStr":"n","signType":"RSA"`
	accepted = `{` + envelope + `,"appId":"appid_huawei","mchId":"93745648","outRefundNo":"` + number + `","outTradeNo":"huaweitest_0jhiuhi_31",` +
		`"refundId":"DF510145179916173312","refundFee":100,"settlementRefundFee":100,"totalFee":100}`
	found = `{` + envelope + `,"mchId":"93745648","outRefundNo":"` + number + `","refundId":"DF510145179916173312","refundFee":100,"refundStatus":"REFUND_SUCCESS"}`
	order = `{` + envelope + `,"mchId":"93745648","outTradeNo":"huaweitest_0jhiuhi_31","totalFee":100,"status":"PAY_SUCCESS"}`
)

// request is what the stub saw.
type request struct{ method, path, query, body, contentType string }

// stub plays all of Shengpay's addresses.
type stub struct {
	*httptest.Server
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
	s := &stub{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen = append(s.seen, request{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Get("Content-Type")})
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func settings(t testing.TB, base string) Settings {
	t.Helper()
	_, keys := vectors(t)
	return Settings{
		AppID: "appid_huawei", MchID: "93745648", NotifyURL: "http://wifi.notify.com", URL: base,
		PrivateKeyFile:        write(t, keys["merchant_test_key"].Private),
		PlatformPublicKeyFile: write(t, keys["platform_test_key"].Public),
		Timeout:               5 * time.Second,
	}
}

func newProvider(t testing.TB, s Settings) *Provider {
	t.Helper()
	p, err := New(s)
	require.NoError(t, err)
	return p
}

// answering is a provider whose platform gives one answer to everything.
func answering(t *testing.T, body string, change ...func(*Settings)) *Provider {
	t.Helper()
	s := settings(t, newStub(t, text(200, body)).URL)
	for _, f := range change {
		f(&s)
	}
	return newProvider(t, s)
}

func write(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// instruction is the page's sample.
func instruction() providers.Instruction {
	return providers.Instruction{Number: number, Request: refund.Request{
		ID: "R1", Account: "shop", Amount: 100, Reason: "测试退款", Initiator: refund.InitiatorUser, RequestedBy: "agent-17",
		Order: refund.Order{MerchantID: "huaweitest_0jhiuhi_31", Total: 100},
	}}
}

func failureOf(t testing.TB, err error) *refund.Failure {
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
	Private string `json:"private_pkcs8_pem"`
	Public  string `json:"public_pem"`
}

func (k keyPair) private(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := wire.ParsePrivateKey([]byte(k.Private))
	require.NoError(t, err)
	return key
}

func (k keyPair) public(t testing.TB) *rsa.PublicKey {
	t.Helper()
	return &k.private(t).PublicKey
}

type vector struct {
	ID        string            `json:"id"`
	Key       string            `json:"key"`
	Params    map[string]string `json:"params"`
	Canonical string            `json:"canonical"`
	Signature string            `json:"signature"`
}

func vectors(t testing.TB) ([]vector, map[string]keyPair) {
	t.Helper()
	var file struct {
		Keys    map[string]keyPair `json:"keys"`
		Vectors []vector           `json:"vectors"`
	}
	testdata(t, "shengpay_signature_vectors.json", &file)
	return file.Vectors, file.Keys
}

// signed adds the platform's signature to a message, made from its scalar members.
func signed(t testing.TB, message string) string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(message))
	decoder.UseNumber()
	var members map[string]any
	require.NoError(t, decoder.Decode(&members), message)
	params := map[string]string{}
	for name, value := range members {
		switch v := value.(type) {
		case string:
			params[name] = v
		case json.Number:
			params[name] = v.String()
		}
	}
	delete(params, "sign")
	return withSign(message, signatureOf(t, canonical.Text(params)))
}

// signatureOf is the platform's signature over a canonical text.
func signatureOf(t testing.TB, text string) string {
	t.Helper()
	_, keys := vectors(t)
	signature, err := wire.SignRSA(keys["platform_test_key"].private(t), crypto.SHA1, text)
	require.NoError(t, err)
	return signature
}

// withSign puts a signature into a message, in place of one that is there.
func withSign(message, signature string) string {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(message), &members) == nil && members["sign"] != nil {
		delete(members, "sign")
		stripped, _ := json.Marshal(members)
		message = string(stripped)
	}
	message = strings.TrimSuffix(strings.TrimSpace(message), "}")
	return message + fmt.Sprintf(`,"sign":%q}`, signature)
}

// with replaces members of a message; nil removes one.
func with(t testing.TB, message string, changes map[string]any) string {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(message), &members))
	for name, value := range changes {
		if value == nil {
			delete(members, name)
			continue
		}
		if raw, ok := value.(json.RawMessage); ok {
			members[name] = raw
			continue
		}
		raw, err := json.Marshal(value)
		require.NoError(t, err)
		members[name] = raw
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(members))
	return strings.TrimSpace(out.String())
}
