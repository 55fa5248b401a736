package xlife_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
	"github.com/refundflow/refundflow/sandbox/xlife"
)

// afternoon is when every test begins, the moment of the request samples; the clock moves only when a test moves it.
var afternoon = time.Date(2026, 3, 1, 15, 20, 0, 0, time.FixedZone("Asia/Shanghai", 8*60*60))

const (
	refundMethod = "alibaba.xlife.onsite.trade.refund"
	mosQuery     = "alibaba.mos.onsite.trade.query"
	mosFind      = "alibaba.mos.onsite.trade.queryrefund"
	mosRefund    = "alibaba.mos.onsite.trade.refund"
	mosNewOrder  = "alibaba.mos.onsite.trade.isnewpayorder"
	tradeNo      = "2013112011001004330000121536"
)

type form = map[string]string

// world is a stand-in with the merchant and order of the samples, and a client that was written without looking at the
// stand-in's signing.
type world struct {
	*testing.T
	stage    *stage.Stage
	platform *xlife.Platform
	url      string
	ctl      *control.XLife
	file     string
}

func newWorld(t *testing.T, s control.XLifeSettings) *world {
	t.Helper()
	w := &world{T: t}
	w.start(s)
	_, err := w.ctl.CreateMerchant(t.Context(), control.NewXLifeMerchant{AppKey: "12345678", AppSecret: "helloworld", Session: "test",
		Stores: []control.XLifeStore{{ID: "12345678", OutID: "S1", Name: "银泰城西店"}, {ID: "87654321", OutID: "S2", Name: "银泰武林店"}}})
	require.NoError(t, err)
	return w
}

func (w *world) start(s control.XLifeSettings) {
	w.Helper()
	var err error
	w.stage = stage.New(func() time.Time { return afternoon }, nil)
	w.platform, err = xlife.New(w.stage, s)
	require.NoError(w, err)
	if w.file != "" {
		require.NoError(w, w.stage.Keep(w.file, []stage.Platform{w.platform}))
	}
	mux := http.NewServeMux()
	w.platform.Routes(mux)
	w.platform.Control(mux, "/sandbox/v1/xlife")
	srv := httptest.NewServer(mux)
	w.Cleanup(srv.Close)
	w.url, w.ctl = srv.URL, control.New(srv.URL).XLife()
}

// order registers the order of the samples; the change, if any, edits it first.
func (w *world) order(change func(*control.NewXLifeOrder)) control.Order {
	w.Helper()
	in := control.NewXLifeOrder{NewOrder: control.NewOrder{Merchant: "12345678", PlatformID: tradeNo, MerchantID: "20260301ORDER0001",
		Total: 88888, Coupon: 5000}, Subsidy: 3000, Marketing: 888}
	if change != nil {
		change(&in)
	}
	o, err := w.ctl.CreateXLifeOrder(w.Context(), in)
	require.NoError(w, err)
	return o
}

func newCore(o *control.NewXLifeOrder) { o.NewCore = true }

// wanted is the refund of the samples.
func wanted() map[string]any {
	return map[string]any{"trade_no": tradeNo, "out_trade_no": "20260301ORDER0001", "refund_amount": 88888, "out_request_no": "HZ01RF001",
		"refund_reason": "正常退款", "store_id_type": "miaojie", "store_id": "12345678"}
}

func mosWanted() map[string]any {
	in := wanted()
	delete(in, "trade_no")
	delete(in, "out_trade_no")
	maps.Copy(in, map[string]any{"order_no": "20260301ORDER0001", "refund_source": 1, "mj_shop_id": "900001", "terminal_id": "NJ_T_001",
		"operator_id": "12345678"})
	return in
}

// with changes one field; nil drops it.
func with(in map[string]any, name string, value any) map[string]any {
	in = maps.Clone(in)
	if in[name] = value; value == nil {
		delete(in, name)
	}
	return in
}

func text(in any) string {
	b, err := json.Marshal(in)
	if err != nil {
		panic(err) // a test's own literal
	}
	return string(b)
}

// system is a call's frame, not signed yet.
func (w *world) system(method string, business form) form {
	f := form{"method": method, "app_key": "12345678", "session": "test", "format": "json", "v": "2.0", "sign_method": "hmac-sha256",
		"timestamp": w.stage.Clock.Now().Format("2006-01-02 15:04:05")}
	maps.Copy(f, business)
	return f
}

func signed(f form) form {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f)) {
		b.WriteString(name + f[name])
	}
	mac := hmac.New(sha256.New, []byte("helloworld"))
	mac.Write([]byte(b.String()))
	f = maps.Clone(f)
	f["sign"] = strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
	return f
}

func encode(f form) string {
	values := url.Values{}
	for name, value := range f {
		values.Set(name, value)
	}
	return values.Encode()
}

// post sends an encoded form and gives the body of a 200.
func (w *world) post(encoded string) string {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url+"/router/rest", strings.NewReader(encoded))
	require.NoError(w, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	return w.do(req)
}

func (w *world) do(req *http.Request) string {
	w.Helper()
	res, err := http.DefaultClient.Do(req)
	require.NoError(w, err)
	defer res.Body.Close()
	require.Equal(w, http.StatusOK, res.StatusCode)
	b, err := io.ReadAll(res.Body)
	require.NoError(w, err)
	return string(b)
}

func (w *world) call(method string, business form) reply {
	w.Helper()
	return w.read(w.post(encode(signed(w.system(method, business)))))
}

func (w *world) refund(in map[string]any) reply {
	w.Helper()
	return w.call(refundMethod, form{"onsite_trade_refund_request": text(in)})
}

func (w *world) mosRefund(in map[string]any) reply {
	w.Helper()
	return w.call(mosRefund, form{"onsite_refund_request": text(in)})
}

// reply is an answer in normal JSON.
type reply struct {
	raw     string
	code    int64
	subCode string
	subMsg  string
	fields  map[string]any // the refund or order structure, or the mos result
}

func (r reply) data() map[string]any {
	data, _ := r.fields["data"].(map[string]any)
	return data
}

func (w *world) read(raw string) reply {
	w.Helper()
	var roots map[string]map[string]any
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.UseNumber()
	require.NoError(w, dec.Decode(&roots), "%s", raw)
	require.Len(w, roots, 1, raw)
	r := reply{raw: raw}
	for name, root := range roots {
		require.NotEmpty(w, root["request_id"], raw)
		if name == "error_response" {
			r.code, _ = root["code"].(json.Number).Int64()
			r.subCode, _ = root["sub_code"].(string)
			r.subMsg, _ = root["sub_msg"].(string)
			return r
		}
		for _, content := range root {
			if fields, ok := content.(map[string]any); ok {
				r.fields = fields
			}
		}
	}
	return r
}

func (w *world) book() control.OrderBook {
	w.Helper()
	o, err := w.ctl.OrderBook(w.Context(), tradeNo)
	require.NoError(w, err)
	return o
}

func (w *world) settings(s control.XLifeSettings) {
	w.Helper()
	_, err := w.ctl.SetSettings(w.Context(), s)
	require.NoError(w, err)
}

func (w *world) patch(p control.XLifeMerchantPatch) {
	w.Helper()
	_, err := w.ctl.PatchMerchant(w.Context(), "12345678", p)
	require.NoError(w, err)
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, into))
}
