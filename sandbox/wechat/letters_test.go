package wechat_test

import (
	"crypto/aes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

const (
	takenXML  = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"
	takenJSON = `{"errcode":0,"errmsg":"ok"}`
)

// open decrypts req_info the way a merchant does (§7.1).
func open(t *testing.T, body []byte, key string) (envelope, info form) {
	t.Helper()
	envelope = readXML(t, body)
	sum := md5.Sum([]byte(key))
	block, err := aes.NewCipher([]byte(hex.EncodeToString(sum[:])))
	require.NoError(t, err)
	text, err := base64.StdEncoding.DecodeString(envelope["req_info"])
	require.NoError(t, err)
	require.Zero(t, len(text)%aes.BlockSize)
	for at := 0; at < len(text); at += aes.BlockSize {
		block.Decrypt(text[at:], text[at:])
	}
	return envelope, readXML(t, text[:len(text)-int(text[len(text)-1])])
}

func TestResultsAreToldEncryptedToTheRequestsAddress(t *testing.T) {
	for outcome, status := range map[control.RefundStatus]string{control.Success: "SUCCESS", control.Failed: "REFUNDCLOSE", control.Abnormal: "CHANGE"} {
		t.Run(status, func(t *testing.T) {
			w := newWorld(t, control.WeChatSettings{SettleAfter: control.Duration(time.Hour)})
			in := newInbox(t, takenXML)
			w.order(func(o *control.NewOrder) { o.Outcome = outcome })
			require.Equal(t, "SUCCESS", verdict(w.refund(with(refund("R1", "300"), "notify_url", in.URL+"/notify"))))
			w.advance(time.Hour)
			l := in.next(t)
			require.Equal(t, "/notify", l.Path)
			envelope, info := open(t, l.Body, docKey)
			likeSample(t, "wechat_v2_refund_notify_success.xml", envelope)
			want := form{"transaction_id": transaction, "out_trade_no": outTrade, "out_refund_no": "R1", "refund_fee": "300", "total_fee": "888",
				"refund_id": w.book().Refunds[0].PlatformRefundID, "refund_status": status, "refund_request_source": "API", "settlement_refund_fee": "300",
				"settlement_total_fee": "888", "refund_account": "REFUND_SOURCE_UNSETTLED_FUNDS", "refund_recv_accout": "支付用户零钱"}
			if outcome == control.Success {
				want["success_time"] = "2026-03-01 13:00:00"
			}
			require.Equal(t, want, info)
			d := w.deliveries(1)[0]
			require.Equal(t, []any{true, "refund notification", "R1", http.StatusOK}, []any{d.Taken, d.Kind, d.RefundNo, d.Status})
			require.Len(t, w.book().Deliveries, 1)
		})
	}
}

func TestAnAbnormalRefundEndsUnderItsNumberWhenTheConsoleFinishesIt(t *testing.T) {
	for outcome, c := range map[control.RefundStatus]struct {
		status  string
		balance int64
	}{control.Success: {"SUCCESS", 1_000_000 - 300}, control.Failed: {"REFUNDCLOSE", 1_000_000}} {
		w := newWorld(t, control.WeChatSettings{})
		in := newInbox(t, takenXML)
		w.order(func(o *control.NewOrder) { o.Outcome = control.Abnormal })
		require.Equal(t, "SUCCESS", verdict(w.refund(with(refund("R1", "300"), "notify_url", in.URL+"/n"))))
		w.stage.Wake()
		_, info := open(t, in.next(t).Body, docKey)
		require.Equal(t, "CHANGE", info["refund_status"])
		w.advance(time.Hour)
		_, err := w.ctl.Platform("wechat").PatchOrder(t.Context(), transaction, control.OrderPatch{Paid: new(true)})
		require.NoError(t, err)
		ask := query("out_refund_no", "R1")
		require.Equal(t, "CHANGE", w.v2("/pay/refundquery", ask)["refund_status_0"], "any other change of the order leaves it")
		_, err = w.ctl.Platform("wechat").PatchOrder(t.Context(), transaction, control.OrderPatch{Outcome: new(outcome)})
		require.NoError(t, err)
		require.Equal(t, c.status, w.v2("/pay/refundquery", ask)["refund_status_0"])
		_, info = open(t, in.next(t).Body, docKey)
		require.Equal(t, []string{c.status, "R1", "300"}, []string{info["refund_status"], info["out_refund_no"], info["refund_fee"]})
		require.Equal(t, c.balance, w.balance("1900000111"))
	}
}

func TestNotificationsComeAgainUntilTheyAreTaken(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	in := newInbox(t, "success", `{"return_code":"SUCCESS"}`, "<xml><return_code>FAIL</return_code></xml>", takenXML)
	w.order(nil)
	require.Equal(t, "SUCCESS", verdict(w.refund(with(refund("R1", "300"), "notify_url", in.URL+"/n"))))
	w.stage.Wake()
	for i, pause := range []time.Duration{15 * time.Second, 15 * time.Second, 30 * time.Second, 0} {
		in.next(t)
		d := w.deliveries(i + 1)[i]
		require.Equal(t, i == 3, d.Taken)
		require.Equal(t, i+1, d.Attempt)
		if pause > 0 {
			require.Equal(t, pause, d.Next.Sub(d.At))
			w.advance(pause)
		} else {
			require.Zero(t, d.Next, "taken is taken")
		}
	}
}

func TestTheConsolesRefundsGoToTheDefaultAddress(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	in := newInbox(t, takenXML)
	_, err := w.wechat.PatchMerchant(t.Context(), "1900000111", control.WeChatMerchantPatch{NotifyURL: new(in.URL + "/console")})
	require.NoError(t, err)
	w.order(nil)
	o, err := w.ctl.Platform("wechat").RefundElsewhere(t.Context(), transaction, 88)
	require.NoError(t, err)
	require.True(t, o.Refunds[0].Elsewhere)
	require.Empty(t, o.Refunds[0].Number)
	l := in.next(t)
	_, info := open(t, l.Body, docKey)
	require.Equal(t, []string{"VENDOR_PLATFORM", "88", "/console"}, []string{info["refund_request_source"], info["refund_fee"], l.Path})
	w.advance(time.Minute)
	require.Equal(t, "ERROR 累计退款金额大于支付金额", verdict(w.refund(refund("R1", "888"))), "the remainder is smaller now")
	_, err = w.ctl.Platform("wechat").RefundElsewhere(t.Context(), transaction, 801)
	require.ErrorContains(t, err, "amount is 801")
}

func TestContainersAreCalledOnTheirPathUntilErrcodeZero(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	in := newInbox(t, "success", takenJSON)
	_, err := w.wechat.PatchMerchant(t.Context(), "1900000333", control.WeChatMerchantPatch{ContainerURL: new(in.URL)})
	require.NoError(t, err)
	w.order(ofCloud)
	require.Equal(t, "SUCCESS", w.run("/_/pay/refund", runSample(t, "wechat_cloudrun_refund_request.json"))["result_code"])
	w.stage.Wake()
	in.next(t)
	require.False(t, w.deliveries(1)[0].Taken, "the word success is not what the page asks for")
	w.advance(15 * time.Second)
	l := in.next(t)
	require.Equal(t, "/callbacks/wechat/refund", l.Path)
	require.NotEmpty(t, l.Header.Get("X-Wx-Source"))
	got, want := readObject(t, l.Body), readObject(t, sample(t, "wechat_cloudrun_refund_callback.json"))
	hasFieldsOf(t, want, got)
	for _, name := range []string{"outTradeNo", "outRefundNo", "totalFee", "refundFee", "refundStatus", "refundRequestSource"} {
		require.Equal(t, want[name], got[name], name)
	}
	require.True(t, w.deliveries(2)[1].Taken)
}

func TestTheForwarderSignsEachAttemptWithItsOwnTime(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{SettleAfter: control.Duration(time.Minute)})
	in := newInbox(t, `{"errcode":1}`, `{"errcode":0}`)
	_, err := w.wechat.PatchMerchant(t.Context(), "1900000333", control.WeChatMerchantPatch{ForwardURL: new(in.URL + "/f"), ForwardSecret: new("hush")})
	require.NoError(t, err)
	w.order(ofCloud)
	require.Equal(t, "SUCCESS", w.invoke("refund", cloudRefund("R1", 300))["resultCode"])
	w.advance(time.Minute)
	for i, at := range []time.Duration{time.Minute, time.Minute + 15*time.Second} {
		l := in.next(t)
		stamp := l.Header.Get("X-Refundflow-Timestamp")
		require.Equal(t, strconv.FormatInt(noon.Add(at).Unix(), 10), stamp)
		require.Equal(t, macHex("hush", stamp+"."+string(l.Body)), l.Header.Get("X-Refundflow-Signature"))
		require.Equal(t, "R1", readObject(t, l.Body)["outRefundNo"])
		w.deliveries(i + 1)
		w.advance(15 * time.Second)
	}
	saved, err := w.p.Save()
	require.NoError(t, err)
	require.NotContains(t, string(saved), `"forward":`, "taken is taken, no further attempt is planned")
}
