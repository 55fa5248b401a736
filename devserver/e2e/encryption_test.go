package e2e

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	querypb "go.temporal.io/api/query/v1"
	"go.temporal.io/api/workflowservice/v1"
	temporalclient "go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/codec"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

const (
	oldKey, newKey = "0f", "a5"
	viewer         = "people-who-look-at-the-web-ui-0001"
)

// marked is a refund whose every text names a person, and what those texts are. It is refused, asked about, resolved and
// approved by people on its way, and paid in the end.
func marked(w *world) (refund.Request, []string) {
	r := w.request(9800, 9800)
	r.Reason, r.RequestedBy = "MarkReason of Mrs. Li", "MarkAgent"
	_, err := w.sandbox.AddFault(w.ctx, control.Fault{
		Op: "applyOrderRefund", OrderID: r.Order.PlatformID, Kind: control.FaultAnswer, Errno: new(int64(10000)), Msg: "MarkPlatform knows her",
	})
	require.NoError(w.t, err)
	_, err = w.refunds.Submit(w.ctx, r)
	require.NoError(w.t, err)
	require.NoError(w.t, w.refunds.Signal(w.ctx, r.Account, r.ID, workflows.SignalApprove, refund.Decision{By: "MarkAgent", Note: "MarkVain"}))
	var refused *client.RefusedError
	_, err = w.refunds.Approve(w.ctx, r.Account, r.ID, refund.Decision{By: "MarkAgent"})
	require.ErrorAs(w.t, err, &refused)
	require.Contains(w.t, refused.Reason, "MarkAgent asked for this refund", "a refusal is readable to who has the key")
	_, err = w.refunds.Approve(w.ctx, r.Account, r.ID, refund.Decision{By: "MarkFinance", Note: "MarkNote"})
	require.NoError(w.t, err)
	view := w.reach(r, refund.StatusNeedsAttention)
	require.Contains(w.t, view.Sentence, "MarkPlatform")
	require.NoError(w.t, w.refunds.Signal(w.ctx, r.Account, r.ID, workflows.SignalResolve,
		refund.Resolution{Action: refund.ResolveRetry, By: "MarkOps", Note: "MarkResolved"}))
	w.paidOnce(r, w.wait(r))
	return r, []string{"Mark", "Mrs. Li", r.Order.UserID}
}

// The whole message is looked at as text beside its payloads: names, ids, failures, attributes.
func TestWhatTemporalKeepsOfAnEncryptedRefundNamesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
	keys := w.keys(newKey)
	id := keys.KeyIDs()[0]
	temporal := w.speaks(keys)
	w.worker(t, newKey)
	r, marks := marked(w)
	workflowID := refund.WorkflowID(r.Account, r.ID)

	described, err := temporal.DescribeWorkflowExecution(w.ctx, workflowID, "")
	require.NoError(t, err)
	kept := map[string]proto.Message{"history": w.settled(workflowID), "description": described}
	for _, query := range []string{workflows.QueryStatus, workflowMetadata} {
		kept[query], err = temporal.WorkflowService().QueryWorkflow(w.ctx, &workflowservice.QueryWorkflowRequest{
			Namespace: "default", Execution: &commonpb.WorkflowExecution{WorkflowId: workflowID}, Query: &querypb.WorkflowQuery{QueryType: query},
		})
		require.NoError(t, err)
	}
	var sealed []*commonpb.Payload
	for what, message := range kept {
		all := w.cipher(message, id)
		sealed = append(sealed, all...)
		names(t, what, prototext.Format(message), marks)
	}
	t.Logf("%d payloads in history, description and queries, all encrypted", len(sealed))
	listed, err := temporal.ListWorkflow(w.ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowId = '" + workflowID + "'"})
	require.NoError(t, err)
	names(t, "the list, with its search attributes", prototext.Format(listed), marks)

	url := w.codecServer(keys, viewer).URL
	for _, token := range []string{"", "people-who-do-not-know-the-token-1"} {
		status, clear := w.shown(url, token, sealed)
		require.Equal(t, 401, status)
		require.Nil(t, clear)
	}
	status, clear := w.shown(url, viewer, sealed)
	require.Equal(t, 200, status)
	var text strings.Builder
	for _, p := range clear {
		require.NotEqual(t, codec.Encoding, string(p.GetMetadata()["encoding"]))
		text.Write(p.GetData())
	}
	for _, mark := range append(marks, "MarkReason", "MarkAgent", "MarkVain", "MarkFinance", "MarkNote", "MarkOps", "MarkResolved", "MarkPlatform") {
		require.Contains(t, text.String(), mark, "who has signed in reads it")
	}
}

// names demands that a text holds none of the marks, and shows where it does.
func names(t *testing.T, what, text string, marks []string) {
	t.Helper()
	for _, mark := range marks {
		if i := strings.Index(text, mark); i >= 0 {
			require.Failf(t, "a person is named", "%s: …%s…", what, text[max(0, i-80):min(len(text), i+80)])
		}
	}
}

// Summaries are shown in lists and timelines, and stay readable where nothing is encrypted.
func TestIDsSearchAttributesAndSummariesNameNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
	w.work(nil)
	r, marks := marked(w)

	short := w.request(700, 700) // full: it is verified, and cancelling that needs the balance
	_, err := w.sandbox.AddFault(w.ctx, control.Fault{
		Op: "syncOrderStatus", OrderID: short.Order.PlatformID, Kind: control.FaultAnswer, Errno: new(int64(10003)), Msg: "MarkBalance of Mrs. Li",
	})
	require.NoError(t, err)
	w.start(short)
	require.Contains(t, w.reach(short, refund.StatusAwaitingBudget).Sentence, "MarkBalance")

	flags := w.request(800, 300)
	_, err = w.sandbox.AddFault(w.ctx, control.Fault{
		Op: "applyOrderRefund", OrderID: flags.Order.PlatformID, Kind: control.FaultAnswer, Errno: new(int64(10000)), Msg: "MarkFlag of Mrs. Li",
	})
	require.NoError(t, err)
	w.start(flags)
	w.reach(flags, refund.StatusNeedsAttention)
	held := w.request(900, 300)
	w.start(held)
	require.Contains(t, w.reach(held, refund.StatusAwaitingBudget).Sentence, "MarkFlag")

	summaries := 0
	for _, each := range []refund.Request{r, short, flags, held} {
		workflowID := refund.WorkflowID(each.Account, each.ID)
		named := []string{workflowID}
		summary, _ := w.static(workflowID)
		named = append(named, summary)
		for _, e := range w.settled(workflowID).GetEvents() {
			if s := text(t, e.GetUserMetadata().GetSummary()); s != "" {
				named = append(named, s)
				summaries++
			}
			attributes := &historypb.HistoryEvent{}
			if a := e.GetUpsertWorkflowSearchAttributesEventAttributes(); a != nil {
				attributes.Attributes = &historypb.HistoryEvent_UpsertWorkflowSearchAttributesEventAttributes{UpsertWorkflowSearchAttributesEventAttributes: a}
			}
			named = append(named, prototext.Format(attributes), prototext.Format(e.GetWorkflowExecutionStartedEventAttributes().GetSearchAttributes()))
		}
		names(t, workflowID, strings.Join(named, "\n"), append(marks, short.Order.UserID, flags.Order.UserID, held.Order.UserID))
	}
	require.Greater(t, summaries, 20)
}

func TestAnOlderKeyReadsOnAndARefundOutlivesItsReplacement(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
	before, both := w.keys(oldKey), w.keys(newKey, oldKey)
	w.speaks(before)
	stop := w.worker(t, oldKey)
	ended, waiting := w.request(2000, 1000), w.request(6000, 6000)
	w.start(ended)
	w.paidOnce(ended, w.wait(ended))
	w.start(waiting)
	w.reach(waiting, refund.StatusAwaitingApproval)
	stop()

	w.worker(t, newKey, oldKey)
	w.speaks(both)
	require.True(t, w.start(ended).Existing, "an earlier start is known again")
	view, err := w.refunds.Status(w.ctx, ended.Account, ended.ID)
	require.NoError(t, err)
	require.Equal(t, ended.Reason, view.Request.Reason)
	w.approve(waiting)
	w.paidOnce(waiting, w.wait(waiting))
	h := w.settled(refund.WorkflowID(waiting.Account, waiting.ID))
	used := map[string]int{}
	for _, p := range payloadsIn(h) {
		used[string(p.GetMetadata()[codec.MetadataKeyID])]++
	}
	require.Len(t, used, 2)
	require.Positive(t, used[before.KeyIDs()[0]])
	require.Positive(t, used[both.KeyIDs()[0]])
	replays(t, both, h)
}

func TestEncryptionIsTurnedOnUnderRunningRefunds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
	stop := w.work(nil)
	plain, late := w.request(6000, 6000), w.request(7000, 7000)
	for _, r := range []refund.Request{plain, late} {
		w.start(r)
		w.reach(r, refund.StatusAwaitingApproval)
	}
	stop()
	w.worker(t, newKey)
	// By somebody who has no key yet, and could not read an answer.
	require.NoError(t, w.refunds.Signal(w.ctx, late.Account, late.ID, workflows.SignalApprove, refund.Decision{By: "finance-2"}))
	keys := w.keys(newKey)
	w.speaks(keys)
	require.True(t, w.start(plain).Existing)
	w.approve(plain)
	for _, r := range []refund.Request{plain, late} {
		w.paidOnce(r, w.wait(r))
		replays(t, keys, w.settled(refund.WorkflowID(r.Account, r.ID)))
	}
}

func TestEncryptionIsTurnedOffUnderRunningRefunds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
	stop := w.worker(t, newKey)
	w.speaks(w.keys(newKey))
	waiting := w.request(6000, 6000)
	w.start(waiting)
	w.reach(waiting, refund.StatusAwaitingApproval)
	stop()

	w.edit("encryption: {", "encryption: {decrypt_only: true, ")
	w.work(nil)
	reads, err := codec.Open([]string{w.keyFile(newKey)}, codec.DecryptOnly(true))
	require.NoError(t, err)
	w.speaks(reads)
	require.True(t, w.start(waiting).Existing)
	w.approve(waiting)
	w.paidOnce(waiting, w.wait(waiting))
	sealed := map[string]int{}
	for _, p := range payloadsIn(w.settled(refund.WorkflowID(waiting.Account, waiting.ID))) {
		sealed[string(p.GetMetadata()["encoding"])]++
	}
	require.Positive(t, sealed[codec.Encoding], "what was encrypted was read")
	require.Positive(t, sealed["json/plain"])

	w.speaks(nil) // who has no key any more
	plain := w.request(2000, 1000)
	w.start(plain)
	w.paidOnce(plain, w.wait(plain))
	for place, p := range payloadsIn(w.settled(refund.WorkflowID(plain.Account, plain.ID))) {
		require.NotEqual(t, codec.Encoding, string(p.GetMetadata()["encoding"]), place)
	}
}

// replays demands that today's code would have written the history, read with the keys.
func replays(t *testing.T, keys *codec.Codec, h *historypb.History) {
	t.Helper()
	var o temporalclient.Options
	keys.WorkerOptions(&o)
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{DataConverter: o.DataConverter, FailureConverter: o.FailureConverter})
	require.NoError(t, err)
	replayer.RegisterWorkflowWithOptions(workflows.RefundWorkflow, workflow.RegisterOptions{Name: workflows.TypeRefund})
	id := h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowId()
	require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)), h,
		worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id}}))
}

func TestEncryptionCostsNoEventAndNoAction(t *testing.T) {
	t.Parallel()
	keys := newWorld(t, shared.Address(), setting{}).keys(newKey)
	spent := measure(t, 12000, 3050, 1, keys.WorkerOptions)
	t.Logf("%s", spent)
	require.Len(t, spent.events, 26, "events")
	require.Equal(t, 7, spent.total(), "billable actions: %v", spent.actions)
}

func TestTheCommandLineReadsAndWritesWithTheKeyAndSaysWhichItMisses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
	keys := w.keys(newKey)
	w.worker(t, newKey)
	key := []string{"--encryption-key-file", w.keyFile(newKey)}
	with := func(input string, args ...string) said { return w.starter(input, append(key, args...)...) }
	r := w.request(6000, 6000)
	with(w.document(r), "start", "-").says(t, 0, full(r)+" awaiting_approval")
	w.cipher(w.settled(refund.WorkflowID(r.Account, r.ID)), keys.KeyIDs()[0])

	id := keys.KeyIDs()[0]
	w.starter("", "status", full(r)).says(t, 1, `encrypted with key "`+id+`"`, "no key is here", "--encryption-key-file", "REFUNDFLOW_ENCRYPTION_KEY_FILES")
	w.starter("", "--encryption-key-file", w.keyFile(oldKey), "status", full(r)).says(t, 1, `encrypted with key "`+id+`"`, "none of those here", "--encryption-key-file")
	w.starter(w.document(r), "start", "-").says(t, 1, id, "--encryption-key-file")
	w.starter("", "approve", full(r), "--by", "agent-17").says(t, 1, id, "--encryption-key-file")
	w.starter("", "--encryption-key-file", w.file("nowhere.key"), "list").says(t, 2, "nowhere.key")
	w.starter("", "list", "--account", r.Account).says(t, 0, full(r))

	with("", "approve", full(r), "--by", "agent-17").says(t, 9, "agent-17 asked for this refund")
	with("", "approve", full(r), "--by", "finance-2", "--note", "called").says(t, 0, "approved by finance-2: called")
	with("", "watch", full(r)).says(t, 0, full(r)+" succeeded")
	w.speaks(keys)
	w.paidOnce(r, w.wait(r))
}
