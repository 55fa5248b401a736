package wechat_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

// The published refusals, each brought about by what it is for; those that only WeChat's own troubles cause, by a fault.
func TestRefusalsReadLikeThePublishedOnes(t *testing.T) {
	old := paid(366 * 24 * time.Hour)
	for name, c := range map[string]struct {
		order func(*control.NewOrder)
		ask   form
		fault string
		poor  bool
		times int
	}{
		"response_amount_mismatch":      {ask: with(refund("R1", "300"), "total_fee", "900")},
		"response_notenough":            {ask: refund("R1", "300"), poor: true},
		"response_trade_overdue":        {ask: refund("R1", "300"), order: old},
		"response_invalid_req_too_much": {ask: with(refund("R1", "300"), "total_fee", "900"), times: 6},
		"response_systemerror":          {ask: refund("R1", "300"), fault: "SYSTEMERROR 系统超时"},
		"response_need_retry":           {ask: refund("R1", "300"), fault: "BIZERR_NEED_RETRY 退款业务流程错误，需要商户触发重试来解决"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.WeChatSettings{})
			w.order(c.order)
			if c.poor {
				_, err := w.wechat.PatchMerchant(t.Context(), "1900000111", control.WeChatMerchantPatch{Balance: new(int64(299))})
				require.NoError(t, err)
			}
			if c.fault != "" {
				w.fault(control.Fault{Op: "refund", Kind: control.FaultAnswer, Errno: new(int64), Msg: c.fault})
			}
			for range c.times {
				w.refund(c.ask)
			}
			want := readXML(t, sample(t, "wechat_v2_refund_"+name+".xml"))
			require.Equal(t, without(want, "nonce_str", "sign"), without(w.refund(c.ask), "nonce_str", "sign"))
			require.Empty(t, w.book().Refunds)
		})
	}
}

func TestARelationThatIsNotThereReadsLikeThePublishedOnes(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	want := readXML(t, sample(t, "wechat_v2_response_return_fail_relation.xml"))
	require.Equal(t, want, w.refund(with(refund("R1", "300"), "sub_mch_id", "1900000999")))

	_, body, err := w.do(w.srv.Client(), http.MethodPost, w.srv.URL+"/_/pay/refund", "application/json", `{"sub_mch_id":"1900000999"}`)
	require.NoError(t, err)
	require.JSONEq(t, string(sample(t, "wechat_cloudrun_refund_response_relation_fail.json")), string(body))
}

func TestCloudRefusalsReadLikeThePublishedOnes(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(ofCloud)
	_, err := w.wechat.PatchMerchant(t.Context(), "1900000333", control.WeChatMerchantPatch{Balance: new(int64(0))})
	require.NoError(t, err)
	got := w.run("/_/pay/refund", runSample(t, "wechat_cloudrun_refund_request.json"))
	want := respdata(t, "wechat_cloudrun_refund_response_business_fail.json")
	hasFieldsOf(t, want, got)
	for _, name := range []string{"return_code", "result_code", "err_code", "err_code_des", "mch_id"} {
		require.Equal(t, want[name], got[name], name)
	}
}

func TestTheTriggerWrapsTheFunctionsAnswerAsText(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(ofCloud)
	body, err := json.Marshal(object{"action": "refund", "params": cloudRefund("RF-20260301-000001", 300)})
	require.NoError(t, err)
	got := w.trigger("env=prod-1&name=refund&access_token="+w.token(), string(body))
	want := readObject(t, sample(t, "wechat_cloudfunction_invoke_response.json"))
	hasFieldsOf(t, want, got)
	hasFieldsOf(t, readObject(t, []byte(want["resp_data"].(string))), readObject(t, []byte(got["resp_data"].(string))))
}

func TestThePublishedRepliesTakeALetter(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{AnyPace: true})
	v2, cloud := newInbox(t, string(sample(t, "wechat_v2_notify_reply_success.xml"))), newInbox(t, string(sample(t, "wechat_cloudrun_callback_reply.json")))
	_, err := w.wechat.PatchMerchant(t.Context(), "1900000333", control.WeChatMerchantPatch{ContainerURL: new(cloud.URL)})
	require.NoError(t, err)
	w.order(nil)
	w.order(func(o *control.NewOrder) { ofCloud(o); o.PlatformID = "42" })
	require.Equal(t, "SUCCESS", verdict(w.refund(with(refund("R1", "300"), "notify_url", v2.URL+"/n"))))
	require.Equal(t, "SUCCESS", w.run("/_/pay/refund", runSample(t, "wechat_cloudrun_refund_request.json"))["result_code"])
	w.stage.Wake()
	for _, d := range w.deliveries(2) {
		require.Truef(t, d.Taken, "%s: %s", d.Kind, strings.TrimSpace(d.Problem))
	}
}
