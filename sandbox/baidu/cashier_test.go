package baidu_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestPublishedRefundRequestIsAcceptedAsItStands(t *testing.T) {
	var file struct {
		Vectors []struct {
			ID       string
			WireForm string `json:"wire_form"`
		}
	}
	readJSON(t, "testdata/baidu_signature_vectors.json", &file)
	paths := map[string]string{"computed-refund-etrade-ascii": cashierApply, "computed-refund-etrade-chinese": cashierApply,
		"computed-refund-legacy": legacyRest}
	tried := 0
	for _, v := range file.Vectors {
		path, ok := paths[v.ID]
		if !ok {
			continue
		}
		tried++
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			t.Run(v.ID+" "+method, func(t *testing.T) {
				w := newWorld(t, control.BaiduSettings{})
				w.order(nil)
				r := w.must(w.send(method, path, v.WireForm))
				require.JSONEq(t, `{"errno":0,"msg":"success","data":{"refundBatchId":"152713835","refundPayMoney":"100"}}`, r.Raw,
					"both numbers are strings on the cashier")
			})
		}
	}
	require.Equal(t, len(paths), tried)
}

func TestFullRefundNeedsCancelledVerificationAndPartialForbidsIt(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)

	require.JSONEq(t, `{"errno":10002,"msg":"系统错误，已消费订单不允许退款","data":[]}`, w.post(cashierApply, full("B1")).Raw)
	require.EqualValues(t, 10002, w.post(cashierApply, without(full("B1"), "applyRefundMoney")).code(), "no amount means all of it")
	require.JSONEq(t, `{"errno":0,"msg":"success","data":[]}`, w.post(cashierCancel, cancel()).Raw)
	require.EqualValues(t, 1_000_000-9800, w.merchant().Balance, "the order's money leaves the enterprise balance")
	require.EqualValues(t, 10002, w.post(cashierApply, partial("100", "B1")).code())
	require.Zero(t, w.post(cashierApply, full("B1")).code())
	require.EqualValues(t, 10001, w.post(cashierApply, full("B2")).code(), "nothing is left of the order")

	o := w.book()
	require.False(t, o.Verified)
	require.EqualValues(t, 9800, o.Refunded)
	require.EqualValues(t, 9800, o.Released)
	require.Len(t, o.Refunds, 1)
	require.Len(t, o.Calls, 6)
}

func TestCancelVerification(t *testing.T) {
	for name, c := range map[string]struct {
		settings control.BaiduSettings
		order    func(*control.NewBaiduOrder)
		balance  int64
		send     form
		code     int64
		msg      string
	}{
		"takes the last fen of the balance":     {balance: 9800, send: cancel(), msg: "success"},
		"10003 when the balance is a fen short": {balance: 9799, send: cancel(), code: 10003, msg: "系统内部错误，请稍候重试"},
		"10002 for a wrong order id":            {balance: 9800, send: with(cancel(), "orderId", "1"), code: 10002, msg: "系统错误，订单未找到"},
		"10002 for a wrong user id":             {balance: 9800, send: with(cancel(), "userId", "1"), code: 10002, msg: "系统错误，订单未找到"},
		"10002 for an unpaid order":             {order: func(o *control.NewBaiduOrder) { o.Paid = new(false) }, balance: 9800, send: cancel(), code: 10002, msg: "系统错误，订单未支付"},
		"10001 for any other type than 3":       {balance: 9800, send: with(cancel(), "type", "2"), code: 10001, msg: "参数错误，type 取值不合法"},
		"repeated answers 0":                    {order: unverified, balance: 0, send: cancel(), msg: "success"},
		"repeated is refused when set so": {settings: control.BaiduSettings{CancelRepeat: control.Refuse}, order: unverified,
			send: cancel(), code: 10002, msg: "系统错误，订单未核销"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.settings)
			w.order(c.order)
			w.patch(control.BaiduMerchantPatch{Balance: new(c.balance)})
			before := w.book()
			r := w.post(cashierCancel, c.send)
			require.Equal(t, c.code, r.code())
			require.Equal(t, c.msg, r.Msg)
			if c.code != 0 {
				require.Equal(t, before.Verified, w.book().Verified, "a refusal changes nothing")
				require.Equal(t, c.balance, w.merchant().Balance)
			} else {
				require.False(t, w.book().Verified)
			}
		})
	}
}

func TestApplyRefusesWhatBreaksARule(t *testing.T) {
	promo := func(o *control.NewBaiduOrder) { o.Promo = true }
	for name, c := range map[string]struct {
		order func(*control.NewBaiduOrder)
		send  form
		code  int64
		text  string
	}{
		"order id unknown":                 {send: with(partial("1", "B"), "orderId", "7"), code: 10002, text: "订单未找到"},
		"user id of somebody else":         {send: with(partial("1", "B"), "userId", "7"), code: 10002, text: "订单未找到"},
		"merchant order id wrong":          {send: with(partial("1", "B"), "tpOrderId", "7"), code: 10002, text: "订单未找到"},
		"app key unknown":                  {send: with(partial("1", "B"), "appKey", "MMMno"), code: 10002, text: "appKey"},
		"app key missing":                  {send: without(partial("1", "B"), "appKey"), code: 10001, text: "appKey"},
		"unpaid":                           {order: func(o *control.NewBaiduOrder) { o.Paid = new(false) }, send: partial("1", "B"), code: 10002, text: "订单未支付"},
		"partial of a promotion order":     {order: promo, send: partial("1", "B"), code: 10001, text: "全额"},
		"more than the order":              {send: partial("9801", "B"), code: 10001, text: "超过"},
		"partial without a serial":         {send: without(partial("1", "B"), "bizRefundBatchId"), code: 10001, text: "bizRefundBatchId"},
		"partial of an unverified order":   {order: unverified, send: partial("1", "B"), code: 10002, text: "核销"},
		"markup in the reason":             {send: with(partial("1", "B"), "refundReason", "<script>"), code: 4010006, text: "脚本"},
		"amount zero":                      {send: partial("0", "B"), code: 10001, text: "applyRefundMoney"},
		"amount negative":                  {send: partial("-1", "B"), code: 10001, text: "applyRefundMoney"},
		"amount in yuan":                   {send: partial("1.00", "B"), code: 10001, text: "applyRefundMoney"},
		"amount beyond 64 bit":             {send: partial("9223372036854775808", "B"), code: 10001, text: "applyRefundMoney"},
		"largest 64-bit amount":            {send: partial("9223372036854775807", "B"), code: 10001, text: "超过"},
		"amount empty":                     {send: partial("", "B"), code: 10001, text: "applyRefundMoney"},
		"order id with a leading zero":     {send: with(partial("1", "B"), "orderId", "0800200451"), code: 10001, text: "orderId"},
		"user id missing":                  {send: without(partial("1", "B"), "userId"), code: 10001, text: "userId"},
		"refund type out of range":         {send: with(partial("1", "B"), "refundType", "4"), code: 10001, text: "refundType"},
		"reason missing":                   {send: without(partial("1", "B"), "refundReason"), code: 10001, text: "refundReason"},
		"serial with a sign":               {send: partial("1", "B-1"), code: 10001, text: "bizRefundBatchId"},
		"serial of 33 characters":          {send: partial("1", strings.Repeat("1", 33)), code: 10001, text: "bizRefundBatchId"},
		"merchant order id with a blank":   {send: with(partial("1", "B"), "tpOrderId", "1 2"), code: 10001, text: "tpOrderId"},
		"full refund while still verified": {send: full("B"), code: 10002, text: "已消费订单不允许退款"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.BaiduSettings{})
			w.order(c.order)
			r := w.post(cashierApply, c.send)
			require.Equal(t, c.code, r.code(), r.Raw)
			require.Contains(t, r.Msg, c.text)
			require.JSONEq(t, `[]`, string(r.Data), "errors carry an empty array where an object is declared")
			require.Empty(t, w.book().Refunds)
			require.EqualValues(t, 1_000_000, w.merchant().Balance)
			require.Zero(t, w.merchant().CapUsed)
		})
	}
}

func TestSignatureCoversExactlyWhatIsSent(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	good := w.sign(partial("100", "B1"), "rsaSign")
	legacy := with(partial("100", "B1"), "method", "nuomi.cashier.applyorderrefund")
	plus := url.Values{}
	for name, value := range good {
		plus.Set(name, value)
	}
	unescaped := strings.ReplaceAll(plus.Encode(), "%2B", "+")
	require.NotEqual(t, plus.Encode(), unescaped, "the signature of this test must hold a +")
	for name, c := range map[string]struct {
		path, body string
		code       int64
	}{
		"amount changed after signing":    {cashierApply, encode(with(good, "applyRefundMoney", "101")), 10000},
		"field added after signing":       {cashierApply, encode(with(good, "extra", "1")), 10000},
		"field dropped after signing":     {cashierApply, encode(without(good, "bizRefundBatchId")), 10000},
		"signature missing":               {cashierApply, encode(without(good, "rsaSign")), 10000},
		"signature under another name":    {cashierApply, encode(w.sign(partial("100", "B1"), "sign")), 10000},
		"signature with + not escaped":    {cashierApply, unescaped, 10000},
		"signature is no base64":          {cashierApply, encode(with(good, "rsaSign", "%%%")), 10000},
		"field given twice":               {cashierApply, encode(good) + "&orderId=800200451", 10001},
		"broken percent-encoding":         {cashierApply, encode(good) + "&x=%zz", 10001},
		"form beyond 64 KiB":              {cashierApply, encode(with(good, "x", strings.Repeat("x", 70_000))), 10001},
		"legacy without method signed":    {legacyRest, encode(with(good, "method", "nuomi.cashier.applyorderrefund")), 10000},
		"legacy without method":           {legacyRest, encode(good), 4010004},
		"legacy with an unknown method":   {legacyRest, encode(w.sign(with(legacy, "method", "nuomi.cashier.x"), "rsaSign")), 970},
		"sign_type takes no part":         {cashierApply, encode(with(good, "sign_type", "RSA")), 0},
		"legacy with method signed":       {legacyRest, encode(w.sign(legacy, "rsaSign")), 0},
		"unknown field signed as it came": {cashierApply, encode(w.sign(with(partial("100", "B1"), "later", ""), "rsaSign")), 0},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.code, w.must(w.send(http.MethodPost, c.path, c.body)).code())
		})
	}
	require.Len(t, w.book().Refunds, 3, "only what verified was paid")
	calls, err := w.ctl.Calls(t.Context(), control.CallFilter{})
	require.NoError(t, err)
	for _, call := range calls {
		require.NotContains(t, call.Outcome+call.RefundNo+call.TpOrderID, good["rsaSign"])
	}
}

func TestOrderQueryIsSignedUnderSignAndNestsDataTwice(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{SettleAfter: control.Duration(time.Hour)})
	w.order(nil)
	states := func() string { return string(w.query().Data) }
	want := func(pay, refund, verification string) string {
		return `{"data":{"payStatus":` + pay + `,"refundStatus":` + refund + `,"verification":` + verification + `}}`
	}
	const paid, verified, plain = `{"statusNum":1,"statusDesc":"支付成功"}`, `{"statusNum":1,"statusDesc":"已核销"}`, `{"statusNum":-1,"statusDesc":"无核销数据"}`

	require.JSONEq(t, want(paid, `{"statusNum":-1,"statusDesc":"未退费"}`, verified), states())
	require.Zero(t, w.post(cashierCancel, cancel()).code())
	require.JSONEq(t, want(paid, `{"statusNum":-1,"statusDesc":"未退费"}`, plain), states())
	require.Zero(t, w.post(cashierApply, full("B1")).code())
	require.JSONEq(t, want(paid, `{"statusNum":1,"statusDesc":"退费中"}`, plain), states())
	w.advance(time.Hour)
	require.JSONEq(t, want(paid, `{"statusNum":2,"statusDesc":"退费成功"}`, plain), states())

	raw := w.query().Raw
	for _, field := range []string{`"errmsg":"成功"`, `"msg":"成功"`, `"timestamp":`, `"cached":0`, `"serverlogid":"`} {
		require.Contains(t, raw, field)
	}
	for name, c := range map[string]struct {
		send form
		sign string
		code int64
	}{
		"rsaSign is the wrong name": {detail(), "rsaSign", 10000},
		"siteId is the user id":     {with(detail(), "siteId", "1"), "sign", 10002},
		"appId must fit appKey":     {with(detail(), "appId", "1"), "sign", 10002},
		"order unknown":             {with(detail(), "orderId", "1"), "sign", 10002},
		"siteId missing":            {without(detail(), "siteId"), "sign", 10001},
		"appKey unknown":            {with(detail(), "appKey", "MMMno"), "sign", 10002},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.code, w.must(w.send(http.MethodGet, orderQuery, encode(w.sign(c.send, c.sign)))).code())
		})
	}
}
