package shengpay_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/shengpay"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// noon is when every test begins; the sandbox clock moves only when a test moves it.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.FixedZone("Asia/Shanghai", 8*60*60))

const (
	refundPath      = "/pay/refund"
	orderRefundPath = "/refund/orderRefund"
	walletPath      = "/api/v1/payment/refund"
	queryPath       = "/refund/queryRefundOrder"
	orderPath       = "/pay/queryOrder"
	transaction     = "DO497469603661217792"
	number          = "huaweitest_0jhiuhi_31_re1"
)

type fields = map[string]any

// world is a stand-in with the merchant and order of the samples, and a client that was written without looking at the
// stand-in's signing.
type world struct {
	*testing.T
	stage    *stage.Stage
	platform *shengpay.Platform
	url      string
	ctl      *control.Shengpay
	key      *rsa.PrivateKey
	platKey  *rsa.PublicKey
	file     string
	close    func()
}

type keyPair struct {
	Private string `json:"private_pkcs8_pem"`
	Public  string `json:"public_pem"`
}

func newWorld(t *testing.T, s control.ShengpaySettings) *world {
	t.Helper()
	return newWorldIn(t, s, "")
}

func newWorldIn(t *testing.T, s control.ShengpaySettings, file string) *world {
	t.Helper()
	var keys struct{ Keys map[string]keyPair }
	readJSON(t, "shengpay_signature_vectors.json", &keys)
	pair := keys.Keys["merchant_test_key"]
	block, _ := pem.Decode([]byte(pair.Private))
	require.NotNil(t, block)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	w := &world{T: t, key: key.(*rsa.PrivateKey), file: file}
	w.start(s)
	m, err := w.ctl.CreateMerchant(t.Context(), control.NewShengpayMerchant{AppID: "appid_huawei", MchID: "93745648",
		PublicKeyPEM: pair.Public, Recharge: 500, Unsettled: 1000})
	require.NoError(t, err)
	block, _ = pem.Decode([]byte(m.PlatformPublicKeyPEM))
	require.NotNil(t, block)
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	require.NoError(t, err)
	w.platKey = public.(*rsa.PublicKey)
	return w
}

// start runs a stand-in; a books file goes on where it was left.
func (w *world) start(s control.ShengpaySettings) {
	w.Helper()
	if w.close != nil {
		w.close()
	}
	done, stopped := make(chan struct{}), make(chan struct{})
	w.stage = stage.New(func() time.Time { return noon }, done)
	var err error
	w.platform, err = shengpay.New(w.stage, s)
	require.NoError(w, err)
	w.stage.Cast([]stage.Platform{w.platform})
	if w.file != "" {
		require.NoError(w, w.stage.Keep(w.file, []stage.Platform{w.platform}))
	}
	mux := http.NewServeMux()
	w.platform.Routes(mux)
	w.platform.Control(mux, "/sandbox/v1/shengpay")
	srv := httptest.NewServer(mux)
	go func() {
		defer close(stopped)
		w.stage.Run(stage.RunOptions{VirtualTime: true})
	}()
	closed := false
	w.close = func() {
		if !closed {
			closed = true
			srv.Close()
			w.stage.Seal()
			close(done)
			<-stopped
		}
	}
	w.Cleanup(w.close)
	w.url, w.ctl = srv.URL, control.New(srv.URL).Shengpay()
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, into))
}

// sample is a body of the notes.
func sample(t *testing.T, id, part string) fields {
	t.Helper()
	var file struct{ Samples []map[string]any }
	readJSON(t, "shengpay_samples.json", &file)
	i := slices.IndexFunc(file.Samples, func(s map[string]any) bool { return s["id"] == id })
	require.GreaterOrEqual(t, i, 0, id)
	return file.Samples[i][part].(fields)
}

// order registers the order of the samples; the change, if any, edits it first.
func (w *world) order(change func(*control.NewShengpayOrder)) control.Order {
	w.Helper()
	in := control.NewShengpayOrder{NewOrder: control.NewOrder{Merchant: "93745648", PlatformID: transaction,
		MerchantID: "huaweitest_0jhiuhi_31", Total: 100}}
	if change != nil {
		change(&in)
	}
	o, err := w.ctl.CreateShengpayOrder(w.Context(), in)
	require.NoError(w, err)
	return o
}

func coupons(o *control.NewShengpayOrder) {
	o.Coupons = []control.ShengpayCoupon{{ID: "C1", Type: "CASH", Fee: 15}, {ID: "C2", Type: "CASH", Fee: 5}}
}

// wanted is the refund of the samples.
func wanted() fields {
	return fields{"appId": "appid_huawei", "mchId": "93745648", "outTradeNo": "huaweitest_0jhiuhi_31", "outRefundNo": number,
		"totalFee": "100", "refundFee": "100", "refundDesc": "测试退款", "notifyUrl": "http://127.0.0.1:9/none",
		"nonceStr": "adwafwaf3432523523523", "signType": "RSA"}
}

func query() fields {
	return fields{"mchId": "93745648", "outRefundNo": number, "nonceStr": "n1", "signType": "RSA"}
}

func orderQuery() fields {
	return fields{"mchId": "93745648", "outTradeNo": "huaweitest_0jhiuhi_31", "nonceStr": "n1", "signType": "RSA"}
}

// with changes one field; nil drops it.
func with(in fields, name string, value any) fields {
	in = maps.Clone(in)
	if in[name] = value; value == nil {
		delete(in, name)
	}
	return in
}

func signedText(in fields) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if text := fmt.Sprint(in[name]); name != "sign" && text != "" {
			pairs = append(pairs, name+"="+text)
		}
	}
	return strings.Join(pairs, "&")
}

func (w *world) sign(in fields) fields {
	w.Helper()
	return with(in, "sign", w.signText(signedText(in)))
}

func (w *world) signText(text string) string {
	w.Helper()
	sum := sha1.Sum([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, w.key, crypto.SHA1, sum[:])
	require.NoError(w, err)
	return base64.StdEncoding.EncodeToString(signature)
}

// genuine tells whether a message carries the platform's signature.
func (w *world) genuine(in fields) bool {
	text, _ := in["sign"].(string)
	signature, err := base64.StdEncoding.DecodeString(text)
	sum := sha1.Sum([]byte(signedText(in)))
	return err == nil && rsa.VerifyPKCS1v15(w.platKey, crypto.SHA1, sum[:], signature) == nil
}

func text(in any) string {
	b, err := json.Marshal(in)
	if err != nil {
		panic(err) // a test's own literal
	}
	return string(b)
}

func decode(t testing.TB, body string) fields {
	t.Helper()
	var out fields
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&out), "%s", body)
	return out
}

// send posts a body as it is and gives the JSON of a 200.
func (w *world) send(path, body string) fields {
	w.Helper()
	return decode(w.T, w.raw(path, body))
}

func (w *world) raw(path, body string) string {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url+path, strings.NewReader(body))
	require.NoError(w, err)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	res, err := http.DefaultClient.Do(req)
	require.NoError(w, err)
	defer res.Body.Close()
	require.Equal(w, http.StatusOK, res.StatusCode)
	b, err := io.ReadAll(res.Body)
	require.NoError(w, err)
	return string(b)
}

func (w *world) post(path string, in fields) fields {
	w.Helper()
	return w.send(path, text(w.sign(in)))
}

// accepted posts what must be accepted.
func (w *world) accepted(path string, in fields) fields {
	w.Helper()
	got := w.post(path, in)
	require.Equal(w, "SUCCESS", got["resultCode"], "%v", got)
	require.True(w, w.genuine(got), "%v", got)
	return got
}

func (w *world) book() control.OrderBook {
	w.Helper()
	o, err := w.ctl.OrderBook(w.Context(), transaction)
	require.NoError(w, err)
	return o
}

func (w *world) merchant() control.ShengpayMerchant {
	w.Helper()
	m, err := w.ctl.Merchant(w.Context(), "93745648")
	require.NoError(w, err)
	return m
}

// advance moves the clock and has the loop look, as the control API of the whole sandbox does.
func (w *world) advance(d time.Duration) {
	w.stage.Clock.Advance(d)
	w.stage.Wake()
}
