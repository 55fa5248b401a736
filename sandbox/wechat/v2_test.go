package wechat_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

// likeSample: the answer has every field of a published sample, except for the two that only say what was not sent.
func likeSample(t *testing.T, name string, answer form) {
	t.Helper()
	want := slices.Sorted(maps.Keys(readXML(t, sample(t, name))))
	require.Equal(t, want, slices.Sorted(maps.Keys(answer)))
}

func TestPublishedRequestsAreTakenAsTheyStand(t *testing.T) {
	for name, signType := range map[string]string{"md5": "MD5", "hmac_sha256": "HMAC-SHA256"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.WeChatSettings{SettleAfter: control.Duration(time.Hour)})
			w.order(nil)
			answer := w.post("/secapi/pay/refund", string(sample(t, "wechat_v2_refund_request_"+name+".xml")), signType, docKey)
			require.Equal(t, "SUCCESS", verdict(answer))
			likeSample(t, "wechat_v2_refund_response_success.xml", answer)
			for _, field := range []string{"transaction_id", "out_trade_no", "out_refund_no", "refund_fee", "total_fee", "cash_fee", "cash_refund_fee", "refund_channel"} {
				require.Equal(t, readXML(t, sample(t, "wechat_v2_refund_response_success.xml"))[field], answer[field], field)
			}
			require.Regexp(t, `^50[0-9]{27}$`, answer["refund_id"])

			answer = w.post("/pay/refundquery", string(sample(t, "wechat_v2_refundquery_request.xml")), "", docKey)
			likeSample(t, "wechat_v2_refundquery_response_processing.xml", answer)
			require.Equal(t, "PROCESSING", answer["refund_status_0"])
			w.advance(time.Hour)
			answer = w.post("/pay/refundquery", string(sample(t, "wechat_v2_refundquery_request.xml")), "", docKey)
			likeSample(t, "wechat_v2_refundquery_response_success.xml", answer)
			require.Equal(t, "2026-03-01 13:00:00", answer["refund_success_time_0"])
			require.EqualValues(t, 1_000_000-300, w.balance("1900000111"))
		})
	}
}

func TestOrderQueryTellsThePaymentsState(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{AnyPace: true})
	w.order(nil)
	ask := func() form { return w.v2("/pay/orderquery", query("out_trade_no", outTrade)) }
	likeSample(t, "wechat_v2_orderquery_response_paid.xml", ask())
	require.Equal(t, "SUCCESS", ask()["trade_state"])
	require.Equal(t, "SUCCESS", verdict(w.refund(refund("R1", "1"))))
	likeSample(t, "wechat_v2_orderquery_response_refund.xml", ask())
	require.Equal(t, "REFUND", ask()["trade_state"])
	_, err := w.ctl.Platform("wechat").PatchOrder(t.Context(), transaction, control.OrderPatch{Paid: new(false)})
	require.NoError(t, err)
	require.Equal(t, "NOTPAY", ask()["trade_state"])
	require.Equal(t, "ORDERNOTEXIST 订单不存在", verdict(w.v2("/pay/orderquery", query("transaction_id", "42"))))
	require.Contains(t, verdict(w.v2("/pay/orderquery", query("nothing", ""))), "PARAM_ERROR")
}

func TestEveryRuleOfAnApplicationHasItsAnswer(t *testing.T) {
	ok := refund("R1", "300")
	direct := with(without(ok, "sub_mch_id"), "mch_id", "1900000200")
	direct["appid"] = "wx2000000000000000"
	for name, c := range map[string]struct {
		ask   form
		order func(*control.NewOrder)
		want  string
	}{
		"a good one":                      {ask: ok, want: "SUCCESS"},
		"the whole order":                 {ask: refund("R1", "888"), want: "SUCCESS"},
		"HMAC":                            {ask: with(ok, "sign_type", "HMAC-SHA256"), want: "SUCCESS"},
		"transaction_id wins":             {ask: with(with(ok, "transaction_id", transaction), "out_trade_no", "OTHER"), want: "SUCCESS"},
		"a direct merchant":               {ask: direct, order: func(o *control.NewOrder) { o.Merchant = "1900000200" }, want: "SUCCESS"},
		"nobody's number":                 {ask: with(ok, "mch_id", "1"), want: "return MCHID不存在"},
		"another app":                     {ask: with(ok, "appid", "wx1"), want: "APPID_NOT_EXIST APPID不存在"},
		"no app":                          {ask: without(ok, "appid"), want: "APPID_NOT_EXIST APPID不存在"},
		"a sub-merchant in direct mode":   {ask: with(direct, "sub_mch_id", "1900000111"), want: "return 普通商户不允许传sub_mch_id"},
		"none in provider mode":           {ask: without(ok, "sub_mch_id"), want: "PARAM_ERROR 参数错误: sub_mch_id"},
		"an unbound sub-merchant":         {ask: with(ok, "sub_mch_id", "1900000333"), want: "return 受理关系不存在"},
		"another sub-app":                 {ask: with(ok, "sub_appid", "wx1"), want: "return sub_mch_id与sub_appid不匹配"},
		"a sign_type unknown":             {ask: with(ok, "sign_type", "RSA"), want: "PARAM_ERROR 参数错误: sign_type"},
		"no nonce":                        {ask: without(ok, "nonce_str"), want: "PARAM_ERROR 参数错误: nonce_str"},
		"a long nonce":                    {ask: with(ok, "nonce_str", strings.Repeat("n", 33)), want: "PARAM_ERROR 参数错误: nonce_str"},
		"no order key":                    {ask: without(ok, "out_trade_no"), want: "PARAM_ERROR 参数错误: transaction_id, out_trade_no"},
		"no refund number":                {ask: without(ok, "out_refund_no"), want: "PARAM_ERROR 参数错误: out_refund_no"},
		"a refund number of 64":           {ask: with(ok, "out_refund_no", strings.Repeat("R", 64)), want: "SUCCESS"},
		"a refund number of 65":           {ask: with(ok, "out_refund_no", strings.Repeat("R", 65)), want: "PARAM_ERROR 参数错误: out_refund_no"},
		"a refund number with a blank":    {ask: with(ok, "out_refund_no", "R 1"), want: "PARAM_ERROR 参数错误: out_refund_no"},
		"no amount":                       {ask: without(ok, "refund_fee"), want: "PARAM_ERROR 参数错误: refund_fee"},
		"nothing":                         {ask: with(ok, "refund_fee", "0"), want: "PARAM_ERROR 参数错误: refund_fee"},
		"less than nothing":               {ask: with(ok, "refund_fee", "-1"), want: "PARAM_ERROR 参数错误: refund_fee"},
		"yuan":                            {ask: with(ok, "refund_fee", "3.00"), want: "PARAM_ERROR 参数错误: refund_fee"},
		"another currency":                {ask: with(ok, "refund_fee_type", "USD"), want: "PARAM_ERROR 参数错误: refund_fee_type"},
		"a reason of 80 bytes":            {ask: with(ok, "refund_desc", strings.Repeat("x", 80)), want: "SUCCESS"},
		"a reason of 81 bytes":            {ask: with(ok, "refund_desc", strings.Repeat("款", 27)), want: "PARAM_ERROR 参数错误: refund_desc"},
		"an account unknown":              {ask: with(ok, "refund_account", "MINE"), want: "PARAM_ERROR 参数错误: refund_account"},
		"a notify_url with a query":       {ask: with(ok, "notify_url", "https://a.example/n?x=1"), want: "PARAM_ERROR 参数错误: notify_url"},
		"a malformed transaction_id":      {ask: with(ok, "transaction_id", "no-such"), want: "INVALID_TRANSACTIONID 无效transaction_id"},
		"an unknown transaction_id":       {ask: with(ok, "transaction_id", "42"), want: "INVALID_TRANSACTIONID 无效transaction_id"},
		"an unknown out_trade_no":         {ask: with(ok, "out_trade_no", "OTHER1"), want: "ORDERNOTEXIST 订单不存在"},
		"somebody else's order":           {ask: with(ok, "transaction_id", transaction), order: ofCloud, want: "INVALID_REQUEST 您的请求参数与订单信息不一致"},
		"an unpaid order":                 {ask: ok, order: func(o *control.NewOrder) { o.Paid = new(false) }, want: "ORDERNOTEXIST 订单不存在"},
		"a year old, just":                {ask: ok, order: paid(365 * 24 * time.Hour), want: "SUCCESS"},
		"more than a year old":            {ask: ok, order: paid(365*24*time.Hour + time.Second), want: "TRADE_OVERDUE 订单已经超过退款期限"},
		"another total":                   {ask: with(ok, "total_fee", "889"), want: "INVALID_REQUEST 订单金额或退款金额与之前请求不一致，请核实后再试"},
		"more than the order":             {ask: with(ok, "refund_fee", "889"), want: "ERROR 累计退款金额大于支付金额"},
		"more than the merchant has":      {ask: with(refund("R1", "2000000"), "total_fee", "2000000"), order: func(o *control.NewOrder) { o.Total = 2_000_000 }, want: "NOTENOUGH 基本账户余额不足，请充值后重新发起"},
		"a coupon is not the merchant's":  {ask: with(refund("R1", "2000000"), "total_fee", "2000000"), order: func(o *control.NewOrder) { o.Total, o.Coupon = 2_000_000, 1_000_000 }, want: "SUCCESS"},
		"an amount beyond all reckoning":  {ask: with(ok, "refund_fee", "99999999999999999999"), want: "PARAM_ERROR 参数错误: refund_fee"},
		"an empty optional is not sent":   {ask: with(ok, "transaction_id", ""), want: "SUCCESS"},
		"obsolete fields are let through": {ask: with(ok, "op_user_id", "1900000109"), want: "SUCCESS"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.WeChatSettings{})
			w.order(c.order)
			require.Equal(t, c.want, verdict(w.refund(c.ask)))
			require.Equal(t, c.want == "SUCCESS", len(w.book().Refunds) == 1, "money moves on success alone")
		})
	}
}

func paid(ago time.Duration) func(*control.NewOrder) {
	return func(o *control.NewOrder) { o.PaidAt = new(noon.Add(-ago)) }
}

func TestAWrongSignatureIsAnsweredUnsignedAndMovesNothing(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(nil)
	for name, f := range map[string]form{
		"the key of another":  with(refund("R1", "300"), "sign", v2Sign(refund("R1", "300"), "", directKey)),
		"another amount":      with(refund("R1", "301"), "sign", v2Sign(refund("R1", "300"), "", docKey)),
		"the other algorithm": with(refund("R1", "300"), "sign", v2Sign(refund("R1", "300"), "HMAC-SHA256", docKey)),
		"none":                refund("R1", "300"),
	} {
		answer := w.post("/secapi/pay/refund", writeXML(f), "", docKey)
		require.Equal(t, readXML(t, sample(t, "wechat_v2_response_return_fail_sign.xml")), answer, name)
	}
	require.Empty(t, w.book().Refunds)
}

func TestARefusalNeverEchoesAnotherSubMerchant(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	for _, sub := range []string{"1900000112", "1900000113", "1900000114"} {
		w.merchant(control.NewWeChatMerchant{MchID: "1900000109", AppID: "wx8888888888888888", APIKey: docKey, SubMchID: sub})
	}
	for sub, want := range map[string]string{"1900000112": "1900000112", "1900000999": ""} {
		answer := w.refund(without(with(refund("R1", "300"), "sub_mch_id", sub), "appid"))
		require.Equal(t, "APPID_NOT_EXIST", answer["err_code"])
		require.Equal(t, want, answer["sub_mch_id"])
	}
}

func TestTransportMistakesHaveTheirOwnWords(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	_, body, err := w.do(w.srv.Client(), http.MethodGet, w.srv.URL+"/pay/refundquery", "", "")
	require.NoError(t, err)
	require.Equal(t, "return 请使用post方法", verdict(readXML(t, body)))
	for _, junk := range []string{"", "{}", "<xml>", "<xml><a>1</a><a>1</a></xml>", strings.Repeat("x", 65<<10)} {
		require.Equal(t, "return XML格式错误", verdict(w.post("/secapi/pay/refund", junk, "", docKey)))
	}
}

func TestTheSameNumberIsPaidOnce(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(nil)
	w.order(func(o *control.NewOrder) { o.PlatformID, o.MerchantID = "42", "ORDER-42" })
	first := w.refund(refund("R1", "300"))
	for range 3 {
		again := w.refund(with(refund("R1", "300"), "nonce_str", "other"))
		require.Equal(t, first["refund_id"], again["refund_id"])
		require.Equal(t, without(first, "nonce_str", "sign"), without(again, "nonce_str", "sign"))
	}
	const mismatch = "INVALID_REQUEST 订单金额或退款金额与之前请求不一致，请核实后再试"
	require.Equal(t, mismatch, verdict(w.refund(refund("R1", "301"))))
	require.Equal(t, mismatch, verdict(w.refund(with(refund("R1", "300"), "out_trade_no", "ORDER-42"))))
	book := w.book()
	require.Len(t, book.Refunds, 1)
	require.EqualValues(t, 1_000_000-300, w.balance("1900000111"))
	require.Equal(t, book.Calls[0].Content, book.Calls[1].Content, "the nonce is no content")
	require.NotEqual(t, book.Calls[0].Content, book.Calls[4].Content)
	require.Equal(t, "R1", book.Calls[0].RefundNo)
	require.EqualValues(t, 300, book.Calls[0].Amount)
}

func TestPartsStayApartAndWithinTheOrder(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(nil)
	require.Equal(t, "SUCCESS", verdict(w.refund(refund("R1", "300"))))
	require.Equal(t, "FREQUENCY_LIMITED 频率限制，同一笔订单多次退款请间隔1分钟再重试", verdict(w.refund(refund("R2", "300"))))
	w.advance(time.Minute)
	require.Equal(t, "ERROR 累计退款金额大于支付金额", verdict(w.refund(refund("R2", "589"))))
	require.Equal(t, "SUCCESS", verdict(w.refund(refund("R2", "588"))))
	w.advance(time.Minute)
	answer := w.refund(refund("R3", "1"))
	require.Equal(t, "ERROR 订单已全额退款", verdict(answer))
	likeSample(t, "wechat_v2_refund_response_full_refunded.xml", with(answer, "sub_appid", ""))
	book := w.book()
	require.EqualValues(t, []int64{888, 0}, []int64{book.Refunded, book.Refunding})
}

func TestFiftyPartsAreTheLimit(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{AnyPace: true})
	w.order(nil)
	for i := range 50 {
		require.Equal(t, "SUCCESS", verdict(w.refund(refund(fmt.Sprintf("R%d", i), "1"))))
	}
	require.Equal(t, "ERROR 部分退款次数超过限制", verdict(w.refund(refund("R50", "1"))))
	var seen []string
	for len(seen) < 50 {
		page := w.v2("/pay/refundquery", with(query("transaction_id", transaction), "offset", strconv.Itoa(len(seen))))
		require.Equal(t, []string{"50", "10", ""}, []string{page["total_refund_count"], page["refund_count"], page["out_refund_no_10"]})
		for n := range 10 {
			seen = append(seen, page["out_refund_no_"+strconv.Itoa(n)])
		}
	}
	for i, number := range seen {
		require.Equal(t, fmt.Sprintf("R%d", i), number, "five pages show all of them in order")
	}
}

func TestTooManyBadApplicationsShutTheMerchantOutForAMinute(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(nil)
	for range 6 {
		require.Equal(t, "APPID_NOT_EXIST APPID不存在", verdict(w.refund(without(refund("R1", "300"), "appid"))))
	}
	const shut = "INVALID_REQ_TOO_MUCH 无效请求过多"
	require.Equal(t, shut, verdict(w.refund(without(refund("R1", "300"), "appid"))))
	require.Equal(t, shut, verdict(w.refund(refund("R1", "300"))), "good ones are shut out, too")
	require.Equal(t, "REFUNDNOTEXIST not exist", verdict(w.v2("/pay/refundquery", query("out_refund_no", "R1"))), "queries are not")
	w.advance(59 * time.Second)
	require.Equal(t, shut, verdict(w.refund(refund("R1", "300"))))
	w.advance(time.Second)
	require.Equal(t, "SUCCESS", verdict(w.refund(refund("R1", "300"))))
}

func TestOneHundredAndFiftyApplicationsASecondAreTheLimit(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(nil)
	for range 150 {
		require.Equal(t, "SUCCESS", verdict(w.refund(refund("R1", "300"))))
	}
	require.Equal(t, "FREQUENCY_LIMITED 频率限制，请降低申请频率再重试", verdict(w.refund(refund("R1", "300"))))
	w.advance(time.Second)
	require.Equal(t, "SUCCESS", verdict(w.refund(refund("R1", "300"))))
}

func TestOutcomesGoWhereTheirMoneyGoes(t *testing.T) {
	for outcome, c := range map[control.RefundStatus]struct {
		status  string
		balance int64
		again   string // a refund of the whole order afterwards
	}{
		control.Success:  {"SUCCESS", 1_000_000 - 300, "ERROR 累计退款金额大于支付金额"},
		control.Failed:   {"REFUNDCLOSE", 1_000_000, "SUCCESS"},
		control.Abnormal: {"CHANGE", 1_000_000 - 300, "ERROR 累计退款金额大于支付金额"},
	} {
		t.Run(string(outcome), func(t *testing.T) {
			w := newWorld(t, control.WeChatSettings{AnyPace: true, SettleAfter: control.Duration(time.Minute)})
			w.order(func(o *control.NewOrder) { o.Outcome = outcome })
			require.Equal(t, "SUCCESS", verdict(w.refund(refund("R1", "300"))))
			ask := query("out_refund_no", "R1")
			require.Equal(t, "PROCESSING", w.v2("/pay/refundquery", ask)["refund_status_0"])
			w.advance(time.Minute)
			answer := w.v2("/pay/refundquery", ask)
			require.Equal(t, c.status, answer["refund_status_0"])
			require.Equal(t, outcome == control.Success, answer["refund_success_time_0"] != "")
			require.Equal(t, c.balance, w.balance("1900000111"))
			require.Equal(t, c.again, verdict(w.refund(refund("R2", "888"))))
		})
	}
}

func TestQueriesFollowTheirMostPreciseKeyAndPageByTen(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{AnyPace: true})
	w.order(nil)
	var ids []string
	for i := range 12 {
		ids = append(ids, w.refund(refund("R"+strconv.Itoa(i), "10"))["refund_id"])
	}
	ask := func(f form) form { return w.v2("/pay/refundquery", f) }
	byAll := query("refund_id", ids[3])
	byAll["out_refund_no"], byAll["transaction_id"], byAll["out_trade_no"] = "R4", "42", "OTHER"
	require.Equal(t, "R3", ask(byAll)["out_refund_no_0"])
	require.Equal(t, "R4", ask(without(byAll, "refund_id"))["out_refund_no_0"])
	require.Equal(t, "REFUNDNOTEXIST not exist", verdict(ask(without(byAll, "refund_id", "out_refund_no"))))
	likeSample(t, "wechat_v2_refundquery_response_not_exist.xml", with(ask(query("out_refund_no", "R99")), "sub_appid", ""))

	for offset, want := range map[string][]string{"": {"R0", "R9", "10"}, "0": {"R0", "R9", "10"}, "5": {"R5", "", "7"}, "10": {"R10", "", "2"}, "12": {"", "", "0"}} {
		answer := ask(with(query("out_trade_no", outTrade), "offset", offset))
		require.Equal(t, "SUCCESS", verdict(answer))
		require.Equal(t, "12", answer["total_refund_count"])
		require.Equal(t, want, []string{answer["out_refund_no_0"], answer["out_refund_no_9"], answer["refund_count"]}, "offset %q", offset)
	}
	require.Equal(t, "PARAM_ERROR 参数错误: offset", verdict(ask(with(query("out_trade_no", outTrade), "offset", "13"))))
	require.Contains(t, verdict(ask(query("nothing", ""))), "PARAM_ERROR")
	foreign := with(without(query("refund_id", ids[0]), "sub_mch_id"), "mch_id", "1900000200")
	foreign["appid"] = "wx2000000000000000"
	require.Equal(t, "REFUNDNOTEXIST not exist", verdict(ask(foreign)), "another merchant's refund is none")
}

func TestAFreshRefundMayHideFromTheQuery(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{QueryLag: control.Duration(time.Minute)})
	w.order(nil)
	require.Equal(t, "SUCCESS", verdict(w.refund(refund("R1", "300"))))
	for _, f := range []form{query("out_refund_no", "R1"), query("out_trade_no", outTrade)} {
		require.Equal(t, "REFUNDNOTEXIST not exist", verdict(w.v2("/pay/refundquery", f)))
	}
	w.advance(time.Minute)
	require.Equal(t, "SUCCESS", verdict(w.v2("/pay/refundquery", query("out_refund_no", "R1"))))
}

func TestCouponsGoBackInProportionAndWhole(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{AnyPace: true})
	w.order(func(o *control.NewOrder) { o.Coupon = 100 })
	var coupons, cash int64
	for i, fee := range []string{"1", "10", "333", "544"} {
		a := w.refund(refund("R"+strconv.Itoa(i), fee))
		require.Equal(t, "SUCCESS", verdict(a))
		all, coupon, own := atoi(t, fee), atoi(t, a["coupon_refund_fee"]), atoi(t, a["cash_refund_fee"])
		require.Equal(t, all, coupon+own)
		require.Equal(t, own, atoi(t, a["settlement_refund_fee"]))
		require.Equal(t, "788", a["cash_fee"])
		if coupon > 0 {
			require.Equal(t, []string{"1", "NO_CASH", a["coupon_refund_fee"]}, []string{a["coupon_refund_count"], a["coupon_type_0"], a["coupon_refund_fee_0"]})
		}
		coupons, cash = coupons+coupon, cash+own
	}
	require.Equal(t, []int64{100, 788}, []int64{coupons, cash})
	require.EqualValues(t, 1_000_000-788, w.balance("1900000111"))
	answer := w.v2("/pay/refundquery", query("out_refund_no", "R2"))
	require.Equal(t, answer["coupon_refund_fee_0"], answer["coupon_refund_fee_0_0"])
}

func atoi(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err)
	return n
}

func TestTheTLSDoorWantsTheMerchantsCertificate(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(nil)
	door, err := w.stage.Authority().Door()
	require.NoError(t, err)
	secure := httptest.NewUnstartedServer(w.srv.Config.Handler)
	secure.TLS = door
	secure.StartTLS()
	t.Cleanup(secure.Close)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(w.stage.Authority().CAPEM())))
	certOf := func(m control.WeChatMerchant) []tls.Certificate {
		pair, err := tls.X509KeyPair([]byte(m.CertPEM), []byte(m.KeyPEM))
		require.NoError(t, err)
		return []tls.Certificate{pair}
	}
	other := w.merchant(control.NewWeChatMerchant{MchID: "1900000300", AppID: "wx3", APIKey: docKey})
	post := func(path string, certs []tls.Certificate) (int, string) {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certs}}}
		defer client.CloseIdleConnections()
		ask := refund("R1", "300")
		res, body, err := w.do(client, http.MethodPost, secure.URL+path, "text/xml", writeXML(with(ask, "sign", v2Sign(ask, "", docKey))))
		require.NoError(t, err)
		return res.StatusCode, string(body)
	}
	for name, certs := range map[string][]tls.Certificate{"none": nil, "another merchant's": certOf(other)} {
		status, body := post("/secapi/pay/refund", certs)
		require.Equal(t, http.StatusBadRequest, status, name)
		require.Contains(t, body, "No required SSL certificate was sent", name)
	}
	require.Empty(t, w.book().Refunds)
	status, body := post("/secapi/pay/refund", certOf(w.cert))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "SUCCESS", verdict(readXML(t, []byte(body))))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certOf(w.cert)}}}
	defer client.CloseIdleConnections()
	_, junk, err := w.do(client, http.MethodPost, secure.URL+"/secapi/pay/refund", "text/xml", "<xml>")
	require.NoError(t, err)
	require.Equal(t, "return XML格式错误", verdict(readXML(t, junk)))
	_, body = post("/pay/refundquery", nil)
	require.Equal(t, "SUCCESS", verdict(readXML(t, []byte(body))), "queries need none")
}

func TestPlainHTTPCanBeClosedToRefunds(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{RequireCertificate: true})
	res, _, err := w.do(w.srv.Client(), http.MethodPost, w.srv.URL+"/secapi/pay/refund", "text/xml", writeXML(refund("R1", "300")))
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
}
