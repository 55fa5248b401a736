package baidu_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox"
	"github.com/refundflow/refundflow/sandbox/control"
)

var auditFields = form{"orderId": "800200451", "userId": "2250333905", "tpOrderId": "10000234", "refundBatchId": "152713835", "applyRefundMoney": "100"}
var paidFields = with(without(auditFields, "applyRefundMoney"), "refundStatus", "1")

func TestARefundIsAuditedThenPaidThenNotified(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{SettleAfter: control.Duration(time.Hour)})
	w.order(nil)
	s := openShop(w)
	w.apply("B1")
	require.Equal(t, auditFields, s.next("/audit"))
	audit := w.deliveries(1)[0]
	require.Equal(t, []any{"refund audit", "B1", 1, 200, true, ""}, []any{audit.Kind, audit.RefundNo, audit.Attempt, audit.Status, audit.Taken, audit.Problem})
	r := w.book().Refunds[0]
	require.Equal(t, []any{control.AuditApproved, control.Processing}, []any{r.Audit, r.Status})
	require.True(t, noon.Add(time.Hour).Equal(r.SettlesAt))
	w.advance(time.Hour)
	require.Equal(t, paidFields, s.next("/notify"))
	require.Equal(t, "refund notification", w.deliveries(2)[1].Kind)
	require.EqualValues(t, 100, w.book().Refunded)
	w.advance(1000 * time.Hour)
	w.deliveries(2)
}

func TestTheSampleRepliesAndFieldsAreTheStandInsOwn(t *testing.T) {
	var file struct {
		Samples []struct {
			ID      string
			Form    form
			Replies map[string]any
		}
	}
	readJSON(t, "testdata/baidu_samples.json", &file)
	found := 0
	for _, sample := range file.Samples {
		switch sample.ID {
		case "callback-audit":
			require.Equal(t, slices.Sorted(maps.Keys(auditFields)), slices.Sorted(maps.Keys(sample.Form)))
			for name, body := range map[string]string{"approve": yes, "reject": no, "undecided": later} {
				require.JSONEq(t, body, toJSON(t, sample.Replies[name]))
			}
			found++
		case "callback-refund-result":
			require.Equal(t, slices.Sorted(maps.Keys(paidFields)), slices.Sorted(maps.Keys(sample.Form)))
			require.JSONEq(t, ack, toJSON(t, sample.Replies["ack"]))
			found++
		}
	}
	require.Equal(t, 2, found)
}

func TestWhatIsNotTakenIsRepeatedForEver(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	s := openShop(w)
	s.answer("/audit", 200, `{"errno":1}`)
	w.apply("B1")
	for i, pause := range []time.Duration{2, 4, 10, 30, 60, 60, 60} {
		s.next("/audit")
		d := w.deliveries(i + 1)[i]
		require.Equal(t, pause*time.Minute, d.Next.Sub(d.At), "attempt %d", d.Attempt)
		w.advance(pause * time.Minute)
	}
	s.next("/audit")
	w.deliveries(8)
}

func TestAMerchantHasTwoSeconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	w.patch(control.BaiduMerchantPatch{RefundAuditURL: &slow.URL})
	w.apply("B1")
	require.Equal(t, "no answer within 2s", w.deliveries(1)[0].Problem)
}

func TestTheOpenapiMaySkipTheAuditAndNameItsOwnAddress(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	s := openShop(w)
	token := w.token()
	own := with(openapiApply("100", "B1"), "refundNotifyUrl", s.URL+"/own")
	require.Zero(t, w.openapi(http.MethodPost, "applyOrderRefund", token, own).code())
	require.Equal(t, paidFields, s.next("/own"), "no audit, and not the merchant's address")
	require.Zero(t, w.openapi(http.MethodPost, "applyOrderRefund", token, with(openapiApply("100", "B2"), "isSkipAudit", "0")).code())
	require.Equal(t, "152713836", s.next("/audit")["refundBatchId"])
	require.Equal(t, "152713836", s.next("/notify")["refundBatchId"])
}

func TestOlderEditionsAndEmptyFieldsAreSentOnDemand(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{AuditFields: control.Older, EmptyUser: true})
	w.order(nil)
	s := openShop(w)
	w.apply("B1")
	require.Equal(t, without(auditFields, "applyRefundMoney"), s.next("/audit"))
	require.Equal(t, with(with(paidFields, "userId", ""), "tpOrderId", ""), s.next("/notify"), "sent empty, and signed so")
}

func TestTheServiceDeskRefundsWithoutTheMerchantsNumber(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	s := openShop(w)
	for amount, want := range map[int64]string{0: "amount is 0", -1: "amount is -1", 9801: "9800 fen of the order are left"} {
		_, err := w.baidu.RefundElsewhere(t.Context(), "800200451", amount)
		require.ErrorContains(t, err, want)
	}
	_, err := w.baidu.RefundElsewhere(t.Context(), "1", 1)
	require.ErrorContains(t, err, "order_id")
	o, err := w.baidu.RefundElsewhere(t.Context(), "800200451", 100)
	require.NoError(t, err)
	require.Equal(t, []any{true, "", control.AuditWaiting, int64(100)},
		[]any{o.Refunds[0].Elsewhere, o.Refunds[0].BizRefundBatchID, o.Refunds[0].Audit, o.Refunds[0].Amount})
	require.EqualValues(t, 999_900, w.merchant().Balance)
	require.Equal(t, auditFields, s.next("/audit"))
	require.Equal(t, paidFields, s.next("/notify"))
	require.Contains(t, w.find(w.token()).Raw, `"bizRefundBatchId":""`)
	w.patch(control.BaiduMerchantPatch{Balance: new(int64(1))})
	_, err = w.baidu.RefundElsewhere(t.Context(), "800200451", 2)
	require.ErrorContains(t, err, "enterprise balance is 1")
}

func TestADroppedNotificationLeavesOnlyTheQuery(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	s := openShop(w)
	w.fault(control.Fault{Op: control.OpNotify, Platform: "baidu", OrderID: "800200451", Kind: control.FaultDrop, Nth: 2})
	w.apply("B1")
	s.next("/audit")
	d := w.deliveries(2)[1]
	require.Equal(t, []any{"refund notification", false, true}, []any{d.Kind, d.Taken, d.Next.IsZero()})
	require.Equal(t, control.Success, w.book().Refunds[0].Status)
	w.advance(24 * time.Hour)
	w.deliveries(2)
	require.Empty(t, s.letters)
}

func TestLettersLeaveThisMachineOnlyWhenAllowed(t *testing.T) {
	w := newWorldWith(t, sandbox.Options{})
	w.order(nil)
	w.patch(control.BaiduMerchantPatch{RefundNotifyURL: new("http://192.0.2.1/notify")})
	w.apply("B1")
	require.Contains(t, w.deliveries(1)[0].Problem, "not on this machine")
}
