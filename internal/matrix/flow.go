package matrix

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/providertest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// What every refund of the matrix is about: an order of ¥98.00, and ¥30.50 of it.
const (
	total = refund.Fen(9800)
	part  = refund.Fen(3050)
)

// Flow is one way a refund goes on one transport when nothing goes wrong.
type Flow struct {
	Transport providertest.Transport
	// Name says what is particular to it: "full", "part, with messages".
	Name string
	// Part of the order is given back, not the whole.
	Part bool
	// Unverified: the order never was verified, so that nothing has to be cancelled.
	Unverified bool
	// Messages: the platform tells how the refund ended, and asks first where it does.
	Messages bool
	// Approved: a person must approve it, and does after an hour.
	Approved bool
	// Elsewhere: while it is on its way, the platform's service desk gives some of the order back.
	Elsewhere bool
	// Late: it is asked for ten minutes before midnight.
	Late bool
	// Unpaid: the order never was paid, whatever the request says.
	Unpaid bool
	// Rejected: a person must approve it, and rejects it after an hour; Twice: two people
	// must approve it, and one of them says so twice.
	Rejected, Twice bool
	// Fails: the platform accepts it, and five minutes later it has failed.
	Fails bool
	// ShownLate: the platform does not show it for eight minutes after it was accepted.
	ShownLate bool
	// Capped: another refund has used up the day's cap, so that it waits for the next day.
	Capped bool
	// Reserved: another refund has drawn the reserve, so that it waits for the next payout,
	// on Monday.
	Reserved bool
	// Inline: first attempts are made in the workflow's own task.
	Inline activities.Inline

	// What its bench says of the transport.
	rules            providers.Rules
	apply            string
	oneName          bool // under which all calls come
	codes            []providertest.Code
	forged           map[string]control.Fault
	signed, unsealed bool
	hints            bool
	notified, audits bool
}

// Flows lists every flow of every transport.
func Flows(t *testing.T) []Flow {
	t.Helper()
	var all []Flow
	for _, transport := range providertest.Benches() {
		bench := providertest.Stand(t, transport)
		_, notified := bench.Provider.(providers.Notified)
		_, audits := bench.Provider.(providers.Auditor)
		of := Flow{
			Transport: transport, rules: bench.Provider.Rules(), apply: bench.Ops.Apply, oneName: bench.Ops.Query == bench.Ops.Apply,
			codes: bench.Codes(t), forged: bench.Forged, signed: bench.Signed, unsealed: bench.Unsealed, hints: bench.Hints, notified: notified, audits: audits,
		}
		add := func(name string, change func(*Flow)) {
			f := of
			f.Name = name
			change(&f)
			all = append(all, f)
		}
		add("full", func(*Flow) {})
		if of.rules.FullWantsUnverified {
			add("full, never verified", func(f *Flow) { f.Unverified = true })
			add("full, fails", func(f *Flow) { f.Fails = true })
		}
		if of.rules.Partial {
			add("part", func(f *Flow) { f.Part = true })
		}
		if notified {
			add("full, with messages", func(f *Flow) { f.Messages = true })
			if of.rules.Partial {
				add("part, with messages", func(f *Flow) { f.Part, f.Messages = true, true })
				if audits {
					add("part, beside another", func(f *Flow) { f.Part, f.Messages, f.Elsewhere = true, true, true })
				}
			}
		}
		if of.rules.Partial {
			add("part, fails", func(f *Flow) { f.Part, f.Fails, f.Messages = true, true, notified })
		} else {
			add("full, fails", func(f *Flow) { f.Fails = true })
		}
		if of.rules.Query == providers.QueryByNumber && !of.rules.RepeatAnswers {
			add("part, shown late", func(f *Flow) { f.Part, f.ShownLate = true, true })
		}
		add("full, approved", func(f *Flow) { f.Approved = true })
		add("full, never paid", func(f *Flow) { f.Unpaid = true })
		add("full, before midnight", func(f *Flow) { f.Late = true })
		add("full, rejected", func(f *Flow) { f.Rejected = true })
		add("full, approved twice", func(f *Flow) { f.Approved, f.Twice = true, true })
		add("full, capped", func(f *Flow) { f.Capped = true })
		add("full, short of reserve", func(f *Flow) { f.Reserved = true })
		add("full, inline reads", func(f *Flow) { f.Inline = activities.InlineReads })
		add("full, inline all", func(f *Flow) { f.Inline = activities.InlineAll })
		if of.rules.Partial {
			add("part, inline all", func(f *Flow) { f.Part, f.Inline = true, activities.InlineAll })
		}
	}
	return all
}

func (f Flow) String() string { return f.Transport.Name + " | " + f.Name }

// heals: what goes wrong once is found out without a person. It takes a platform that can
// be asked by the refund's number, or one that answers at once and answers a repeat alike. Of
// the others not even a refund in fair weather can always be proven to have ended, and one
// that answers at once never says that a refund has failed for good.
func (f Flow) heals() bool {
	if f.strands() {
		return false
	}
	return f.rules.Query == providers.QueryByNumber || f.rules.Query == providers.QueryNone && f.rules.RepeatAnswers && !f.Fails
}

// proves: in fair weather its end is proven without a person.
func (f Flow) proves() bool { return f.heals() || f.hears() && !f.hints && !f.strands() }

// strands: it fails when the order's verification is gone, which is for a person.
func (f Flow) strands() bool { return f.Fails && !f.Part && f.rules.FullWantsUnverified }

// hears: the platform sends its messages, for they are part of the flow or the only way
// to learn how the refund ended.
func (f Flow) hears() bool {
	return f.notified && (f.Messages || f.rules.Query != providers.QueryByNumber)
}

func (f Flow) options(post *postman) refundtest.Options {
	o := refundtest.Options{Inline: f.Inline}
	if f.ShownLate {
		o.Sandbox.QueryLag = control.Duration(8 * time.Minute)
	}
	if f.hears() {
		o.NotifyURL = post.url("refund")
	}
	if f.Messages && f.audits {
		o.AuditURL = post.url("audit")
	}
	if f.Twice {
		o.Approval = refund.ApprovalPolicy{TwiceAbove: new(total / 2)}
	} else if f.Approved || f.Rejected {
		o.Approval = refund.ApprovalPolicy{Above: new(total / 2)}
	}
	if f.Capped {
		o.Limits.DailyCap = total
	}
	if f.Reserved {
		o.Limits.Reserve, o.Limits.Payout = total, ledger.PayoutWeekly
	}
	return o
}

// request makes the order and asks for the refund.
func (f Flow) request(w *refundtest.World, id string) refund.Request {
	w.Helper()
	wanted := control.NewOrder{Total: int64(total)}
	if f.Part {
		wanted.SettleAfter = new(control.Duration(5 * time.Minute)) // asked about more than once
	}
	if f.Fails {
		wanted.Outcome = control.Failed
	}
	if f.Unpaid {
		wanted.Paid = new(false)
	}
	order := w.Bench().NewOrder(w.T, wanted)
	if f.Unverified {
		_, err := w.Platform.Baidu().PatchOrder(w.Context(), order.PlatformID, control.BaiduOrderPatch{Verified: new(false)})
		require.NoError(w, err)
	}
	amount := total
	if f.Part {
		amount = part
	}
	return w.Request(id, order, amount)
}

// sends: it is about one refund that is sent, and so may be forgotten.
func (f Flow) sends() bool { return !f.Rejected && !f.Unpaid && !f.Elsewhere }

// begins: it differs from the plain flow only before anything is sent.
func (f Flow) begins() bool {
	return f.Approved || f.Rejected || f.Unpaid || f.Late || f.waits()
}

// ends is how it ends.
func (f Flow) ends() refund.Status {
	switch {
	case f.Rejected:
		return refund.StatusRejected
	case f.Fails:
		return refund.StatusFailed
	}
	return refund.StatusSucceeded
}

// approvedAfter is how long the person takes.
const approvedAfter = time.Hour

// acts are what people do in it.
func (f Flow) acts() []refundtest.Act {
	switch {
	case f.Rejected:
		return []refundtest.Act{refundtest.At(approvedAfter, refundtest.Reject("finance-2"))}
	case f.Elsewhere:
		return []refundtest.Act{refundtest.Perhaps(refundtest.After("Apply", 1, func(r *refundtest.Run) {
			_, err := r.Platform.Baidu().RefundElsewhere(r.Context(), r.Request.Order.PlatformID, int64(part))
			require.NoError(r, err)
		}))}
	case !f.Approved:
		return nil
	case f.Twice:
		return []refundtest.Act{
			refundtest.At(approvedAfter/4, refundtest.Approve("finance-1")), refundtest.At(approvedAfter/2, refundtest.Approve("Finance-1")),
			refundtest.At(approvedAfter, refundtest.Approve("finance-2")),
		}
	}
	return []refundtest.Act{
		refundtest.At(approvedAfter/2, refundtest.Approve("agent-17")), // who has asked for it, which counts for nothing
		refundtest.At(approvedAfter, refundtest.Approve("finance-2")),
	}
}

// before is what has happened when the refund is asked for: the refund that has used up
// the day's cap or the reserve, or nothing.
func (f Flow) before(w *refundtest.World, post *postman) (earlier []refund.Request) {
	w.Helper()
	if f.Late {
		w.Pass(11*time.Hour + 50*time.Minute) // it is noon
	}
	if !f.waits() {
		return nil
	}
	first := f.request(w, "R0")
	if !f.proves() { // it would stand for weeks, and the cap is one of a day
		f.taken(w, first)
		return nil
	}
	r := w.Run(first, post.rounds()...)
	require.Equal(w, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
	return []refund.Request{first}
}

// taken is a refund that has taken its budget and is not sent.
func (f Flow) taken(w *refundtest.World, r refund.Request) {
	account, err := w.Account(r.Account)
	require.NoError(w, err)
	_, err = w.Ledger.Open(w.Context(), ledger.Opening{
		Request: r, Fingerprint: r.Fingerprint(), Rules: f.rules, At: w.Now(), Number: refund.ProviderNumber(r.Account, "", r.ID, f.rules.Number),
	})
	require.NoError(w, err)
	hold, err := w.Ledger.Hold(w.Context(), ledger.KeyOf(r), w.Now(), account.Limits)
	require.NoError(w, err)
	require.True(w, hold.Granted, hold.Why)
}

// passes are the statuses that the flow is about, which it goes through in fair weather.
func (f Flow) passes() []refund.Status {
	var all []refund.Status
	if f.Approved || f.Rejected {
		all = append(all, refund.StatusAwaitingApproval)
	}
	if f.waits() {
		all = append(all, refund.StatusAwaitingBudget)
	}
	if f.rules.FullWantsUnverified && !f.Part && !f.Unverified && !f.Rejected && !f.Unpaid {
		all = append(all, refund.StatusCancellingVerification)
	}
	return all
}

// waits: it does, for budget.
func (f Flow) waits() bool { return f.Capped || f.Reserved }

// sums adds up what the platform has taken for given back, by the day it was applied for.
func sums(placed []control.PlacedRefund, dayOf func(time.Time) time.Time) map[time.Time]refund.Fen {
	sums := map[time.Time]refund.Fen{}
	for _, p := range placed {
		if p.Status != control.Failed {
			sums[dayOf(p.AppliedAt)] += refund.Fen(p.Amount)
		}
	}
	return sums
}

// businessDay is the midnight at which a moment's day began.
func businessDay(at time.Time) time.Time {
	year, month, day := at.In(refundtest.Shanghai).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, refundtest.Shanghai)
}

// payoutPeriod is the Monday at which a moment's period of payout began.
func payoutPeriod(at time.Time) time.Time {
	day := businessDay(at)
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
}

// transportsOf lists the transports of some flows, in order.
func transportsOf(flows []Flow) []string {
	var names []string
	for _, f := range flows {
		if !slices.Contains(names, f.Transport.Name) {
			names = append(names, f.Transport.Name)
		}
	}
	return names
}
