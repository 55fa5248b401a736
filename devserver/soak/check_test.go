package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// noon is on one day in Shanghai.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, shanghai)

// named finds an account of the plan.
func named(t *testing.T, name string) *account {
	t.Helper()
	for _, a := range accounts {
		if a.name == name {
			return a
		}
	}
	require.FailNow(t, "no account "+name)
	return nil
}

// honest are facts in which everything holds: 0 is a refund in full, 1 and 2 are two parts
// of one order, 3 failed at the platform, 4 stands where it may, 5 was refused before it was
// written down, 6 was started by three callers and paid on the account with a cap.
func honest(t *testing.T) *facts {
	t.Helper()
	f := &facts{books: map[string]placed{}, caps: map[string]int64{"shop-capped": 5000}}
	place := func(account, id string, total int64) *order {
		o := &order{account: named(t, account), total: total, made: refund.Order{PlatformID: id, Total: refund.Fen(total)}}
		f.books[orderKey(account, id)] = placed{account: account, total: total}
		return o
	}
	add := func(o *order, id string, amount int64, wanted wants, status refund.Status) *fact {
		w := &wish{id: id, order: o, amount: amount, wants: wanted, callers: 1}
		r := fact{
			wish: w, answers: []answer{{Started: client.Started{RunID: "run-" + id}}},
			outcome: &refund.Outcome{ID: id, Account: o.account.name, Status: status, ProviderNumber: id},
			record:  &ledger.Record{Key: w.key(), Number: id, Amount: refund.Fen(amount), Status: ledger.Status(status)},
		}
		book := f.books[orderKey(o.account.name, o.made.PlatformID)]
		p := control.PlacedRefund{Number: id, Amount: amount, Status: control.Failed, AppliedAt: noon}
		if status == refund.StatusSucceeded {
			r.outcome.Amount, r.record.Refunded, p.Status = refund.Fen(amount), refund.Fen(amount), control.Success
		}
		book.refunds = append(book.refunds, p)
		f.books[orderKey(o.account.name, o.made.PlatformID)] = book
		f.refunds = append(f.refunds, r)
		return &f.refunds[len(f.refunds)-1]
	}
	add(place("shop-quiet", "1", 9800), "R0", 9800, wantsSuccess, refund.StatusSucceeded)
	parts := place("shop-shengpay", "2", 1000)
	add(parts, "R1", 400, wantsEither, refund.StatusSucceeded)
	add(parts, "R2", 600, wantsEither, refund.StatusSucceeded)
	add(place("shop-wechat", "3", 700), "R3", 700, wantsFailure, refund.StatusFailed)

	standing := add(place("shop-cloud", "4", 800), "R4", 800, wantsSuccess, refund.StatusSucceeded)
	standing.outcome, standing.view = nil, &refund.View{Status: refund.StatusNeedsAttention, Sentence: "the answer was lost"}
	standing.record.Status, standing.record.Refunded = ledger.Open, 0

	unwritten := add(place("shop-quiet", "5", 500), "R5", 500, wantsEither, refund.StatusFailed)
	unwritten.record, unwritten.outcome.ProviderNumber = nil, ""

	crowded := add(place("shop-capped", "6", 5000), "R6", 5000, wantsEither, refund.StatusSucceeded)
	crowded.wish.callers = 3
	for range 2 {
		crowded.answers = append(crowded.answers, answer{Started: client.Started{RunID: "run-R6", Existing: true}})
	}
	return f
}

// book changes an order in the platform's books.
func (f *facts) book(key string, change func(*placed)) {
	p := f.books[key]
	change(&p)
	f.books[key] = p
}

func again(p *placed) { p.refunds = append(p.refunds, p.refunds[0]) }

func TestHonestBooksAreFoundInOrder(t *testing.T) {
	require.Empty(t, honest(t).wrong())
}

// TestEveryWrongBookIsFound changes one thing in honest books: a check that finds nothing there
// would find nothing in a run either.
func TestEveryWrongBookIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		doctor func(*facts)
		found  string
	}{
		"paid twice": {func(f *facts) { f.book("shop-quiet/1", again) }, "shop-quiet/R0: paid 2 times"},
		"paid twice, second on its way": {func(f *facts) {
			f.book("shop-quiet/1", again)
			f.books["shop-quiet/1"].refunds[1].Status = control.Processing
		}, "paid 2 times"},
		"paid twice while it stands":     {func(f *facts) { f.book("shop-cloud/4", again) }, "shop-cloud/R4: paid 2 times"},
		"succeeded and not paid":         {func(f *facts) { f.book("shop-quiet/1", func(p *placed) { p.refunds = nil }) }, "the platform's books show no such refund"},
		"succeeded and failed there":     {func(f *facts) { f.books["shop-quiet/1"].refunds[0].Status = control.Failed }, "the platform's books show no such refund"},
		"succeeded and still processing": {func(f *facts) { f.books["shop-quiet/1"].refunds[0].Status = control.Processing }, "by the platform's books it is processing"},
		"failed and paid":                {func(f *facts) { f.books["shop-wechat/3"].refunds[0].Status = control.Success }, "was told failed, by the platform's books it is success"},
		"failed and on its way":          {func(f *facts) { f.books["shop-wechat/3"].refunds[0].Status = control.Processing }, "was told failed, by the platform's books it is processing"},
		"another amount paid":            {func(f *facts) { f.books["shop-quiet/1"].refunds[0].Amount = 9799 }, "9800 fen were asked for, the platform's books show 9799"},
		"another amount while it stands": {func(f *facts) { f.books["shop-cloud/4"].refunds[0].Amount = 80 }, "800 fen were asked for, the platform's books show 80"},
		"another amount told":            {func(f *facts) { f.refunds[0].outcome.Amount = 1; f.refunds[0].record.Refunded = 1 }, "9800 fen were asked for, the caller was told 1"},
		"paid under another number":      {func(f *facts) { f.books["shop-quiet/1"].refunds[0].Number = "other" }, `under number "other", which no refund in the ledger has`},
		"paid and unknown to the ledger": {func(f *facts) { f.books["shop-quiet/5"].refunds[0].Status = control.Success }, "which no refund in the ledger has"},
		"more than was paid":             {func(f *facts) { f.book("shop-shengpay/2", func(p *placed) { p.total = 999 }) }, "order shop-shengpay/2: 1000 fen given back, 999 were paid"},
		"above the cap":                  {func(f *facts) { f.caps["shop-capped"] = 4999 }, "account shop-capped gave back 5000 fen on 2026-11-21, its cap is 4999"},
		"above the cap with a failure": {func(f *facts) {
			f.book("shop-capped/6", func(p *placed) {
				p.refunds = append(p.refunds, control.PlacedRefund{Amount: 1, Status: control.Failed, AppliedAt: noon})
			})
		}, "gave back 5001 fen"},
		"one number for two":           {func(f *facts) { f.refunds[2].record.Number = "R1" }, "its refund number R1 is that of shop-shengpay/R1, too"},
		"another end in the ledger":    {func(f *facts) { f.refunds[0].record.Status = ledger.Failed }, "end: the caller was told succeeded, the ledger says failed"},
		"another amount in the ledger": {func(f *facts) { f.refunds[0].record.Refunded = 9799 }, "amount given back: the caller was told"},
		"another wish in the ledger":   {func(f *facts) { f.refunds[0].record.Amount = 9799 }, "amount asked for"},
		"another number in the ledger": {func(f *facts) { f.refunds[0].record.Number = "X" }, "refund number: the caller was told R0, the ledger says X"},
		"an alert":                     {func(f *facts) { f.refunds[0].record.Alert = "reported as failed" }, "the ledger has an alert: reported as failed"},
		"open after its end":           {func(f *facts) { f.refunds[0].record.Status = ledger.Open }, "the ledger says open"},
		"ended while it stands":        {func(f *facts) { f.refunds[4].record.Status = ledger.Succeeded }, "the ledger shows it as succeeded, and its workflow goes on"},
		"forgotten by the ledger":      {func(f *facts) { f.refunds[0].record = nil }, "the ledger does not know it, the caller was told succeeded"},
		"sent and forgotten":           {func(f *facts) { f.refunds[5].outcome.ProviderNumber = "R5" }, "the ledger does not know it, the caller was told failed"},
		"standing and forgotten":       {func(f *facts) { f.refunds[4].record = nil }, "the ledger does not know it, and it needs a person"},
		"lost":                         {func(f *facts) { f.refunds[0].outcome, f.refunds[0].lost = nil, errors.New("not found") }, "is lost: not found"},
		"not ended in time": {func(f *facts) {
			f.refunds[0].outcome, f.refunds[0].record.Status = nil, ledger.Open
			f.refunds[0].view = &refund.View{Status: refund.StatusInDoubt, Waiting: &refund.Waiting{For: refund.WaitAnswer, Why: "no answer"}}
		}, "has not ended in time: in_doubt since 00:00:00 (), waiting for answer: no answer"},
		"standing where it may not": {func(f *facts) {
			f.refunds[0].outcome, f.refunds[0].record.Status = nil, ledger.Open
			f.refunds[0].view = &refund.View{Status: refund.StatusNeedsAttention}
		}, "needs a person, and nothing on this account may lead there"},
		"failed without need":             {func(f *facts) { f.refunds[3].wish.wants = wantsSuccess }, "has failed (), and must have succeeded"},
		"succeeded where it cannot":       {func(f *facts) { f.refunds[0].wish.wants = wantsFailure }, "has succeeded (), and must have failed"},
		"rejected by nobody":              {func(f *facts) { f.refunds[3].outcome.Status = refund.StatusRejected }, "has rejected"},
		"a crowd made two":                {func(f *facts) { f.refunds[6].answers[2].RunID = "run-2" }, "3 callers at once started 2 workflows"},
		"two were the first":              {func(f *facts) { f.refunds[6].answers[2].Existing = false }, "2 were told that theirs is the first"},
		"a caller without an answer":      {func(f *facts) { f.refunds[6].answers = f.refunds[6].answers[:2] }, "2 of 3 callers had an answer"},
		"a caller with an error":          {func(f *facts) { f.refunds[6].answers[2].err = errors.New("conflict") }, "a caller could not start it: conflict"},
		"an order the platform forgot":    {func(f *facts) { delete(f.books, "shop-quiet/1") }, "its order is not in the platform's books"},
		"sums of the ledger do not agree": {func(f *facts) { f.audit = []string{"usage of a day"} }, "the ledger's audit: usage of a day"},
	} {
		t.Run(name, func(t *testing.T) {
			f := honest(t)
			c.doctor(f)
			var texts []string
			for _, found := range f.wrong() {
				texts = append(texts, found.String())
			}
			require.Condition(t, func() bool { return containsText(texts, c.found) }, "want %q among %q", c.found, texts)
		})
	}
}

func TestARefundThatWasSentAgainInVainMayStand(t *testing.T) {
	f := honest(t)
	r := &f.refunds[0]
	r.outcome, r.record.Status, r.record.Refunded = nil, ledger.Open, 0
	r.view = &refund.View{Status: refund.StatusNeedsAttention, Failure: &refund.Failure{Code: "60021"}}
	require.Len(t, f.wrong(), 1)
	r.view.Failure.Code = unanswered
	require.Empty(t, f.wrong())
}

func TestWhoWaitsForOneThatStandsMayWait(t *testing.T) {
	f := honest(t)
	first, second := &f.refunds[1], &f.refunds[2]
	for _, r := range []*fact{first, second} {
		r.outcome, r.record.Status, r.record.Refunded = nil, ledger.Open, 0
	}
	f.book("shop-shengpay/2", func(p *placed) { p.refunds = nil })
	first.view = &refund.View{Status: refund.StatusNeedsAttention, Failure: &refund.Failure{Code: unanswered}}
	second.view = &refund.View{Status: refund.StatusAwaitingBudget, Waiting: &refund.Waiting{For: refund.WaitOrderTurn}}
	require.Empty(t, f.wrong())
	first.view = &refund.View{Status: refund.StatusInDoubt}
	require.Len(t, f.wrong(), 2, "behind one that should have ended, it should have, too")
}

// TestARefundRightAfterMidnightIsOfEitherDay: it was held for the day before, a moment ago.
func TestARefundRightAfterMidnightIsOfEitherDay(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		wrong bool
	}{{0, false}, {59 * time.Second, false}, {61 * time.Second, true}} {
		f := honest(t)
		f.caps["shop-capped"] = 1
		f.books["shop-capped/6"].refunds[0].AppliedAt = time.Date(2026, 11, 22, 0, 0, 0, 0, shanghai).Add(c.after)
		require.Equal(t, c.wrong, len(f.wrong()) > 0, "%s after midnight", c.after)
	}
}
