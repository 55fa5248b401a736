package baidu_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox"
	"github.com/refundflow/refundflow/sandbox/control"
)

// noon is when every test begins; the sandbox clock moves only when a test moves it.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.FixedZone("Asia/Shanghai", 8*60*60))

const (
	cashierApply  = "/cashier/applyOrderRefund"
	cashierCancel = "/cashier/syncOrderStatus"
	orderQuery    = "/platform/entity/openapi/queryorderdetail"
	legacyRest    = "/nop/server/rest"
	payService    = "/rest/2.0/smartapp/pay/paymentservice/"
)

// world is a sandbox with one merchant, and a client for it that was written without looking at the sandbox's signing.
type world struct {
	*testing.T
	options sandbox.Options
	srv     *sandbox.Server
	url     string
	ctl     *control.Client
	baidu   *control.Baidu
	key     *rsa.PrivateKey
	http    *http.Client
}

type form = map[string]string

func newWorld(t *testing.T, settings control.BaiduSettings) *world {
	t.Helper()
	return newWorldWith(t, sandbox.Options{Baidu: settings})
}

func newWorldWith(t *testing.T, o sandbox.Options) *world {
	t.Helper()
	private, public := docKey(t)
	w := &world{T: t, options: o, key: private, http: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}}
	t.Cleanup(w.http.CloseIdleConnections)
	w.start()
	_, err := w.baidu.CreateMerchant(t.Context(), control.NewBaiduMerchant{AppKey: "MMM4hG", AppID: 10026, PublicKeyPEM: public,
		ClientID: "client-1", ClientSecret: "secret-1", Balance: 1_000_000})
	require.NoError(t, err)
	return w
}

// start runs a sandbox with the world's options and turns the clients to it.
func (w *world) start() {
	w.Helper()
	w.options.Now = func() time.Time { return noon }
	srv, err := sandbox.Start(w.Context(), w.options)
	require.NoError(w, err)
	w.Cleanup(func() { _ = srv.Close() })
	w.srv, w.url, w.ctl = srv, srv.URL(), control.New(srv.URL())
	w.baidu = w.ctl.Baidu()
}

// docKey is the example pair printed in Baidu's documentation.
func docKey(t *testing.T) (*rsa.PrivateKey, string) {
	t.Helper()
	var file struct {
		Keys map[string]struct {
			Private string `json:"private_pkcs8_pem"`
			Public  string `json:"public_pem"`
		}
	}
	readJSON(t, "testdata/baidu_signature_vectors.json", &file)
	pair := file.Keys["merchant_doc_key"]
	block, _ := pem.Decode([]byte(pair.Private))
	require.NotNil(t, block)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	return key.(*rsa.PrivateKey), pair.Public
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, into))
}

// order registers an order; the change, if any, edits it first.
func (w *world) order(change func(*control.NewBaiduOrder)) control.BaiduOrder {
	w.Helper()
	in := control.NewBaiduOrder{AppKey: "MMM4hG", OrderID: "800200451", UserID: "2250333905", TpOrderID: "10000234", Total: 9800}
	if change != nil {
		change(&in)
	}
	o, err := w.baidu.CreateOrder(w.Context(), in)
	require.NoError(w, err)
	return o
}

func unverified(o *control.NewBaiduOrder) { o.Verified = new(false) }

// partial and full are applications for the standard order.
func partial(money, biz string) form {
	return form{"orderId": "800200451", "userId": "2250333905", "refundType": "1", "refundReason": "customer_request",
		"tpOrderId": "10000234", "appKey": "MMM4hG", "applyRefundMoney": money, "bizRefundBatchId": biz}
}

func full(biz string) form { return partial("9800", biz) }

func cancel() form {
	return form{"orderId": "800200451", "userId": "2250333905", "type": "3", "appKey": "MMM4hG"}
}

func detail() form {
	return form{"orderId": "800200451", "siteId": "2250333905", "appId": "10026", "appKey": "MMM4hG"}
}

// with copies a form with one field changed; without drops one.
func with(f form, name, value string) form {
	f = maps.Clone(f)
	f[name] = value
	return f
}

func without(f form, name string) form {
	f = maps.Clone(f)
	delete(f, name)
	return f
}

func (w *world) sign(f form, name string) form {
	w.Helper()
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(f)) {
		pairs = append(pairs, key+"="+f[key])
	}
	sum := sha1.Sum([]byte(strings.Join(pairs, "&")))
	signature, err := rsa.SignPKCS1v15(nil, w.key, crypto.SHA1, sum[:])
	require.NoError(w, err)
	return with(f, name, base64.StdEncoding.EncodeToString(signature))
}

// post signs a form and posts it; the answer must be JSON over 200.
func (w *world) post(path string, f form) reply {
	w.Helper()
	return w.must(w.send(http.MethodPost, path, encode(w.sign(f, "rsaSign"))))
}

func (w *world) query() reply {
	w.Helper()
	return w.must(w.send(http.MethodGet, orderQuery, encode(w.sign(detail(), "sign"))))
}

func encode(f form) string {
	values := url.Values{}
	for name, value := range f {
		values.Set(name, value)
	}
	return values.Encode()
}

// send makes one HTTP request, the encoded form as body of a POST or query of a GET, and reads all of the answer.
func (w *world) send(method, path, encoded string) (*http.Response, []byte, error) {
	var body io.Reader
	target := w.url + path
	if method == http.MethodGet {
		target += "?" + encoded
	} else {
		body = strings.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(w.Context(), method, target, body)
	if err != nil {
		return nil, nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	res, err := w.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, b, err
}

// reply is a platform answer with its wire types untouched.
type reply struct {
	Errno *int64          `json:"errno"`
	Msg   string          `json:"msg"`
	Data  json.RawMessage `json:"data"`
	Raw   string          `json:"-"`
}

func (r reply) code() int64 {
	if r.Errno == nil {
		return -999999 // no documented code; an answer without errno never equals one
	}
	return *r.Errno
}

func (w *world) must(res *http.Response, body []byte, err error) reply {
	w.Helper()
	require.NoError(w, err)
	require.Equal(w, http.StatusOK, res.StatusCode)
	r := reply{Raw: string(body)}
	require.NoError(w, json.Unmarshal(body, &r), "%s", body)
	return r
}

func (w *world) book() control.BaiduOrderBook {
	w.Helper()
	o, err := w.baidu.OrderBook(w.Context(), "800200451")
	require.NoError(w, err)
	return o
}

func (w *world) merchant() control.BaiduMerchant {
	w.Helper()
	m, err := w.baidu.Merchant(w.Context(), "MMM4hG")
	require.NoError(w, err)
	return m
}

func (w *world) patch(p control.BaiduMerchantPatch) {
	w.Helper()
	_, err := w.baidu.PatchMerchant(w.Context(), "MMM4hG", p)
	require.NoError(w, err)
}

func (w *world) advance(d time.Duration) {
	w.Helper()
	_, err := w.ctl.Advance(w.Context(), d)
	require.NoError(w, err)
}

func (w *world) fault(f control.Fault) {
	w.Helper()
	_, err := w.ctl.AddFault(w.Context(), f)
	require.NoError(w, err)
}
