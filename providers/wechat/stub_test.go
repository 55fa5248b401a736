package wechat

import (
	"encoding/json"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

const (
	apiKey         = "192006250b4c09247ec02edce69f6a2d" // of WeChat's own documentation
	appSecret      = "app-secret-0123456789abcdef"
	callbackSecret = "callback-secret-0123456789"
	accessToken    = "ACCESS_TOKEN_0123456789abcdef"
	tokenOK        = `{"access_token":"` + accessToken + `","expires_in":7200}`
	nonce          = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
	number         = "RF-20260301-000001"
	refundID       = "50300000000000000000000000001"
)

const (
	transient     = refund.ClassTransient
	throttled     = refund.ClassThrottled
	ambiguous     = refund.ClassAmbiguous
	rejected      = refund.ClassRejected
	misconfigured = refund.ClassMisconfigured
	needsHuman    = refund.ClassNeedsHuman
	noFunds       = refund.ClassInsufficientFunds
)

var transports = []Transport{TransportV2, TransportCloudRun, TransportCloudFunction}

// moment is the tests' present.
var moment = time.Date(2026, 3, 1, 7, 30, 0, 0, time.UTC)

// request is what the stub saw.
type request struct{ method, path, query, body, contentType string }

// stub plays all of WeChat's addresses: answer is called for everything but the
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
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen = append(s.seen, request{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Get("Content-Type")})
		s.mu.Unlock()
		if r.URL.Path == "/cgi-bin/token" {
			s.token(w, r)
			return
		}
		s.answer(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *stub) requests(path string) []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.seen), func(r request) bool { return r.path != path })
}

// settings are the samples' merchant and a stub at base.
func settings(t testing.TB, transport Transport, base string) Settings {
	t.Helper()
	s := Settings{Transport: transport, URL: base, SubMchID: "1900000111", SubAppID: "wx6666666666666666", Timeout: 5 * time.Second}
	switch transport {
	case TransportV2:
		s.MchID, s.AppID, s.SignType = "1900000109", "wx8888888888888888", SignMD5
		s.APIKeyFile = write(t, apiKey+"\n")
		s.NotifyURL = "https://refund.example.com/notify/wechat/v2"
	case TransportCloudRun:
		s.EnvID, s.Service, s.Path = "prod-0000000000", "refund", "/callbacks/wechat/refund"
	case TransportCloudFunction:
		s.AppID, s.Env, s.Function, s.CallbackFunction = "wx6666666666666666", "prod-0000000000", "refundflow", "refundNotify"
		s.AppSecretFile, s.CallbackSecretFile = write(t, appSecret), write(t, callbackSecret)
	}
	return s
}

// newProvider has a lane and a clock of its own, for the real ones are shared.
func newProvider(t testing.TB, s Settings) *Provider {
	t.Helper()
	p, err := New(s)
	require.NoError(t, err)
	p.lane = &lane{requests: wire.NewLane(requestsPerSecond), invalid: wire.NewLane(invalidPerSecond)}
	p.now = func() time.Time { return moment }
	p.nonce = func() string { return nonce }
	return p
}

func write(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// partial is the samples' refund: 300 fen of an order of 888.
func partial() providers.Instruction {
	return providers.Instruction{Number: number, Request: refund.Request{
		ID: "R1", Account: "shop", Amount: 300, Reason: "商品已售完", Initiator: refund.InitiatorUser, RequestedBy: "agent-17",
		Order: refund.Order{PlatformID: "1217752501201407033233368018", MerchantID: "20260301ORDER0001", Total: 888},
	}}
}

// sample reads a file of testdata.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return raw
}

func testdata(t testing.TB, name string, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(sample(t, name), into))
}

// answer makes a signed v2 answer out of the sample, some fields changed; a
// value of "-" leaves the field out.
func answer(t testing.TB, name string, change fields) string {
	t.Helper()
	f, err := parseXML(sample(t, name), "xml")
	require.NoError(t, err)
	delete(f, "sign")
	maps.Copy(f, change)
	maps.DeleteFunc(f, func(_, v string) bool { return v == "-" })
	if _, given := change["sign"]; !given {
		f["sign"] = signer{SignMD5, apiKey}.sign(f)
	}
	return xmlOf(f)
}

func xmlOf(f fields) string {
	var ps params
	for _, name := range slices.Sorted(maps.Keys(f)) {
		ps = append(ps, param{name: name, value: f[name]})
	}
	return writeXML(ps)
}

// cloud wraps a business answer as the gateway of the transport does.
func cloud(t testing.TB, transport Transport, business string) string {
	t.Helper()
	if transport == TransportCloudRun {
		return `{"errcode":0,"errmsg":"ok","respdata":` + business + `}`
	}
	inner, err := json.Marshal(business)
	require.NoError(t, err)
	return `{"errcode":0,"errmsg":"ok","resp_data":` + string(inner) + `}`
}

// refused is an answer with a business code in the transport's own clothes.
func refused(t testing.TB, transport Transport, code, message string) string {
	t.Helper()
	switch transport {
	case TransportV2:
		return answer(t, "wechat_v2_refund_response_systemerror.xml", fields{"err_code": code, "err_code_des": message})
	case TransportCloudRun:
		return cloud(t, transport, `{"return_code":"SUCCESS","result_code":"FAIL","err_code":"`+code+`","err_code_des":"`+message+`"}`)
	case TransportCloudFunction:
	}
	return cloud(t, transport, `{"returnCode":"SUCCESS","resultCode":"FAIL","errCode":"`+code+`","errCodeDes":"`+message+`","errMsg":"cloudPay.refund:ok"}`)
}

// accepted is the sample of an acceptance.
func accepted(t testing.TB, transport Transport) string {
	t.Helper()
	switch transport {
	case TransportV2:
		return string(sample(t, "wechat_v2_refund_response_success.xml"))
	case TransportCloudRun:
		return string(sample(t, "wechat_cloudrun_refund_response.json"))
	case TransportCloudFunction:
	}
	return cloud(t, transport, string(sample(t, "wechat_cloudpay_refund_response.json")))
}

func failureOf(t testing.TB, err error) *refund.Failure {
	t.Helper()
	var f *refund.Failure
	require.ErrorAs(t, err, &f)
	for _, secret := range []string{apiKey, appSecret, callbackSecret, accessToken, nonce} {
		require.NotContains(t, f.Error(), secret)
	}
	return f
}

func answerInTurn(bodies []string, next *int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, bodies[min(*next, len(bodies)-1)])
		*next++
	}
}
