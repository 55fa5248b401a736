package refundtest

import (
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// longest is when a refund that still stands is resolved by what the platform's
// books say, so that every run ends. Longer than any deadline of the saga.
const longest = 60 * 24 * time.Hour

// Run is one workflow, and, once it has ended, all that became of it.
type Run struct {
	*World
	Request refund.Request
	env     *testsuite.TestWorkflowEnvironment
	server  *server
	then    []Do
	began   time.Time
	log     *logbook
	// document is what the workflow starts with instead of Request.
	document *converter.RawValue
	// updates counts those that were sent, unanswered those without an answer: a step's
	// hook sends them beside the workflow, which answers.
	updates, unanswered atomic.Int64

	Outcome refund.Outcome
	View    refund.View
	// Stood is the view of a refund that stood until [longest]; nil when it ended
	// before.
	Stood *refund.View
	// Record and Journal are the ledger's; Record is nil when nothing was opened. What a
	// restored ledger has forgotten is in the Journal too.
	Record  *ledger.Record
	Journal []ledger.Entry
	// Placed are the order's refunds in the platform's books, whichever platform
	// it is; Book is what Baidu knows of the order besides.
	Placed []control.PlacedRefund
	Book   control.BaiduOrderBook
	// Calls are those of this run, of every operation, oldest first.
	Calls []control.Call
	// Written are the statuses written to the search attributes, in order.
	Written []string
	// Attributes are the search attributes at the end.
	Attributes temporal.SearchAttributes
}

// Act is something that happens during a run.
type Act func(*Run)

// Do is what an act does.
type Do = func(*Run)

// At does something at a moment of the workflow's time, counted from its start.
func At(after time.Duration, do ...Do) Act {
	return func(r *Run) {
		for _, d := range do {
			r.env.RegisterDelayedCallback(func() { d(r) }, after)
		}
	}
}

// Before does something just before the nth attempt of a step in this run.
func Before(step string, nth int, do Do) Act { return hooked(hook{step: step, nth: nth, do: do}) }

// After does something when the nth attempt of a step has done its work, before
// anybody knows.
func After(step string, nth int, do Do) Act {
	return hooked(hook{step: step, nth: nth, do: do, after: true})
}

// Die lets the worker die before the nth attempt of a step does anything.
func Die(step string, nth int) Act { return hooked(hook{step: step, nth: nth, breaks: true}) }

// Lose lets the worker die after the nth attempt of a step has done its work.
func Lose(step string, nth int) Act {
	return hooked(hook{step: step, nth: nth, breaks: true, after: true})
}

// Then does something when the workflow has ended, before anybody looks at it.
func Then(do Do) Act { return func(r *Run) { r.then = append(r.then, do) } }

// Perhaps is for an act at an attempt that may never come.
func Perhaps(act Act) Act {
	return func(r *Run) {
		before := len(r.server.hooks)
		act(r)
		for _, h := range r.server.hooks[before:] {
			h.optional = true
		}
	}
}

func hooked(h hook) Act { return func(r *Run) { r.server.hooks = append(r.server.hooks, &h) } }

// signal sends one. From a hook after a step it comes in the same workflow task
// as the step's result, when the saga goes on before any listener was asked.
func (r *Run) signal(name string, payload any) {
	if r.server.together.Load() {
		r.env.SignalWorkflowSkippingWorkflowTask(name, payload)
		return
	}
	r.env.SignalWorkflow(name, payload)
}

// Signal sends a signal.
func Signal(name string, payload any) Do {
	return func(r *Run) { r.signal(name, payload) }
}

// Typed sends a signal with a payload as somebody typed it, right or wrong.
func Typed(name, payload string) Do {
	return func(r *Run) {
		r.signal(name, typed(r.World, payload))
	}
}

// Approve lets it go on.
func Approve(by string) Do { return Signal(workflows.SignalApprove, refund.Decision{By: by}) }

// Reject ends it while it waits for approval.
func Reject(by string) Do { return Signal(workflows.SignalReject, refund.Decision{By: by}) }

// Cancel asks to stop.
func Cancel(by string) Do { return Signal(workflows.SignalCancel, refund.Decision{By: by}) }

// CancelWorkflow is Temporal's own request to cancel.
func CancelWorkflow(r *Run) { r.env.CancelWorkflow() }

// Resolve decides a refund that needs attention.
func Resolve(action refund.ResolveAction) Do {
	return Signal(workflows.SignalResolve, refund.Resolution{Action: action, By: "finance-2", Evidence: "the platform's console"})
}

// Look sends limits-changed.
func Look(r *Run) { r.signal(workflows.SignalLimitsChanged, nil) }

// See hands the view of the moment to a check.
func See(check func(*Run, refund.View)) Do { return func(r *Run) { check(r, r.Ask()) } }

// Run runs the refund to its end and checks what holds for every refund.
func (w *World) Run(request refund.Request, acts ...Act) *Run {
	w.Helper()
	r := w.Begin(request, acts...)
	r.Finish()
	return r
}

// Begin runs the refund to its end without looking at it, for tests that run
// several beside each other; [Run.Finish] follows.
func (w *World) Begin(request refund.Request, acts ...Act) *Run {
	w.Helper()
	var suite testsuite.WorkflowTestSuite
	log := new(logbook)
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	env := suite.NewTestWorkflowEnvironment()
	r := &Run{World: w, Request: request, env: env, log: log}
	r.server = &server{run: r, first: map[string]time.Time{}, attempts: map[string]int{}, steps: map[string]int{}}
	r.began = w.Now().Add(time.Second)
	env.SetStartTime(r.began)
	w.mu.Lock()
	w.clocks = append(w.clocks, env)
	w.runs = append(w.runs, r)
	w.requests[request.ID] = request
	w.mu.Unlock()

	env.SetTestTimeout(30 * time.Second) // of idleness, not of the run
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{
		ID: refund.WorkflowID(request.Account, request.ID), TaskQueue: workflows.TaskQueue,
	})
	env.SetWorkerOptions(worker.Options{Interceptors: append(slices.Clone(w.watching), r.server)})
	env.RegisterWorkflowWithOptions(workflows.RefundWorkflow, workflow.RegisterOptions{Name: workflows.TypeRefund})
	steps := activities.Activities{Accounts: w, Ledger: w.Ledger}
	steps.Register(registry{env})
	env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		written := args.Get(0).(temporal.SearchAttributes)
		if status, ok := written.GetKeyword(workflows.AttributeStatus); ok {
			r.Written = append(r.Written, status)
		}
		merged := []temporal.SearchAttributeUpdate{r.Attributes.Copy(), written.Copy()}
		r.Attributes = temporal.NewSearchAttributes(merged...)
	}).Return(nil).Maybe()
	for _, act := range acts {
		act(r)
	}
	At(longest, GiveUp)(r)
	if r.document != nil {
		env.ExecuteWorkflow(workflows.TypeRefund, *r.document)
	} else {
		env.ExecuteWorkflow(workflows.TypeRefund, request)
	}
	for _, do := range r.then {
		do(r)
	}
	return r
}

// Document starts the workflow with a document as a caller in another language
// wrote it, right or wrong.
func Document(text string) Act { return func(r *Run) { r.document = new(typed(r.World, text)) } }

func typed(w *World, text string) converter.RawValue {
	raw, err := converter.GetDefaultDataConverter().ToPayload(1) // for its encoding
	require.NoError(w, err)
	raw.Data = []byte(text)
	return converter.NewRawValue(raw)
}

// registry lets the environment stand in for a worker's registry.
type registry struct {
	*testsuite.TestWorkflowEnvironment
}

// Ask queries the view; it works at every moment.
func (r *Run) Ask() refund.View {
	r.Helper()
	answer, err := r.env.QueryWorkflow(workflows.QueryStatus)
	require.NoError(r, err)
	var view refund.View
	require.NoError(r, answer.Get(&view))
	return view
}

// GiveUp ends what still stands, by what the platform's books say. It happens in every run
// that lasts for [longest].
func GiveUp(r *Run) {
	view := r.Ask()
	r.Stood = &view
	action := refund.ResolveFailed
	if len(live(r.bench.Refunds(r.T, r.Request.Order), view.ProviderNumber)) > 0 {
		action = refund.ResolveSucceeded
	}
	Resolve(action)(r)
}

// Opened is when the refund was written down; it works at every moment.
func (r *Run) Opened() time.Time {
	r.Helper()
	record, err := r.Ledger.Ledger.Refund(r.Context(), ledger.KeyOf(r.Request))
	require.NoError(r, err)
	return record.Opened
}

// AllAttempts is how often each step was run.
func (r *Run) AllAttempts() map[string]int { return maps.Clone(r.server.attempts) }

// Moments are the two sides of each attempt of each step, in the order of the run.
func (r *Run) Moments() []StepMoment { return slices.Clone(r.server.moments) }

// Attempts is how often a step was run.
func (r *Run) Attempts(step string) int { return r.server.attempts[step] }

// Scheduled is how often a provider step entered the history.
func (r *Run) Scheduled(step string) int { return r.server.steps[step] }

// Began is when the workflow was started.
func (r *Run) Began() time.Time { return r.began }

// Took is how long the workflow ran.
func (r *Run) Took() time.Duration { return r.Outcome.EndedAt.Sub(r.began) }

// collect gathers what became of the run.
func (r *Run) collect() {
	r.Helper()
	require.True(r, r.env.IsWorkflowCompleted())
	require.NoError(r, r.env.GetWorkflowError(), "a workflow only fails when a program is wrong")
	require.NoError(r, r.env.GetWorkflowResult(&r.Outcome))
	r.View = r.Ask()
	key := ledger.KeyOf(r.Request)
	record, err := r.Ledger.Ledger.Refund(r.Context(), key)
	if !errors.Is(err, ledger.ErrUnknown) {
		require.NoError(r, err)
		r.Record = &record
		r.Journal = r.journal(key)
	}
	r.Placed = r.bench.Refunds(r.T, r.Request.Order)
	if r.Baidu != nil {
		r.Book, err = r.Baidu.OrderBook(r.Context(), r.Request.Order.PlatformID)
		var refused *control.Error
		if !errors.As(err, &refused) || refused.Status != 404 {
			require.NoError(r, err)
		}
	}
	r.Calls, err = r.Platform.Calls(r.Context(), control.CallFilter{})
	require.NoError(r, err)
}

// Terminate ends the workflow as an operator does: at once, with nothing booked.
// Only [World.Abandon] runs such a workflow.
func Terminate(after time.Duration) Act {
	return func(r *Run) { r.env.SetWorkflowRunTimeout(after) }
}

// Abandon runs a workflow that is terminated before its end.
func (w *World) Abandon(request refund.Request, acts ...Act) *Run {
	w.Helper()
	r := w.Begin(request, acts...)
	require.ErrorContains(w, r.env.GetWorkflowError(), "deadline", "it should have been terminated")
	return r
}

// Result is the outcome alone, of a run that was only begun.
func (r *Run) Result() (refund.Outcome, refund.View) {
	r.Helper()
	require.NoError(r, r.env.GetWorkflowError())
	var outcome refund.Outcome
	require.NoError(r, r.env.GetWorkflowResult(&outcome))
	return outcome, r.Ask()
}
