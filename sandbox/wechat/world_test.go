package wechat_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
	"github.com/refundflow/refundflow/sandbox/wechat"
)

// noon is when every test begins; the sandbox clock moves only when a test moves it.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("Asia/Shanghai", 8*60*60))

const (
	docKey      = "192006250b4c09247ec02edce69f6a2d" // published in the signature page
	directKey   = "399c7d7c71fabdd77fa9b6cb97fd81b2" // its MD5 begins with zeros
	transaction = "1217752501201407033233368018"
	outTrade    = "20260301ORDER0001"
)

// world is a sandbox with a service provider's sub-merchant (whose numbers the samples use), a direct merchant and a cloud
// merchant, and clients that were written without looking at the sandbox's own signing and XML.
type world struct {
	*testing.T
	stage  *stage.Stage
	p      *wechat.Platform
	srv    *httptest.Server
	ctl    *control.Client
	wechat *control.WeChat
	file   string
	stop   func()
	cert   control.WeChatMerchant
}

type form = map[string]string

func newWorld(t *testing.T, settings control.WeChatSettings) *world {
	t.Helper()
	w := &world{T: t, file: t.TempDir() + "/books.json"}
	w.start(settings)
	w.cert = w.merchant(control.NewWeChatMerchant{MchID: "1900000109", AppID: "wx8888888888888888", APIKey: docKey, SubMchID: "1900000111",
		SubAppID: "wx6666666666666666", Balance: 1_000_000})
	w.merchant(control.NewWeChatMerchant{MchID: "1900000200", AppID: "wx2000000000000000", APIKey: directKey, Balance: 1_000_000})
	w.merchant(control.NewWeChatMerchant{Mode: control.WeChatCloud, SubMchID: "1900000333", SubAppID: "wx3333333333333333", Balance: 1_000_000,
		AppSecret: "app-secret-of-32-characters-long", EnvID: "prod-1", Function: "refund"})
	return w
}

// start runs a sandbox on the world's books file.
func (w *world) start(settings control.WeChatSettings) {
	w.Helper()
	done := make(chan struct{})
	w.stage = stage.New(func() time.Time { return noon }, done)
	p, err := wechat.New(w.stage, settings)
	require.NoError(w, err)
	w.p = p
	platforms := []stage.Platform{p}
	w.stage.Cast(platforms)
	require.NoError(w, w.stage.Keep(w.file, platforms))
	mux := http.NewServeMux()
	p.Routes(mux)
	p.Control(mux, "/sandbox/v1/wechat")
	w.srv = httptest.NewServer(mux)
	w.ctl = control.New(w.srv.URL)
	w.wechat = w.ctl.WeChat()
	var loop sync.WaitGroup
	loop.Go(func() { w.stage.Run(stage.RunOptions{VirtualTime: true}) })
	w.stop = sync.OnceFunc(func() {
		w.stage.Seal()
		w.srv.Close()
		close(done)
		loop.Wait()
	})
	w.Cleanup(w.stop)
}

func (w *world) merchant(m control.NewWeChatMerchant) control.WeChatMerchant {
	w.Helper()
	made, err := w.wechat.CreateMerchant(w.Context(), m)
	require.NoError(w, err)
	return made
}

// order registers an order; the change, if any, edits it first.
func (w *world) order(change func(*control.NewOrder)) control.Order {
	w.Helper()
	in := control.NewOrder{Merchant: "1900000111", PlatformID: transaction, MerchantID: outTrade, Total: 888}
	if change != nil {
		change(&in)
	}
	o, err := w.ctl.Platform("wechat").CreateOrder(w.Context(), in)
	require.NoError(w, err)
	return o
}

func ofCloud(o *control.NewOrder) { o.Merchant = "1900000333" }

func (w *world) book() control.OrderBook {
	w.Helper()
	o, err := w.ctl.Platform("wechat").OrderBook(w.Context(), transaction)
	require.NoError(w, err)
	return o
}

func (w *world) balance(number string) int64 {
	w.Helper()
	m, err := w.wechat.Merchant(w.Context(), number)
	require.NoError(w, err)
	return m.Balance
}

func (w *world) advance(d time.Duration) {
	w.stage.Clock.Advance(d)
	w.stage.Wake()
}

func (w *world) fault(f control.Fault) {
	w.Helper()
	_, err := w.stage.Faults.Add(f, w.p.Ops())
	require.NoError(w, err)
}

// refund is a v2 application for the standard order.
func refund(number, fee string) form {
	return form{"appid": "wx8888888888888888", "mch_id": "1900000109", "sub_mch_id": "1900000111", "nonce_str": "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
		"out_trade_no": outTrade, "out_refund_no": number, "total_fee": "888", "refund_fee": fee}
}

// query is a v2 question by one key.
func query(name, value string) form {
	f := without(refund("", ""), "out_trade_no", "out_refund_no", "total_fee", "refund_fee")
	f[name] = value
	return f
}

// with copies a form with one field changed; without drops some.
func with(f form, name, value string) form {
	f = maps.Clone(f)
	f[name] = value
	return f
}

func without(f form, names ...string) form {
	f = maps.Clone(f)
	for _, name := range names {
		delete(f, name)
	}
	return f
}

func v2Sign(f form, signType, key string) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if f[name] != "" && name != "sign" {
			fmt.Fprintf(&text, "%s=%s&", name, f[name])
		}
	}
	text.WriteString("key=" + key)
	if signType == "HMAC-SHA256" {
		return strings.ToUpper(macHex(key, text.String()))
	}
	return fmt.Sprintf("%X", md5.Sum([]byte(text.String())))
}

func writeXML(f form) string {
	var b strings.Builder
	b.WriteString("<xml>")
	for _, name := range slices.Sorted(maps.Keys(f)) {
		b.WriteString("<" + name + ">")
		_ = xml.EscapeText(&b, []byte(f[name]))
		b.WriteString("</" + name + ">")
	}
	return b.String() + "</xml>"
}

// readXML keeps every element of a flat document.
func readXML(t require.TestingT, body []byte) form {
	var doc struct {
		Elements []struct {
			XMLName xml.Name
			Text    string `xml:",chardata"`
		} `xml:",any"`
	}
	require.NoError(t, xml.Unmarshal(body, &doc), "%s", body)
	f := form{}
	for _, e := range doc.Elements {
		require.NotContains(t, f, e.XMLName.Local)
		f[e.XMLName.Local] = e.Text
	}
	return f
}

// do sends one request and reads all of the answer.
func (w *world) do(client *http.Client, method, target, contentType, body string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(w.Context(), method, target, strings.NewReader(body))
	require.NoError(w, err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, b, err
}

// v2 signs a form with the key of its mch_id, posts it, and proves the answer's signature if it has one.
func (w *world) v2(path string, f form) form {
	w.Helper()
	key := docKey
	if f["mch_id"] == "1900000200" {
		key = directKey
	}
	return w.post(path, writeXML(with(f, "sign", v2Sign(f, f["sign_type"], key))), f["sign_type"], key)
}

func (w *world) post(path, body, signType, key string) form {
	w.Helper()
	res, b, err := w.do(w.srv.Client(), http.MethodPost, w.srv.URL+path, "application/xml", body)
	require.NoError(w, err)
	require.Equal(w, http.StatusOK, res.StatusCode)
	require.Contains(w, res.Header.Get("Content-Type"), "xml")
	answer := readXML(w, b)
	if answer["return_code"] == "FAIL" {
		require.Equal(w, []string{"return_code", "return_msg"}, slices.Sorted(maps.Keys(answer)), "an answer that was not understood says nothing else")
		return answer
	}
	require.Equal(w, v2Sign(answer, signType, key), answer["sign"], "%s", b)
	return answer
}

func (w *world) refund(f form) form { w.Helper(); return w.v2("/secapi/pay/refund", f) }

// verdict is an answer in one word.
func verdict(answer form) string {
	switch {
	case answer["return_code"] != "SUCCESS":
		return "return " + answer["return_msg"]
	case answer["result_code"] != "SUCCESS":
		return answer["err_code"] + " " + answer["err_code_des"]
	}
	return "SUCCESS"
}

// object is a JSON answer; numbers keep their digits.
type object = map[string]any

func readObject(t require.TestingT, body []byte) object {
	var o object
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&o), "%s", body)
	return o
}

// run posts to the Cloud Run API and returns respdata.
func (w *world) run(path string, in object) object {
	w.Helper()
	body, err := json.Marshal(in)
	require.NoError(w, err)
	res, b, err := w.do(w.srv.Client(), http.MethodPost, w.srv.URL+path, "application/json", string(body))
	require.NoError(w, err)
	require.Equal(w, http.StatusOK, res.StatusCode)
	require.NotEmpty(w, res.Header.Get("X-Openapi-Seqid"))
	o := readObject(w, b)
	require.Equal(w, json.Number("0"), o["errcode"], "%s", b)
	return o["respdata"].(object)
}

func (w *world) token() string {
	w.Helper()
	_, b, err := w.do(w.srv.Client(), http.MethodGet,
		w.srv.URL+"/cgi-bin/token?grant_type=client_credential&appid=wx3333333333333333&secret=app-secret-of-32-characters-long", "", "")
	require.NoError(w, err)
	return readObject(w, b)["access_token"].(string)
}

func (w *world) trigger(queryString, body string) object {
	w.Helper()
	_, b, err := w.do(w.srv.Client(), http.MethodPost, w.srv.URL+"/tcb/invokecloudfunction?"+queryString, "application/json", body)
	require.NoError(w, err)
	return readObject(w, b)
}

// invoke calls the shipped function and returns what it returned.
func (w *world) invoke(action string, params object) object {
	w.Helper()
	body, err := json.Marshal(object{"action": action, "params": params})
	require.NoError(w, err)
	o := w.trigger("env=prod-1&name=refund&access_token="+w.token(), string(body))
	require.Equal(w, json.Number("0"), o["errcode"])
	return readObject(w, []byte(o["resp_data"].(string)))
}

func cloudRefund(number string, fee int) object {
	return object{"subMchId": "1900000333", "nonceStr": "n1", "outTradeNo": outTrade, "outRefundNo": number, "totalFee": 888, "refundFee": fee,
		"functionName": "callback", "envId": "prod-1"}
}

func sample(t require.TestingT, name string) []byte {
	b, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return b
}

// inbox is a merchant's receiver: it keeps every letter and answers as told.
type inbox struct {
	*httptest.Server
	letters chan letter
}

type letter struct {
	Path   string
	Header http.Header
	Body   []byte
}

func newInbox(t *testing.T, answers ...string) *inbox {
	t.Helper()
	in := &inbox{letters: make(chan letter, 100)}
	var mu sync.Mutex
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		answer := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		mu.Unlock()
		in.letters <- letter{r.URL.Path, r.Header.Clone(), body}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(in.Close)
	return in
}

// next waits for a letter; the limit only ends a broken test.
func (in *inbox) next(t *testing.T) letter {
	t.Helper()
	select {
	case l := <-in.letters:
		return l
	case <-time.After(20 * time.Second):
		require.FailNow(t, "no letter came")
		return letter{}
	}
}

// deliveries waits until so many attempts are logged.
func (w *world) deliveries(n int) []control.Delivery {
	w.Helper()
	require.Eventually(w, func() bool { return len(w.stage.Deliveries("wechat", "")) >= n }, 20*time.Second, 2*time.Millisecond)
	return w.stage.Deliveries("wechat", "")
}

func macHex(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, text)
	return hex.EncodeToString(mac.Sum(nil))
}
