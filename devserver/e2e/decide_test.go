package e2e

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

func TestADecisionIsAnsweredAtOnceOrRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 1000, Approval: "twice_above: 4000"})
	w.work(nil)
	r, rejected, cancelled := w.request(5000, 5000), w.request(2000, 2000), w.request(2000, 2000)
	for _, r := range []refund.Request{r, rejected, cancelled} {
		require.Equal(t, refund.StatusAwaitingApproval, w.submit(r).Answer.Status)
	}
	by := func(who string) refund.Decision { return refund.Decision{By: who, Note: "checked"} }
	var refused *client.RefusedError
	var ended *client.EndedError

	_, err := w.refunds.Approve(w.ctx, r.Account, r.ID, by("agent-17"))
	require.ErrorAs(t, err, &refused)
	require.Contains(t, refused.Reason, "agent-17 asked for this refund")
	_, err = w.refunds.Resolve(w.ctx, r.Account, r.ID, refund.Resolution{Action: refund.ResolveRetry, By: "ops-1"})
	require.ErrorAs(t, err, &refused, "it needs nobody's attention")

	answer, err := w.refunds.Approve(w.ctx, r.Account, r.ID, by("finance-2"))
	require.NoError(t, err)
	require.Contains(t, answer.Sentence, "approved by finance-2: checked")
	_, err = w.refunds.Approve(w.ctx, r.Account, r.ID, by("finance-2"))
	require.ErrorAs(t, err, &refused, "nobody is two people")
	view := w.reach(r, refund.StatusAwaitingApproval)
	require.Equal(t, 2, view.Waiting.Approvers)
	require.Equal(t, []string{"finance-2"}, view.Waiting.ApprovedBy)
	require.NoError(t, w.refunds.Signal(w.ctx, r.Account, r.ID, workflows.SignalApprove, by("finance-3")))
	w.paidOnce(r, w.wait(r))

	answer, err = w.refunds.Reject(w.ctx, rejected.Account, rejected.ID, by("finance-2"))
	require.NoError(t, err)
	require.Contains(t, answer.Sentence, "rejected by finance-2: checked")
	require.Equal(t, refund.StatusRejected, w.wait(rejected).Status)

	answer, err = w.refunds.Cancel(w.ctx, cancelled.Account, cancelled.ID, by("agent-17"))
	require.NoError(t, err)
	require.Equal(t, refund.StatusCancelled, answer.Status, "it answers when it has obeyed")
	require.Equal(t, refund.StatusCancelled, w.wait(cancelled).Status)

	_, err = w.refunds.Cancel(w.ctx, r.Account, r.ID, by("agent-17"))
	require.ErrorAs(t, err, &ended)
	require.Equal(t, refund.StatusSucceeded, ended.Status)
	require.ErrorAs(t, w.refunds.Signal(w.ctx, r.Account, r.ID, workflows.SignalCancel, by("agent-17")), &ended)
	require.ErrorAs(t, w.refunds.LookAgain(w.ctx, r.Account, r.ID), &ended)
	w.balanced(5000)
}

func TestWhereDecisionsMustBeSignedTheNameAloneIsNotEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 1000, Approval: "decision_key_files: [decision.key]"})
	for name, key := range map[string]string{"decision.key": "0123456789abcdef0123456789abcdef", "other.key": "fedcba9876543210fedcba9876543210"} {
		require.NoError(t, os.WriteFile(w.file(name), []byte(key+"\n"), 0o600))
	}
	w.work(nil)
	r, pasted := w.request(2000, 2000), w.request(3000, 3000)
	w.submit(r)
	w.submit(pasted)

	w.starter("", "approve", full(r), "--by", "finance-2").says(t, 9, "this changed nothing: ", "takes signed decisions only")
	w.starter("", "approve", full(r), "--by", "finance-2", "--key-file", w.file("other.key")).says(t, 9, "signature is not that of")
	w.starter("", "approve", full(r), "--by", "finance-2", "--key-file", w.file("decision.key"), "--valid", "10m").says(t, 0, "approved by finance-2")
	w.paidOnce(r, w.wait(r))

	sign := func(amount string) map[string]any {
		t.Helper()
		s := w.command(w.ctx, "", "sign", full(pasted), "--amount", amount, "--decision", "approve", "--by", "finance-2",
			"--key-file", w.file("decision.key"), "--address", "127.0.0.1:1") // no server is asked
		s.says(t, 0)
		var payload map[string]any
		require.NoError(t, json.Unmarshal([]byte(s.out), &payload), s.out)
		return payload
	}
	paste := func(payload map[string]any) {
		t.Helper()
		require.NoError(t, w.dial(temporalclient.Options{}).SignalWorkflow(w.ctx, refund.WorkflowID(pasted.Account, pasted.ID), "", "approve", payload))
	}
	paste(sign("2000"))
	eventually(t, w.ctx, "the signature about another amount is refused by a visible line", func() (bool, string) {
		steps := w.reach(pasted, refund.StatusAwaitingApproval).Steps
		last := steps[len(steps)-1]
		return last.Refused, last.Text
	})
	paste(sign("3000"))
	w.paidOnce(pasted, w.wait(pasted))

	closed, unknown := w.request(1000, 500), int64(10002)
	_, err := w.sandbox.AddFault(w.ctx, control.Fault{Op: "applyOrderRefund", Kind: control.FaultAnswer, Phase: control.Before, Errno: &unknown, Msg: "?"})
	require.NoError(t, err)
	w.start(closed)
	w.reach(closed, refund.StatusNeedsAttention)
	resolve := []string{"resolve", full(closed), "--action", "failed", "--evidence", "not in the console", "--by", "finance-2"}
	w.starter("", resolve...).says(t, 9, "takes signed decisions only")
	w.starter("", append(resolve, "--key-file", w.file("decision.key"))...).says(t, 0, "resolved with failed by finance-2")
	require.Equal(t, refund.StatusFailed, w.wait(closed).Status)
	w.balanced(5000)
}

func TestAllThatWaitForBudgetAreToldAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{DailyCap: 5000})
	w.work(nil)
	first, waits := w.request(4000, 4000), w.request(2000, 2000)
	w.start(first)
	w.paidOnce(first, w.wait(first))
	require.Equal(t, refund.StatusAwaitingBudget, w.submit(waits).Answer.Status)
	w.reach(waits, refund.StatusAwaitingBudget)
	w.lists(client.Filter{Account: w.account, Status: refund.StatusAwaitingBudget}, waits)
	w.starter("", "status", full(waits)).says(t, 0, "awaiting_budget since", "waits for   room in a limit", "next look")
	w.starter("", "look", "--all", "--account", w.account).says(t, 0, "refunds told to look again: 1", full(waits))
	w.starter("", "look", "--all", "--account", "another").says(t, 0, "refunds told to look again: 0")
}
