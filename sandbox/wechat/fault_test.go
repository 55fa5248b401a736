package wechat_test

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestForgedAnswersAreWellFormedAndSigned(t *testing.T) {
	for name, c := range map[string]struct {
		fault control.Fault
		want  string
		paid  bool
	}{
		"a business code before the work": {control.Fault{Kind: control.FaultAnswer, Errno: new(int64), Msg: "SYSTEMERROR 系统超时"}, "SYSTEMERROR 系统超时", false},
		"a business code after the work":  {control.Fault{Kind: control.FaultAnswer, Errno: new(int64), Msg: "SYSTEMERROR 系统超时", Phase: control.After}, "SYSTEMERROR 系统超时", true},
		"not understood":                  {control.Fault{Kind: control.FaultAnswer, Errno: new(int64), Msg: "FAIL 系统繁忙"}, "return 系统繁忙", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.WeChatSettings{})
			w.order(nil)
			c.fault.Op = "refund"
			w.fault(c.fault)
			require.Equal(t, c.want, verdict(w.refund(refund("R1", "300"))))
			require.Equal(t, c.paid, len(w.book().Refunds) == 1)
			require.Equal(t, "SUCCESS", verdict(w.refund(refund("R1", "300"))), "the next call is served")
			require.Len(t, w.book().Refunds, 1)
		})
	}
}

func TestAnAnswerCanLoseItsCodes(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(nil)
	w.fault(control.Fault{Op: "refund", Kind: control.FaultNoCode, Phase: control.After})
	ask := refund("R1", "300")
	_, body, err := w.do(w.srv.Client(), http.MethodPost, w.srv.URL+"/secapi/pay/refund", "text/xml", writeXML(with(ask, "sign", v2Sign(ask, "", docKey))))
	require.NoError(t, err)
	answer := readXML(t, body)
	require.NotContains(t, answer, "result_code")
	require.NotContains(t, answer, "return_code")
	require.NotEmpty(t, answer["refund_id"])
	require.Equal(t, v2Sign(answer, "", docKey), answer["sign"])
}

func TestFaultsOfTheCloudKnowEachLayer(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(ofCloud)
	w.fault(control.Fault{Op: "cloudrun.refund", Kind: control.FaultAnswer, Errno: new(int64), Msg: "SYSTEMERROR 系统超时"})
	w.fault(control.Fault{Op: "cloudrun.refund", Kind: control.FaultAnswer, ErrorCode: new(int64(85113)), Msg: "token service not ready"})
	w.fault(control.Fault{Op: "invokecloudfunction", Kind: control.FaultAnswer, ErrorCode: new(int64(-1000)), Msg: "system error"})
	w.fault(control.Fault{Op: "cgi-bin.token", Kind: control.FaultAnswer, ErrorCode: new(int64(-1)), Msg: "system busy", Nth: 2})
	ask := runSample(t, "wechat_cloudrun_refund_request.json")
	require.Equal(t, "SYSTEMERROR 系统超时", verdict(texts(w.run("/_/pay/refund", ask))))
	body, err := json.Marshal(ask)
	require.NoError(t, err)
	_, answer, err := w.do(w.srv.Client(), http.MethodPost, w.srv.URL+"/_/pay/refund", "application/json", string(body))
	require.NoError(t, err)
	require.Equal(t, object{"errcode": json.Number("85113"), "errmsg": "token service not ready"}, readObject(t, answer))
	require.Equal(t, json.Number("-1000"), w.trigger("env=prod-1&name=refund&access_token="+w.token(), "{}")["errcode"])
	_, answer, err = w.do(w.srv.Client(), http.MethodGet, w.srv.URL+"/cgi-bin/token", "", "")
	require.NoError(t, err)
	require.Equal(t, json.Number("-1"), readObject(t, answer)["errcode"])
	require.Empty(t, w.book().Refunds)
}

func TestALostAnswerIsFoundAgainUnderItsNumber(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(nil)
	w.fault(control.Fault{Op: "refund", OrderID: transaction, Kind: control.FaultDisconnect, Phase: control.After})
	ask := refund("R1", "300")
	_, _, err := w.do(w.srv.Client(), http.MethodPost, w.srv.URL+"/secapi/pay/refund", "text/xml", writeXML(with(ask, "sign", v2Sign(ask, "", docKey))))
	require.Error(t, err)
	found := w.v2("/pay/refundquery", query("out_refund_no", "R1"))
	require.Equal(t, found["refund_id_0"], w.refund(ask)["refund_id"])
	require.EqualValues(t, 1_000_000-300, w.balance("1900000111"))
}

func TestManyAtOnceNeverPayTwiceOrTooMuch(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{AnyPace: true})
	w.order(nil)
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			ask := refund("R"+string(rune('A'+i%8)), "200") // eight numbers, three times each; four of them fit into the order
			_, _, err := w.do(w.srv.Client(), http.MethodPost, w.srv.URL+"/secapi/pay/refund", "text/xml", writeXML(with(ask, "sign", v2Sign(ask, "", docKey))))
			if err != nil {
				w.Error(err)
			}
		})
	}
	all.Wait()
	book := w.book()
	require.Len(t, book.Refunds, 4)
	require.EqualValues(t, 800, book.Refunded)
	require.EqualValues(t, 1_000_000-800, w.balance("1900000111"))
	require.Len(t, book.Calls, 24)
}
