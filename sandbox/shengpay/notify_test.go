package shengpay_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

// mailbox is a merchant's notification address that gives the answers it is told to, the last one for ever.
type mailbox struct {
	url   string
	mails chan string
}

func newMailbox(t *testing.T, answers ...func(w http.ResponseWriter)) *mailbox {
	t.Helper()
	b := &mailbox{mails: make(chan string, 100)}
	turn := make(chan int, 1)
	turn <- 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n := <-turn
		turn <- n + 1
		answers[min(n, len(answers)-1)](w)
		b.mails <- r.Header.Get("Content-Type") + "\n" + string(body)
	}))
	t.Cleanup(srv.Close)
	b.url = srv.URL + "/refunds/tenant-1"
	return b
}

func says(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// next waits for a message, as long as a slow machine may need.
func (b *mailbox) next(t *testing.T) fields {
	t.Helper()
	select {
	case mail := <-b.mails:
		kind, body := mail[:len("application/json; charset=utf-8")], mail[len("application/json; charset=utf-8\n"):]
		require.Equal(t, "application/json; charset=utf-8", kind)
		return decode(t, body)
	case <-time.After(20 * time.Second):
		require.Fail(t, "no notification came")
		return nil
	}
}

// logged waits until the stand-in has noted so many attempts.
func (w *world) logged(attempts int) []control.Delivery {
	w.Helper()
	var all []control.Delivery
	require.Eventually(w, func() bool {
		all = w.stage.Deliveries("shengpay", "")
		return len(all) >= attempts
	}, 20*time.Second, time.Millisecond)
	require.Len(w, all, attempts)
	return all
}

func TestTheMerchantIsToldHowARefundEnded(t *testing.T) {
	for outcome, want := range map[control.RefundStatus]string{
		control.Success: "REFUND_SUCCESS", control.Failed: "REFUND_FAIL", control.Abnormal: "REFUND_SUSPENDED",
	} {
		t.Run(want, func(t *testing.T) {
			w := newWorld(t, control.ShengpaySettings{SettleAfter: control.Duration(time.Hour)})
			box := newMailbox(t, says(200, "SUCCESS"))
			w.order(func(o *control.NewShengpayOrder) { o.Outcome = outcome })
			got := w.accepted(refundPath, with(wanted(), "notifyUrl", box.url))
			w.advance(time.Hour)
			mail := box.next(t)
			require.True(t, w.genuine(mail))
			require.Equal(t, want, mail["refundStatus"])
			require.Equal(t, got["refundId"], mail["refundId"])
			require.Equal(t, number, mail["refundOrderNo"])
			for name := range sample(t, "refund-notify", "body") {
				require.Contains(t, mail, name)
			}
			d := w.logged(1)[0]
			require.Equal(t, []any{true, "refund notification", transaction, number, 200}, []any{d.Taken, d.Kind, d.OrderID, d.RefundNo, d.Status})
			require.JSONEq(t, text([]control.Delivery{d}), text(w.book().Deliveries))
		})
	}
}

func TestOnlyTheBareWordIsTaken(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	box := newMailbox(t, says(200, `"SUCCESS"`), says(500, "SUCCESS"), says(200, "SIGN FAIL"), says(200, "SUCCESS"))
	w.order(nil)
	w.accepted(refundPath, with(wanted(), "notifyUrl", box.url))
	w.book() // the refund settles at the next look
	first := box.next(t)
	for i, pause := range []time.Duration{15 * time.Second, 30 * time.Second, time.Minute} {
		w.logged(i + 1)
		w.advance(pause)
		require.Equal(t, first, box.next(t), "the same notification again")
	}
	all := w.logged(4)
	require.True(t, all[3].Taken)
	require.Zero(t, all[3].Next)
	require.NotEmpty(t, all[0].Problem)
}

func TestTenAttemptsAtGrowingPausesAreAll(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	box := newMailbox(t, says(200, "FAIL"))
	w.order(nil)
	w.accepted(refundPath, with(wanted(), "notifyUrl", box.url))
	w.book()
	var last time.Duration
	for attempt := 1; attempt <= 10; attempt++ {
		d := w.logged(attempt)[attempt-1]
		require.Equal(t, attempt, d.Attempt)
		if attempt == 10 {
			require.Zero(t, d.Next, "given up")
			break
		}
		pause := d.Next.Sub(d.At)
		require.Greater(t, pause, last)
		last = pause
		w.advance(pause)
	}
}

func TestTheNumbersNameIsASetting(t *testing.T) {
	for setting, want := range map[control.Choice][]bool{"refundOrderNo": {true, false}, "outRefundNo": {false, true}, "both": {true, true}} {
		t.Run(string(setting), func(t *testing.T) {
			w := newWorld(t, control.ShengpaySettings{RefundNoAs: setting, SignAnswers: "false", AmountsAs: "text"})
			box := newMailbox(t, says(200, "SUCCESS"))
			w.order(nil)
			require.Nil(t, w.post(refundPath, with(wanted(), "notifyUrl", box.url))["errorCode"])
			w.book()
			mail := box.next(t)
			require.Equal(t, want, []bool{mail["refundOrderNo"] == number, mail["outRefundNo"] == number})
			require.True(t, w.genuine(mail), "notifications are signed whatever answers are")
			require.Equal(t, "100", mail["refundFee"])
		})
	}
}

func TestARefundInTheConsoleTellsNobody(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	w.order(nil)
	_, err := w.ctl.RefundElsewhere(t.Context(), transaction, 101)
	require.ErrorContains(t, err, "1..100")
	o, err := w.ctl.RefundElsewhere(t.Context(), transaction, 70)
	require.NoError(t, err)
	require.True(t, o.Refunds[0].Elsewhere)
	require.EqualValues(t, 930, w.merchant().Unsettled)
	require.Equal(t, "REFUND_FEE_EXCEED", w.post(refundPath, wanted())["errorCode"])
	w.logged(0)
}

func TestNotificationsSurviveARestart(t *testing.T) {
	w := newWorldIn(t, control.ShengpaySettings{SettleAfter: control.Duration(time.Hour)}, filepath.Join(t.TempDir(), "books.json"))
	box := newMailbox(t, says(500, ""), says(200, "SUCCESS"))
	w.order(coupons)
	w.accepted(refundPath, with(wanted(), "notifyUrl", box.url))
	before, merchant := w.book(), w.merchant()

	w.start(control.ShengpaySettings{})

	after := w.book()
	before.Calls, after.Calls = nil, nil // the log belongs to one run
	require.Equal(t, before, after)
	require.Equal(t, merchant, w.merchant(), "the platform key, too")
	again := w.accepted(refundPath, with(wanted(), "notifyUrl", box.url))
	require.Equal(t, before.Refunds[0].PlatformRefundID, again["refundId"])
	w.advance(time.Hour)
	first := box.next(t)
	w.logged(1)

	w.start(control.ShengpaySettings{})

	w.advance(15 * time.Second)
	require.Equal(t, first, box.next(t))
	require.True(t, w.logged(1)[0].Taken)
	require.EqualValues(t, 100, w.book().Refunded)
}
