package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// signedOnly is a world whose account takes signed decisions only, and asks nobody.
var signedOnly = refundtest.Options{Approval: refund.ApprovalPolicy{Signed: true}, DecisionKeys: [][]byte{deskKey}}

// recorded signs a decision when it is first sent, and sends that same signature ever
// after, as somebody does who has read it in a history.
func recorded(send func(*run, refund.Seal), decision, evidence string) refundtest.Do {
	var seal refund.Seal
	return func(r *run) {
		if seal.Signature == "" {
			s := refund.Sealed{Account: r.Request.Account, ID: r.Request.ID, Amount: r.Request.Amount, Decision: decision,
				By: "finance-2", Evidence: evidence, Expires: r.Now().Add(20 * day).Truncate(time.Second)}
			seal = refund.Seal{Expires: s.Expires, Signature: s.Sign(deskKey)}
		}
		send(r, seal)
	}
}

func approving(r *run, seal refund.Seal) {
	refundtest.Signal(workflows.SignalApprove, refund.Decision{By: "finance-2", Seal: seal})(r)
}

func resolving(evidence string) func(*run, refund.Seal) {
	return func(r *run, seal refund.Seal) {
		refundtest.Signal(workflows.SignalResolve, refund.Resolution{Action: refund.ResolveFailed, By: "finance-2", Evidence: evidence, Seal: seal})(r)
	}
}

// stays demands that the refund is still in a status.
func stays(status refund.Status) refundtest.Do {
	return refundtest.See(func(r *run, v refund.View) { require.Equal(r, status, v.Status, v.Sentence) })
}

const usedBefore = "its signature was used before, and counts once"

func TestASignedApprovalIsNotTakenAgainForAnotherQuestion(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{Limits: ledger.Limits{Reserve: 10000, Payout: ledger.PayoutMonthly},
		Budget: refund.BudgetPolicy{Reserve: refund.ExhaustedAsk}, DecisionKeys: [][]byte{deskKey}})
	usedUp(w)
	w.Configure(func(a *activities.Account) *activities.Account {
		a.Approval = refund.ApprovalPolicy{Always: true, Signed: true}
		return a
	})
	first, anew := recorded(approving, "approve", ""), recorded(approving, "approve", "")
	r := w.Run(w.Full(),
		refundtest.At(time.Hour, first),
		refundtest.At(2*time.Hour, asksOver("reserve"), first),
		refundtest.At(3*time.Hour, asksOver("reserve"), anew))
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
	took(3*time.Hour, 4*time.Hour)(t, r)
	turnedDown("approval by finance-2 is not taken: "+usedBefore)(t, r)
}

func TestASignedResolutionIsNotTakenAgainForALaterContradiction(t *testing.T) {
	t.Parallel()
	const evidence = "the console shows nothing"
	w := refundtest.New(t, signedOnly)
	request := w.Part()
	w.Fault(lost(opApply, control.Before, forEver))
	first := recorded(resolving(evidence), "resolve-failed", evidence)
	before, _ := w.Begin(request, refundtest.At(2*day, first)).Result()
	require.Equal(t, refund.StatusFailed, before.Status)
	w.Pass(day)
	told(w, providers.ResultSucceeded, request.Amount)

	again := w.Begin(request,
		// The test environment gives every run the same id, and a claim names the run and
		// counts in it: an unsigned one first, or the claim would be that of the first run.
		refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveFailed), first),
		refundtest.At(2*time.Hour, stays(refund.StatusNeedsAttention), recorded(resolving(evidence), "resolve-failed", evidence)))
	after, view := again.Result()
	require.Nil(t, again.Stood)
	require.Equal(t, refund.StatusFailed, after.Status)
	require.Contains(t, texts(view), "resolve by finance-2 is not taken: "+usedBefore+": sign it anew")
}

// texts are the lines of a view.
func texts(v refund.View) (all []string) {
	for _, step := range v.Steps {
		all = append(all, step.Text)
	}
	return all
}

// The workers die, the configuration changes: a signature is neither lost nor let off.
func TestASignatureIsCheckedWhateverHappens(t *testing.T) {
	always := refundtest.Options{Approval: refund.ApprovalPolicy{Always: true, Signed: true}, DecisionKeys: [][]byte{deskKey}}
	prove(t, []situation{
		{name: "a worker that dies once the signature is used up takes it all the same", world: always,
			acts: []refundtest.Act{refundtest.Lose(activities.VerifySeal, 1), refundtest.At(time.Hour, recorded(approving, "approve", ""))},
			ends: refund.StatusSucceeded, also: both(took(time.Hour, 2*time.Hour), turnedDown())},
		{name: "an approval that came twice in a moment is one", world: refundtest.Options{Approval: refund.ApprovalPolicy{
			Above: new(refund.Fen(1)), TwiceAbove: new(refund.Fen(2)), Signed: true}, DecisionKeys: [][]byte{deskKey}},
			acts: []refundtest.Act{
				refundtest.At(time.Hour, func(r *run) {
					approve := recorded(approving, "approve", "")
					approve(r)
					approve(r)
				}),
				refundtest.At(2*time.Hour, awaits(2, "finance-2"), sealed(workflows.SignalApprove, "approve", "finance-3", time.Hour, nil, deskKey))},
			ends: refund.StatusSucceeded, also: both(took(2*time.Hour, 3*time.Hour), turnedDown("approval by finance-2 came twice and counts once"))},
		{name: "evidence is signed: other evidence is another resolution", world: signedOnly, part: true, faults: []control.Fault{answer(opCheck, 77777, "?", forEver)},
			acts: []refundtest.Act{
				refundtest.At(time.Hour, recorded(resolving("something else"), "resolve-failed", "what was seen")),
				refundtest.At(2*time.Hour, stays(refund.StatusNeedsAttention), recorded(resolving("what was seen"), "resolve-failed", "what was seen"))},
			ends: refund.StatusFailed, also: turnedDown("its signature is not that of")},
	})
}

// What the account demanded when the refund was opened is demanded when the account is
// not configured any more, and there is no key to check by.
func TestAnEndIsNotAmendedUnsignedForWantOfTheAccount(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, signedOnly)
	request := w.Part()
	require.Equal(t, refund.StatusSucceeded, w.Run(request).Outcome.Status)
	w.Pass(day)
	told(w, providers.ResultFailed, request.Amount)
	back := w.Configure(takenOut)
	resolve := sealed(workflows.SignalResolve, "resolve-failed", "finance-2", time.Hour, nil, deskKey)
	again := w.Begin(request,
		refundtest.At(time.Hour, refundtest.See(func(r *run, v refund.View) {
			require.Equal(r, refund.StatusNeedsAttention, v.Status)
			require.Contains(r, v.Attention.LookFor, "refund R1 of ¥30.50 at baidu")
		}), refundtest.Resolve(refund.ResolveFailed)),
		refundtest.At(2*time.Hour, stays(refund.StatusNeedsAttention), resolve),
		refundtest.At(3*time.Hour, stays(refund.StatusNeedsAttention), func(r *run) {
			back()
			resolve(r)
		}))
	outcome, view := again.Result()
	require.Nil(t, again.Stood)
	require.Equal(t, refund.StatusFailed, outcome.Status)
	require.Contains(t, texts(view), "resolve by finance-2 is not taken: its signature cannot be checked: account "+refundtest.AccountName+" is not configured")
}
