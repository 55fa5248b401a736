package callback

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// mail is one message and the reply it must get.
type mail struct{ body, want string }

func TestTheWordOfBaiduMovesOnlyTheRefundItNames(t *testing.T) {
	ok := func(f form) mail { return mail{f.signed(t, platform()), taken} }
	again := func(f form) mail { return mail{f.signed(t, platform()), notTaken} }
	succeeded, failed := notice("1"), notice("2")
	for _, c := range []struct {
		name   string
		before func(*world) *world
		mails  []mail
		// What is so afterwards.
		evidence     providers.ResultState
		contradicted bool
		refunded     refund.Fen
		signals      int
		foreign      providers.ResultState
		alerts       int
		journal      string
	}{
		{name: "success", mails: []mail{ok(succeeded)}, evidence: providers.ResultSucceeded, signals: 1, journal: "reported succeeded"},
		{name: "failure", mails: []mail{ok(failed)}, evidence: providers.ResultFailed, signals: 1, journal: "reported failed"},
		{name: "without the numbers that may be empty", mails: []mail{ok(succeeded.with("userId", "").with("tpOrderId", ""))},
			evidence: providers.ResultSucceeded, signals: 1},
		{name: "the same three times", mails: []mail{ok(succeeded), ok(succeeded), ok(succeeded)}, evidence: providers.ResultSucceeded, signals: 3},
		{name: "success, then failure", mails: []mail{ok(succeeded), ok(failed)},
			evidence: providers.ResultSucceeded, contradicted: true, signals: 2, alerts: 1, journal: "contradiction"},
		{name: "failure, then success", mails: []mail{ok(failed), ok(succeeded), ok(succeeded)},
			evidence: providers.ResultFailed, contradicted: true, signals: 3, alerts: 2, journal: "contradiction"},
		{name: "a status that is not listed asks only", mails: []mail{ok(notice("3"))}, signals: 1},
		{name: "another order", mails: []mail{ok(succeeded.with("orderId", "1"))}, signals: 1, alerts: 1,
			journal: "the platform's order number is 1 in the notification and 800200451 in the books"},
		{name: "another order of the merchant", mails: []mail{ok(succeeded.with("tpOrderId", "7"))}, signals: 1, alerts: 1,
			journal: "the merchant's order number is 7 in the notification and 10000234 in the books"},
		{name: "another payer", mails: []mail{ok(succeeded.with("userId", "1"))}, signals: 1, alerts: 1, journal: "the payer in the notification"},
		{name: "another batch of the order is foreign", mails: []mail{ok(succeeded.with("refundBatchId", "701"))}, foreign: providers.ResultSucceeded},
		{name: "its failure before does not hide it", mails: []mail{ok(failed.with("refundBatchId", "701")), ok(succeeded.with("refundBatchId", "701"))},
			foreign: providers.ResultSucceeded, alerts: 1},
		{name: "nor does its failure after undo it", mails: []mail{ok(succeeded.with("refundBatchId", "701")), ok(failed.with("refundBatchId", "701"))},
			foreign: providers.ResultSucceeded, alerts: 1},
		{name: "another order's batch is foreign", mails: []mail{ok(succeeded.with("refundBatchId", "701").with("orderId", "9"))},
			foreign: providers.ResultSucceeded},
		{name: "before its acceptance is written it is to come again", before: (*world).sent, mails: []mail{again(succeeded)}, signals: 1},
		{name: "before anything was sent it is foreign", before: (*world).opened, mails: []mail{ok(succeeded)}, foreign: providers.ResultSucceeded},
		{name: "when nothing is known it is foreign", before: func(w *world) *world { return w }, mails: []mail{ok(succeeded), ok(succeeded)},
			foreign: providers.ResultSucceeded},
		{name: "after the end that it confirms, nobody is woken",
			before: func(w *world) *world { return w.accepted().ended(ledger.Succeeded) }, mails: []mail{ok(succeeded)}, refunded: 100},
		{name: "after an end without the platform's number it tells the number", before: func(w *world) *world { return w.sent().settled() },
			mails: []mail{ok(succeeded), ok(succeeded)}, refunded: 100, journal: "reported succeeded"},
		{name: "which another batch does not have then", before: func(w *world) *world { return w.sent().settled() },
			mails: []mail{ok(succeeded), ok(succeeded.with("refundBatchId", "701"))}, refunded: 100, foreign: providers.ResultSucceeded},
		{name: "a failure after such an end is for a person", before: func(w *world) *world { return w.sent().settled() },
			mails: []mail{ok(failed)}, refunded: 100, alerts: 1, journal: "contradiction"},
		{name: "money back after the failure of what may have been sent counts",
			before: func(w *world) *world { return w.sent().ended(ledger.Failed) }, mails: []mail{ok(succeeded)},
			refunded: 100, alerts: 1, journal: "contradiction"},
		{name: "one that a person ended has no claim to it",
			before: func(w *world) *world { return w.sent().ended(ledger.Succeeded) }, mails: []mail{ok(succeeded)},
			refunded: 100, foreign: providers.ResultSucceeded},
		{name: "money back after a failure counts, and a person looks",
			before: func(w *world) *world { return w.accepted().ended(ledger.Failed) }, mails: []mail{ok(succeeded)},
			refunded: 100, alerts: 1, journal: "contradiction"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.before == nil {
				c.before = (*world).accepted
			}
			c.before(w)
			for _, m := range c.mails {
				w.now = w.now.Add(2 * time.Minute)
				got, status := w.post(toRefund, m.body)
				require.Equal(t, 200, status)
				require.Equal(t, m.want, got)
			}
			if r, err := w.Refund(t.Context(), r1); err == nil {
				if c.evidence == "" {
					require.Nil(t, r.Evidence)
				} else {
					require.NotNil(t, r.Evidence)
					require.Equal(t, c.evidence, r.Evidence.State)
					require.Equal(t, c.contradicted, r.Evidence.Contradicted)
					require.Equal(t, "notification", r.Evidence.Source)
				}
				require.Equal(t, c.refunded, r.Refunded)
			}
			require.Len(t, w.signals, c.signals)
			for _, id := range w.signals {
				require.Equal(t, "refund/shop/R1", id)
			}
			foreign, err := w.ForeignRefunds(t.Context(), "baidu/MMM4hG")
			require.NoError(t, err)
			if c.foreign == "" {
				require.Empty(t, foreign)
			} else {
				require.Len(t, foreign, 1)
				require.Equal(t, c.foreign, foreign[0].State)
			}
			require.Equal(t, c.alerts, w.alerts())
			require.Contains(t, w.steps(), c.journal)
			found, err := w.Store.Audit(t.Context())
			require.NoError(t, err)
			require.Empty(t, found, "the books balance")
		})
	}
}

func TestAnotherAccountOfTheMerchantMayHearIt(t *testing.T) {
	w := newWorld(t).accepted()
	got, _ := w.post("/callbacks/second/refund", notice("1").signed(t, platform()))
	require.Equal(t, taken, got)
	require.Equal(t, []string{"refund/shop/R1"}, w.signals)
	require.NotNil(t, w.record().Evidence)
}

func TestAMessageToAnotherMerchantIsNotOurs(t *testing.T) {
	w := newWorld(t).accepted()
	got, _ := w.post("/callbacks/other/refund", notice("1").signed(t, platform()))
	require.Equal(t, taken, got)
	require.Empty(t, w.signals)
	require.Nil(t, w.record().Evidence)
	foreign, err := w.ForeignRefunds(t.Context(), "baidu/MMM4hG")
	require.NoError(t, err)
	require.Empty(t, foreign, "nor does it count in our orders")
}

func TestManyAtOnceAreAsGoodAsOneAfterTheOther(t *testing.T) {
	w := newWorld(t).accepted()
	bodies := []string{notice("1").signed(t, platform()), notice("2").signed(t, platform())}
	var all sync.WaitGroup
	replies := make([]string, 16)
	for i := range replies {
		all.Go(func() { replies[i], _ = w.post(toRefund, bodies[i%2]) })
	}
	all.Wait()
	for _, reply := range replies {
		require.Equal(t, taken, reply)
	}
	require.True(t, w.record().Evidence.Contradicted)
	require.NotEmpty(t, w.signals)
}

func TestItIsTakenOnceItIsSafelyInTheBooks(t *testing.T) {
	down := errors.New("the disk is gone")
	for _, c := range []struct {
		call   string
		before func(*world) *world
		body   form
	}{
		{"FindByPlatformRefund", (*world).accepted, notice("1")},
		{"Testify", (*world).accepted, notice("1")},
		{"Note", (*world).accepted, notice("1").with("orderId", "1")},
		{"FindInFlight", (*world).sent, notice("1")},
		{"FindNameless", (*world).opened, notice("1")},
		{"NoteForeign", (*world).opened, notice("1")},
	} {
		t.Run(c.call, func(t *testing.T) {
			w := c.before(newWorld(t))
			before := w.state()
			broken := true
			w.books.before = func(ctx context.Context, call string) error {
				deadline, ok := ctx.Deadline()
				require.True(t, ok, "every call of the books is bounded")
				require.NotZero(t, deadline)
				if broken && call == c.call {
					return down
				}
				return nil
			}
			got, _ := w.post(toRefund, c.body.signed(t, platform()))
			require.Equal(t, notTaken, got)
			require.Equal(t, before, w.state())
			require.Empty(t, w.signals, "nobody is told what is not written")
			require.Contains(t, w.logged(), down.Error())

			broken = false
			w.post(toRefund, c.body.signed(t, platform()))
			if c.call != "FindInFlight" {
				require.NotEqual(t, before, w.state(), "the repeat is written")
			}
		})
	}
}

func TestASignalThatFailsSpoilsNothing(t *testing.T) {
	w := newWorld(t).accepted()
	w.signal = func(context.Context) error { return errors.New("temporal is away") }
	got, _ := w.post(toRefund, notice("1").signed(t, platform()))
	require.Equal(t, taken, got)
	require.NotNil(t, w.record().Evidence)
	require.Contains(t, w.logged(), "temporal is away")
}

func TestAnAcceptanceWrittenBetweenTwoLooksIsSeen(t *testing.T) {
	w := newWorld(t).sent()
	w.books.before = func(ctx context.Context, call string) error {
		if call == "FindInFlight" {
			return w.EndSend(ctx, r1, noon, ledger.Answer{Receipt: &providers.Receipt{PlatformRefundID: "700", Amount: 100}})
		}
		return nil
	}
	got, _ := w.post(toRefund, notice("1").signed(t, platform()))
	require.Equal(t, taken, got)
	require.NotNil(t, w.record().Evidence)
}

// What "certainly did not arrive" may have arrived all the same: the platform must
// go on telling until the refund's number is known.
func TestAProvenSuccessOfATakenBackSendingIsNotDropped(t *testing.T) {
	w := newWorld(t).sent()
	require.NoError(t, w.EndSend(t.Context(), r1, noon, ledger.Answer{NotSent: true, Text: "429"}))
	got, _ := w.post(toRefund, notice("1").signed(t, platform()))
	require.NotEqual(t, taken, got)
	require.NotEmpty(t, w.signals)
	foreign, err := w.ForeignRefunds(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, foreign)
}

func TestALateWordFindsItsRefundBesideTheNextOneOfTheOrder(t *testing.T) {
	w := newWorld(t).sent().settled()
	o := ledger.Opening{Request: w.record().Request, Number: "N2", Rules: w.accounts["shop"].Rules(), At: noon}
	o.Request.ID = "R2"
	o.Fingerprint = o.Request.Fingerprint()
	r2 := ledger.Key{Account: "shop", ID: "R2"}
	_, err := w.Open(t.Context(), o)
	require.NoError(t, err)
	_, err = w.Hold(t.Context(), r2, noon, ledger.Limits{})
	require.NoError(t, err)
	_, err = w.BeginSend(t.Context(), r2, noon, ledger.Limits{})
	require.NoError(t, err)
	got, _ := w.post(toRefund, notice("1").signed(t, platform()))
	require.Equal(t, notTaken, got, "it may be the next one's")
	require.NoError(t, w.EndSend(t.Context(), r2, noon, ledger.Answer{Receipt: &providers.Receipt{PlatformRefundID: "701", Amount: 100}}))
	got, _ = w.post(toRefund, notice("1").signed(t, platform()))
	require.Equal(t, taken, got)
	require.Equal(t, "700", w.record().PlatformRefundID)
	foreign, err := w.ForeignRefunds(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, foreign)
}
