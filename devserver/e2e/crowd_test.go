package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/refund"
)

// crowd is how many ask at once.
const crowd = 64

// heard is what one of many callers was told.
type heard struct {
	way      string
	content  refund.Request
	runID    string
	began    bool // this call began the refund, where the way of asking tells
	conflict bool
	err      error // neither
}

// ways are all in which a refund may be started. Each asks for r and tells what became of it.
func (w *world) ways(temporal temporalclient.Client) map[string]func(r refund.Request) heard {
	return map[string]func(r refund.Request) heard{
		"client.Start": func(r refund.Request) heard {
			s, err := w.refunds.Start(w.ctx, r)
			return judged(s.RunID, !s.Existing, err)
		},
		"client.Submit": func(r refund.Request) heard {
			s, err := w.refunds.Submit(w.ctx, r)
			return judged(s.RunID, !s.Existing, err)
		},
		"a foreign start":       func(r refund.Request) heard { return w.foreignStart(temporal, r) },
		"a foreign submit":      func(r refund.Request) heard { return w.foreignSubmit(temporal, r) },
		"starter start":         func(r refund.Request) heard { return w.typed(r) },
		"starter start, detach": func(r refund.Request) heard { return w.typed(r, "--detach") },
	}
}

func judged(runID string, began bool, err error) heard {
	var conflict *client.ConflictError
	if errors.As(err, &conflict) {
		return heard{conflict: true}
	}
	return heard{runID: runID, began: began && err == nil, err: err}
}

// contract are the start options of docs/contract.md.
func (w *world) contract(r refund.Request) temporalclient.StartWorkflowOptions {
	return temporalclient.StartWorkflowOptions{
		ID: "refund/" + r.Account + "/" + r.ID, TaskQueue: w.queue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}
}

// foreignStart follows the contract without its update: what it met says whose content it has.
func (w *world) foreignStart(temporal temporalclient.Client, r refund.Request) heard {
	run, err := temporal.ExecuteWorkflow(w.ctx, w.contract(r), "RefundWorkflow", r)
	if err != nil {
		return heard{err: err}
	}
	return w.compared(temporal, run.GetID(), run.GetRunID(), r)
}

func (w *world) foreignSubmit(c temporalclient.Client, r refund.Request) heard {
	options := w.contract(r)
	handle, err := c.UpdateWithStartWorkflow(w.ctx, temporalclient.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.NewWithStartWorkflowOperation(options, "RefundWorkflow", r),
		UpdateOptions: temporalclient.UpdateWorkflowOptions{
			UpdateName: "submit", Args: []any{r}, WaitForStage: temporalclient.WorkflowUpdateStageCompleted,
		},
	})
	var answer map[string]any
	if err == nil {
		err = handle.Get(w.ctx, &answer)
	}
	var refused *temporal.ApplicationError
	var already *serviceerror.WorkflowExecutionAlreadyStarted
	ended := errors.As(err, &already)
	if errors.As(err, &refused) {
		ended = refused.Type() == "AcceptedUpdateCompletedWorkflow"
	}
	switch {
	case err == nil:
		return heard{runID: handle.RunID()}
	case refused != nil && refused.Type() == "conflict":
		return heard{conflict: true}
	case ended: // it takes no more updates; its view says what it was
		return w.compared(c, options.ID, "", r)
	}
	return heard{err: err}
}

// compared is the contract's advice for a refund that is there already: look at its request.
func (w *world) compared(temporal temporalclient.Client, id, runID string, r refund.Request) heard {
	var view refund.View
	value, err := temporal.QueryWorkflow(w.ctx, id, runID, "status")
	if err == nil {
		err = value.Get(&view)
	}
	if err != nil {
		return heard{err: err}
	}
	if runID == "" {
		runID = w.newestRun(r)
	}
	return heard{runID: runID, conflict: view.Request.Fingerprint() != r.Fingerprint()}
}

// typed starts it by the program that people use, and once more where it was not answered in time.
func (w *world) typed(r refund.Request, more ...string) heard {
	s := w.starter(w.document(r), append([]string{"start", "-", "-o", "json"}, more...)...)
	for s.code != 0 && strings.Contains(s.err, "deadline exceeded") && w.ctx.Err() == nil {
		s = w.starter(w.document(r), append([]string{"start", "-", "-o", "json"}, more...)...)
	}
	switch s.code {
	case 8:
		return heard{conflict: true}
	case 0:
		var started client.Started
		err := json.Unmarshal([]byte(s.out), &started)
		return heard{runID: started.RunID, began: !started.Existing, err: err}
	}
	return heard{err: fmt.Errorf("exit code %d: %s", s.code, s.err)}
}

// ask lets the crowd ask at the same moment, in all ways, for the contents in turn.
func (w *world) ask(contents ...refund.Request) []heard {
	w.t.Helper()
	ways := w.ways(w.dial(temporalclient.Options{}))
	build(w.t, "starter", "../../starter") // nobody waits for it while the others ask
	all := make([]heard, 0, crowd)
	var asking sync.WaitGroup
	var mu sync.Mutex
	begin := make(chan struct{})
	for i := 0; i < crowd; {
		for way, start := range ways {
			r := contents[i/len(ways)%len(contents)]
			i++
			asking.Go(func() {
				<-begin
				h := start(r)
				h.way, h.content = way, r
				mu.Lock()
				defer mu.Unlock()
				all = append(all, h)
			})
		}
	}
	close(begin)
	asking.Wait()
	return all
}

func TestManyWhoAskForOneRefundAtOnceGetOneRefund(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.work(nil)
	r := w.request(9800, 9800)
	all := w.ask(r)
	require.GreaterOrEqual(t, len(all), crowd)
	run, began := w.newestRun(r), 0
	for _, h := range all {
		require.NoError(t, h.err, h.way)
		require.False(t, h.conflict, "%s: the content is the same", h.way)
		require.Equal(t, run, h.runID, "%s: another run", h.way)
		if h.began {
			began++
		}
	}
	require.LessOrEqual(t, began, 1, "one of them began it, unless a foreign one did")
	w.paidOnce(r, w.wait(r))
	w.alone(r)
}

func TestOfManyWithDifferentContentsOneContentIsRefundedAndAllOthersHearOfTheConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.work(nil)
	r := w.request(9800, 3000)
	less, reason := r, r
	less.Amount, reason.Reason = 2000, "something else"
	all := w.ask(r, less, reason)
	out := w.wait(r)
	view, err := w.refunds.Status(w.ctx, r.Account, r.ID)
	require.NoError(t, err)
	won, run, conflicts := view.Request, w.newestRun(r), 0
	for _, h := range all {
		require.NoError(t, h.err, h.way)
		if h.content.Fingerprint() == won.Fingerprint() {
			require.False(t, h.conflict, "%s: the content is that of the refund", h.way)
			require.Equal(t, run, h.runID, "%s: another run", h.way)
			continue
		}
		require.True(t, h.conflict, "%s: the refund has another content, and this caller believes that it is theirs", h.way)
		conflicts++
	}
	require.Greater(t, conflicts, crowd/2)
	w.paidOnce(won, out)
	w.alone(won)
}

// The id's workflow is gone, so that anybody may begin one; what becomes of it, the ledger decides.
func TestAnIDThatOnlyTheLedgerRemembersIsPaidOnceHoweverManyAskWithWhatever(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.work(nil)
	r := w.request(9800, 3000)
	w.start(r)
	first := w.wait(r)
	w.forget(r)
	other := r
	other.Amount = 2000
	c, conflicts := w.dial(temporalclient.Options{}), 0
	for _, h := range w.ask(r, other) {
		require.NoError(t, h.err, h.way)
		if h.conflict {
			conflicts++
			continue
		}
		var out refund.Outcome
		require.NoError(t, c.GetWorkflow(w.ctx, refund.WorkflowID(r.Account, r.ID), h.runID).Get(w.ctx, &out), h.way)
		if h.content.Amount == other.Amount {
			require.True(t, out.Conflict, "%s: it began, and was told so by its outcome: %s", h.way, out.Reason)
			conflicts++
			continue
		}
		require.Equal(t, first.ProviderNumber, out.ProviderNumber, "%s: the refund that there was: %s", h.way, out.Reason)
	}
	require.GreaterOrEqual(t, conflicts, crowd/3)
	w.alone(r)
}

// alone demands that the world has had this refund and no other: one in the ledger, opened once; one sending, and one
// withdrawal from the merchant's balance.
func (w *world) alone(r refund.Request) {
	w.t.Helper()
	books, err := sqlstore.Open(w.ctx, "sqlite:"+w.file("ledger.db"))
	require.NoError(w.t, err)
	defer books.Close()
	open, err := books.Unfinished(w.ctx, ledger.Key{}, 10)
	require.NoError(w.t, err)
	require.Empty(w.t, open)
	ended, err := books.Ended(w.ctx, r.Order.PaidAt, ledger.Key{}, 10)
	require.NoError(w.t, err)
	require.Len(w.t, ended, 1, "refunds in the ledger")
	require.Equal(w.t, r.Fingerprint(), ended[0].Request.Fingerprint())
	lines, err := books.Journal(context.WithoutCancel(w.ctx), ledger.KeyOf(r))
	require.NoError(w.t, err)
	opened := 0
	for _, line := range lines {
		if line.Step == "open" {
			opened++
		}
	}
	require.Equal(w.t, 1, opened, "how often the refund was opened")
	sent := 0
	for _, call := range w.book(r).Calls {
		if call.Op == "applyOrderRefund" {
			sent++
		}
	}
	require.Equal(w.t, 1, sent, "how often the refund was sent")
	w.balanced(r.Amount)
}
