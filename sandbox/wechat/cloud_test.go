package wechat_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

// runSample is a published Cloud Run request with our cloud merchant's number.
func runSample(t *testing.T, name string) object {
	t.Helper()
	var o object
	require.NoError(t, json.Unmarshal(sample(t, name), &o))
	o["sub_mch_id"] = "1900000333"
	return o
}

// hasFieldsOf: every field of the sample is there with the same JSON type.
func hasFieldsOf(t *testing.T, want, got object) {
	t.Helper()
	for name, value := range want {
		require.Contains(t, got, name)
		require.IsType(t, value, got[name], name)
	}
}

func respdata(t *testing.T, name string) object {
	t.Helper()
	return readObject(t, sample(t, name))["respdata"].(object)
}

func TestPublishedCloudRunRequestsAreTakenAsTheyStand(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(ofCloud)
	require.Equal(t, "SUCCESS", w.run("/_/pay/queryorder", object{"sub_mch_id": "1900000333", "out_trade_no": outTrade})["trade_state"])
	got := w.run("/_/pay/refund", runSample(t, "wechat_cloudrun_refund_request.json"))
	want := respdata(t, "wechat_cloudrun_refund_response.json")
	hasFieldsOf(t, want, got)
	for _, name := range []string{"transaction_id", "out_trade_no", "out_refund_no", "refund_fee", "total_fee", "cash_fee", "coupon_type_list"} {
		require.Equal(t, want[name], got[name], name)
	}
	require.Equal(t, "REFUND", w.run("/_/pay/queryorder", object{"sub_mch_id": "1900000333", "out_trade_no": outTrade})["trade_state"])
	require.Len(t, w.book().Refunds, 1)
}

func TestCloudQueriesShowWhatTheSettingSays(t *testing.T) {
	for choice, name := range map[control.Choice]string{
		"":                   "wechat_cloudrun_queryrefund_response_empty_lists.json",
		control.CloudLists:   "wechat_cloudrun_queryrefund_response_filled_hypothetical.json",
		control.CloudIndexed: "wechat_cloudrun_queryrefund_response_indexed_documented.json",
	} {
		t.Run(string(choice), func(t *testing.T) {
			w := newWorld(t, control.WeChatSettings{CloudQuery: choice})
			w.order(ofCloud)
			require.Equal(t, "SUCCESS", w.run("/_/pay/refund", runSample(t, "wechat_cloudrun_refund_request.json"))["result_code"])
			got := w.run("/_/pay/queryrefund", runSample(t, "wechat_cloudrun_queryrefund_request.json"))
			want := respdata(t, name)
			hasFieldsOf(t, want, got)
			for field, value := range want {
				if list, is := value.([]any); is {
					require.Len(t, got[field], len(list), field)
				}
			}
			require.Equal(t, json.Number("1"), got["refund_count"])
		})
	}
}

func TestCloudRunRefusesInItsOwnLayers(t *testing.T) {
	ok := func() object {
		return object{"sub_mch_id": "1900000333", "out_trade_no": outTrade, "out_refund_no": "R1", "total_fee": 888, "refund_fee": 300}
	}
	for name, c := range map[string]struct {
		change func(object)
		want   string
	}{
		"a good one without nonce":   {func(object) {}, "SUCCESS"},
		"no sub-merchant":            {func(o object) { delete(o, "sub_mch_id") }, "return 参数错误: sub_mch_id"},
		"nobody's sub-merchant":      {func(o object) { o["sub_mch_id"] = "1" }, "return 受理关系不存在"},
		"a sub-merchant of v2":       {func(o object) { o["sub_mch_id"] = "1900000111" }, "return 受理关系不存在"},
		"amounts as text":            {func(o object) { o["refund_fee"] = "300" }, "PARAM_ERROR 参数错误: refund_fee"},
		"amounts with a fraction":    {func(o object) { o["refund_fee"] = 300.5 }, "PARAM_ERROR 参数错误: refund_fee"},
		"numbers where text belongs": {func(o object) { o["out_refund_no"] = 1 }, "PARAM_ERROR 参数错误: out_refund_no"},
		"fields nobody knows": {func(o object) {
			o["op_user_id"], o["device_info"], o["extra"], o["more"] = 7, nil, object{"a": 1}, []int{1}
		}, "SUCCESS"},
		"null is not sent":           {func(o object) { o["transaction_id"], o["offset"], o["container"] = nil, nil, nil }, "SUCCESS"},
		"null where a value must be": {func(o object) { o["refund_fee"] = nil }, "PARAM_ERROR 参数错误: refund_fee"},
		"a list where text belongs":  {func(o object) { o["refund_desc"] = []string{"a"} }, "PARAM_ERROR 参数错误: refund_desc"},
		"a callback to nowhere":      {func(o object) { o["callback_type"] = 2 }, "PARAM_ERROR 参数错误: container"},
		"another total":              {func(o object) { o["total_fee"] = 889 }, "INVALID_REQUEST 订单金额或退款金额与之前请求不一致，请核实后再试"},
		"an unknown order":           {func(o object) { o["out_trade_no"] = "OTHER1" }, "ORDERNOTEXIST 订单不存在"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.WeChatSettings{})
			w.order(ofCloud)
			in := ok()
			c.change(in)
			require.Equal(t, c.want, verdict(texts(w.run("/_/pay/refund", in))))
			require.Equal(t, c.want == "SUCCESS", len(w.book().Refunds) == 1)
		})
	}
}

// texts are the textual members of an answer.
func texts(o object) form {
	f := form{}
	for name, value := range o {
		if text, is := value.(string); is {
			f[name] = text
		}
	}
	return f
}

func TestCloudRunWantsJSONAnnouncedAsSuch(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	for contentType, want := range map[string]int{"": 400, "text/plain": 400, "application/json": 200, "application/json; charset=utf-8": 200,
		"Application/JSON;charset=UTF-8": 200, "application/jsonp": 400, "application/x-www-form-urlencoded": 400} {
		res, body, err := w.do(w.srv.Client(), http.MethodPost, w.srv.URL+"/_/pay/refund", contentType, `{"sub_mch_id":"1"}`)
		require.NoError(t, err)
		require.Equal(t, want, res.StatusCode, contentType)
		require.Equal(t, want == 400, len(body) == 0)
	}
	_, body, err := w.do(w.srv.Client(), http.MethodPost, w.srv.URL+"/_/pay/refund", "application/json", "[]")
	require.NoError(t, err)
	require.Equal(t, json.Number("47001"), readObject(t, body)["errcode"])
}

func TestAMerchantThatGrantedNothingIsRefused(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(ofCloud)
	_, err := w.wechat.PatchMerchant(t.Context(), "1900000333", control.WeChatMerchantPatch{Unauthorized: new(true)})
	require.NoError(t, err)
	got := w.invoke("refund", cloudRefund("R1", 300))
	want := readObject(t, sample(t, "wechat_cloudpay_refund_response_not_authorised.json"))
	for _, name := range []string{"returnCode", "returnMsg", "errCode", "errMsg"} {
		require.Equal(t, want[name], got[name], name)
	}
	_, err = w.wechat.PatchMerchant(t.Context(), "1900000111", control.WeChatMerchantPatch{Unauthorized: new(true)})
	require.NoError(t, err)
	require.Equal(t, "return "+want["returnMsg"].(string), verdict(w.refund(refund("R1", "300"))))
}

func TestTheFunctionAnswersLikeCloudPay(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(ofCloud)
	require.Equal(t, "SUCCESS", w.invoke("queryOrder", object{"subMchId": "1900000333", "outTradeNo": outTrade})["tradeState"])
	got := w.invoke("refund", cloudRefund("RF-20260301-000001", 300))
	want := readObject(t, sample(t, "wechat_cloudpay_refund_response.json"))
	hasFieldsOf(t, want, got)
	for _, name := range []string{"outRefundNo", "refundFee", "totalFee", "errCode", "errMsg", "couponTypeList"} {
		require.Equal(t, want[name], got[name], name)
	}
	got = w.invoke("queryRefund", object{"subMchId": "1900000333", "outRefundNo": "RF-20260301-000001"})
	want = readObject(t, sample(t, "wechat_cloudpay_queryrefund_response_empty_lists.json"))
	hasFieldsOf(t, want, got)
	require.Equal(t, want["outRefundNoList"], got["outRefundNoList"])
	calls := w.ctlCalls("invokecloudfunction")
	require.Equal(t, "RF-20260301-000001", calls[1].RefundNo)
	require.Equal(t, transaction, calls[2].OrderID, "a query by refund number is about its order")
}

func (w *world) ctlCalls(op string) []control.Call {
	return w.stage.Calls.Find(control.CallFilter{Op: op})
}

func TestTheFunctionRefusesWhatItCannotAsk(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(ofCloud)
	ask := func(change func(object)) object {
		o := cloudRefund("R1", 300)
		change(o)
		return w.invoke("refund", o)
	}
	for _, name := range []string{"subMchId", "outRefundNo", "totalFee", "refundFee", "functionName", "envId"} {
		got := ask(func(o object) { delete(o, name) })
		require.Equal(t, object{"errCode": json.Number("-1"), "errMsg": "missing params." + name, "refused": true}, got)
	}
	for _, none := range []string{`{"action":"refund"}`, `{"action":"refund","params":null}`, `{"action":"refund","params":7}`} {
		answer := w.trigger("env=prod-1&name=refund&access_token="+w.token(), none)
		require.JSONEq(t, `{"errCode":-1,"errMsg":"missing params","refused":true}`, answer["resp_data"].(string), none)
	}
	for name, value := range map[string]any{"notifyUrl": "https://a.example/n", "container": object{"path": "/"}, "extra": nil, "more": 7} {
		got := ask(func(o object) { o[name] = value })
		require.Equal(t, true, got["refused"], name)
		require.Contains(t, got["errMsg"], "unknown params.", name)
	}
	require.Equal(t, "unknown params.subAppid", w.invoke("queryOrder", object{"subMchId": "1900000333", "subAppid": "wx1", "outTradeNo": outTrade})["errMsg"])
	require.Equal(t, "参数错误: refund_fee", ask(func(o object) { o["refundFee"] = "300" })["errCodeDes"])
	require.Equal(t, true, w.invoke("payOut", cloudRefund("R1", 300))["refused"])
	require.Equal(t, "受理关系不存在", ask(func(o object) { o["subMchId"] = "1900000111" })["returnMsg"], "the function speaks for its own mini program")
	require.Empty(t, w.book().Refunds)
}

func TestTheSDKMayHideTheBusinessCode(t *testing.T) {
	for choice, want := range map[control.Choice]any{"": json.Number("0"), control.CloudShown: "NOTENOUGH"} {
		w := newWorld(t, control.WeChatSettings{CloudErrCode: choice})
		w.order(ofCloud)
		_, err := w.wechat.PatchMerchant(t.Context(), "1900000333", control.WeChatMerchantPatch{Balance: new(int64(0))})
		require.NoError(t, err)
		got := w.invoke("refund", cloudRefund("R1", 300))
		require.Equal(t, []any{"FAIL", "基本账户余额不足，请充值后重新发起", want}, []any{got["resultCode"], got["errCodeDes"], got["errCode"]})
	}
}

func TestASlowFunctionFinishesUnheard(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{FunctionTime: control.Duration(6 * time.Second)})
	w.order(ofCloud)
	body, err := json.Marshal(object{"action": "refund", "params": cloudRefund("R1", 300)})
	require.NoError(t, err)
	got := w.trigger("env=prod-1&name=refund&access_token="+w.token(), string(body))
	require.Equal(t, json.Number("-1"), got["errcode"])
	require.NotContains(t, got, "resp_data")
	require.Len(t, w.book().Refunds, 1)
}

func TestTheTriggerChecksTokenAndPlace(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	body := `{"action":"queryOrder","params":{"subMchId":"1900000333","outTradeNo":"X1"}}`
	token := w.token()
	code := func(method, query, body string) json.Number {
		_, b, err := w.do(w.srv.Client(), method, w.srv.URL+"/tcb/invokecloudfunction?"+query, "application/json", body)
		require.NoError(t, err)
		return readObject(t, b)["errcode"].(json.Number)
	}
	place := "env=prod-1&name=refund&access_token="
	for name, c := range map[string]struct {
		method, query, body string
		want                json.Number
	}{
		"a good one":          {"POST", place + token, body, "0"},
		"the newer form":      {"POST", "access_token=" + token, `{"env":"prod-1","name":"refund","req_data":` + body + `}`, "0"},
		"no token":            {"POST", place, body, "41001"},
		"a made-up token":     {"POST", place + "x", body, "40014"},
		"GET":                 {"GET", place + token, "", "43002"},
		"no input":            {"POST", place + token, "", "44002"},
		"no place":            {"POST", "access_token=" + token, body, "40101"},
		"another env":         {"POST", "env=x&name=refund&access_token=" + token, body, "85088"},
		"an unknown function": {"POST", "env=prod-1&name=x&access_token=" + token, body, "85088"},
		"no JSON":             {"POST", place + token, "x", "47001"},
	} {
		require.Equal(t, c.want, code(c.method, c.query, c.body), name)
	}
	w.advance(2 * time.Hour)
	require.Equal(t, json.Number("42001"), code("POST", place+token, body), "tokens live two hours")
	require.Equal(t, json.Number("0"), code("POST", place+w.token(), body))
}

func TestTokensAreForThoseWhoKnowTheSecret(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{TokenTTL: control.Duration(time.Minute)})
	const app, secret = "appid=wx3333333333333333", "&secret=app-secret-of-32-characters-long"
	for query, want := range map[string]any{
		"grant_type=client_credential&" + app + secret:                                     nil,
		"grant_type=password&" + app + secret:                                              json.Number("40002"),
		"grant_type=client_credential" + secret:                                            json.Number("41002"),
		"grant_type=client_credential&" + app:                                              json.Number("41004"),
		"grant_type=client_credential&appid=wx1" + secret:                                  json.Number("40013"),
		"grant_type=client_credential&" + app + "&secret=x":                                json.Number("40125"),
		"grant_type=client_credential&" + app + "&secret=app-secret-of-32-characters-lonG": json.Number("40001"),
	} {
		_, body, err := w.do(w.srv.Client(), http.MethodGet, w.srv.URL+"/cgi-bin/token?"+query, "", "")
		require.NoError(t, err)
		got := readObject(t, body)
		require.Equal(t, want, got["errcode"], query)
		if want == nil {
			require.Equal(t, []string{"access_token", "expires_in"}, slices.Sorted(maps.Keys(got)))
			require.Equal(t, json.Number("60"), got["expires_in"])
		}
	}
	log, err := json.Marshal(w.stage.Calls.Find(control.CallFilter{}))
	require.NoError(t, err)
	require.NotContains(t, string(log), "app-secret")
}
