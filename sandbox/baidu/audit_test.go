package baidu_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestAnswersAreReadAsStrictlyAsThePageWordsThem(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	s := openShop(w)
	seen := 0
	for _, c := range []struct {
		name, path string
		status     int
		body, want string
	}{
		{"status", "/audit", 500, yes, "HTTP status 500"},
		{"created", "/audit", 201, yes, "HTTP status 201"},
		{"empty", "/audit", 200, "", "no JSON object"},
		{"html", "/audit", 200, "<html>", "no JSON object"},
		{"an array", "/audit", 200, "[" + yes + "]", "no JSON object"},
		{"null", "/audit", 200, "null", "no JSON object"},
		{"something behind it", "/audit", 200, yes + "x", "no JSON object"},
		{"errno missing", "/audit", 200, strings.Replace(yes, `"errno":0,`, "", 1), "errno is missing"},
		{"errno text", "/audit", 200, strings.Replace(yes, `:0`, `:"0"`, 1), "errno is missing"},
		{"errno not 0", "/audit", 200, strings.Replace(yes, `:0`, `:1`, 1), "errno is 1"},
		{"errno in capitals", "/audit", 200, strings.Replace(yes, "errno", "ERRNO", 1), "errno is missing"},
		{"data an array", "/audit", 200, `{"errno":0,"msg":"success","data":[]}`, "data is missing"},
		{"data missing", "/audit", 200, `{"errno":0,"msg":"success"}`, "data is missing"},
		{"verdict missing", "/audit", 200, strings.Replace(yes, `"auditStatus":1,`, "", 1), "auditStatus"},
		{"verdict text", "/audit", 200, strings.Replace(yes, `:1,`, `:"1",`, 1), "auditStatus"},
		{"verdict unknown", "/audit", 200, strings.Replace(yes, `:1,`, `:4,`, 1), "auditStatus"},
		{"amount missing", "/audit", 200, strings.Replace(yes, `"refundPayMoney":100`, "", 1), "refundPayMoney is missing"},
		{"amount missing on reject", "/audit", 200, strings.Replace(no, `"refundPayMoney":100`, "", 1), "refundPayMoney is missing"},
		{"amount text", "/audit", 200, strings.Replace(yes, `:100`, `:"100"`, 1), "no JSON number"},
		{"amount a fraction", "/audit", 200, strings.Replace(yes, `:100`, `:100.0`, 1), "no JSON number"},
		{"amount another", "/audit", 200, strings.Replace(yes, `:100`, `:101`, 1), "refundPayMoney is 101, the refund is of 100"},
		{"result missing", "/audit", 200, `{"errno":0,"data":{"auditStatus":1}}`, "calculateRes is missing"},
		{"notification: data an array", "/notify", 200, `{"errno":0,"msg":"success","data":[]}`, "data is missing"},
		{"notification: errno", "/notify", 200, strings.Replace(ack, ":0", ":1", 1), "errno is 1"},
		{"notification: status", "/notify", 204, "", "HTTP status 204"},
	} {
		t.Run(c.name, func(t *testing.T) {
			audit := c.path == "/audit"
			s.answer("/audit", 200, yes)
			s.answer(c.path, c.status, c.body)
			w.apply("B1")
			s.next("/audit")
			if seen++; !audit {
				s.next("/notify")
				seen++
			}
			d := w.deliveries(seen)[seen-1]
			require.False(t, d.Taken)
			require.Contains(t, d.Problem, c.want)
			require.Equal(t, 2*time.Minute, d.Next.Sub(d.At))
			refunds := w.book().Refunds
			if last := refunds[len(refunds)-1]; audit {
				require.Equal(t, []any{control.AuditWaiting, control.Processing, true}, []any{last.Audit, last.Status, last.SettlesAt.IsZero()})
			} else {
				require.Equal(t, control.Success, last.Status, "the money does not wait for an answer")
			}
		})
	}
}

func TestAnUndecidedMerchantIsAskedEveryFiveMinutes(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	s := openShop(w)
	s.answer("/audit", 200, later)
	w.apply("B1")
	for i := range 4 {
		require.Equal(t, auditFields, s.next("/audit"), "the same question")
		require.True(t, w.deliveries(i + 1)[i].Taken)
		w.advance(5*time.Minute - time.Second)
		w.deliveries(i + 1)
		w.advance(time.Second)
	}
	s.next("/audit")
	w.deliveries(5)
	s.answer("/audit", 200, yes)
	w.advance(5 * time.Minute)
	s.next("/audit")
	require.Equal(t, paidFields, s.next("/notify"))
	w.deliveries(7)
	require.Equal(t, control.Success, w.book().Refunds[0].Status)
}

func TestAMerchantThatWantsNoAuditAnyMoreIsNotAsked(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	s := openShop(w)
	s.answer("/audit", 200, later)
	w.apply("B1")
	s.next("/audit")
	w.deliveries(1)
	w.patch(control.BaiduMerchantPatch{RefundAuditURL: new("")})
	w.advance(5 * time.Minute)
	require.Equal(t, paidFields, s.next("/notify"))
	w.apply("B2")
	require.Equal(t, "152713836", s.next("/notify")["refundBatchId"])
}

func TestARejectedRefundFailsAndBarsItsOrder(t *testing.T) {
	for _, notify := range []control.Choice{control.Both, control.SuccessOnly} {
		t.Run(string(notify), func(t *testing.T) {
			w := newWorld(t, control.BaiduSettings{Notify: notify})
			w.order(nil)
			s := openShop(w)
			s.answer("/audit", 200, no)
			w.apply("B1")
			s.next("/audit")
			told := 1
			if notify == control.Both {
				require.Equal(t, with(paidFields, "refundStatus", "2"), s.next("/notify"))
				told = 2
			}
			w.deliveries(told)
			book := w.book()
			require.Equal(t, []any{control.AuditRejected, control.Failed, true}, []any{book.Refunds[0].Audit, book.Refunds[0].Status, book.Barred})
			require.EqualValues(t, 1_000_000, w.merchant().Balance, "what the refund drew is given back")
			require.EqualValues(t, 10002, w.post(cashierApply, partial("1", "B2")).code())
			_, err := w.baidu.RefundElsewhere(t.Context(), "800200451", 1)
			require.ErrorContains(t, err, "barred")
			w.advance(24 * time.Hour)
			w.deliveries(told)
		})
	}
}

func TestTheFirstVerdictStands(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{SettleAfter: control.Duration(time.Hour)})
	w.order(nil)
	s := openShop(w)
	w.apply("B1")
	s.next("/audit")
	first := w.deliveries(1)[0]
	s.answer("/audit", 200, no)
	again, err := w.ctl.DeliverAgain(t.Context(), first.Seq)
	require.NoError(t, err)
	require.Equal(t, first.Seq, again.Seq)
	require.Equal(t, auditFields, s.next("/audit"))
	require.True(t, w.deliveries(2)[1].Taken)
	require.Equal(t, control.AuditApproved, w.book().Refunds[0].Audit)
	require.False(t, w.book().Barred)
}

func TestAuditsAndLettersOutliveARestart(t *testing.T) {
	w := keptWorld(t)
	w.order(nil)
	s := openShop(w)
	s.answer("/audit", 200, later)
	w.apply("B1")
	s.next("/audit")
	w.deliveries(1)
	s.answer("/audit", 500, "")
	w.apply("B2")
	s.next("/audit")
	w.deliveries(2)
	token := w.token()
	own := with(openapiApply("100", "B3"), "refundNotifyUrl", s.URL+"/own")
	require.Zero(t, w.openapi(http.MethodPost, "applyOrderRefund", token, own).code())
	before := w.shown()
	w.restart()
	require.Equal(t, before, w.shown())
	s.answer("/audit", 200, yes)
	w.advance(2 * time.Minute)
	require.Equal(t, "152713836", s.next("/audit")["refundBatchId"], "the failed letter goes on where it was")
	w.deliveries(1)
	w.restart()
	w.advance(3 * time.Minute)
	require.Equal(t, "152713835", s.next("/audit")["refundBatchId"], "the undecided merchant is asked again")
	w.deliveries(1)
	w.restart()
	s.answer("/own", 500, "")
	w.advance(time.Hour)
	told := map[string]string{}
	for range 3 {
		l := <-s.letters
		told[l.form["refundBatchId"]] = l.path + l.form["refundStatus"]
	}
	require.Equal(t, map[string]string{"152713835": "/notify1", "152713836": "/notify1", "152713837": "/own1"}, told)
	w.deliveries(3)
	_, err := w.baidu.Books(t.Context()) // an answer: now the file holds all of it
	require.NoError(t, err)
	s.answer("/own", 200, ack)
	w.restart()
	w.advance(2 * time.Minute)
	require.Equal(t, "152713837", s.next("/own")["refundBatchId"])
	require.True(t, w.deliveries(1)[0].Taken)
}
