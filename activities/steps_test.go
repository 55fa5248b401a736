package activities_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// bench runs single steps, each as one attempt, against the real ledger and
// provider.
type bench struct {
	*refundtest.World
	env     *testsuite.TestActivityEnvironment
	request refund.Request
}

func newBench(t *testing.T, w *refundtest.World, request refund.Request) *bench {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	(&activities.Activities{Accounts: w, Ledger: w.Ledger}).Register(registry{env})
	return &bench{w, env, request}
}

type registry struct {
	*testsuite.TestActivityEnvironment
}

func (b *bench) key() ledger.Key { return ledger.KeyOf(b.request) }

// do runs a step and returns its error.
func (b *bench) do(step string, into any) error {
	b.Helper()
	var in any = activities.Step{Key: b.key(), Now: b.Now()}
	if step == activities.Open {
		in = activities.Opening{Request: b.request, Now: b.Now()}
	}
	value, err := b.env.ExecuteActivity(step, in)
	if err == nil && into != nil {
		require.NoError(b, value.Get(into))
	}
	return err
}

func (b *bench) record() ledger.Record {
	b.Helper()
	record, err := b.Ledger.Refund(b.Context(), b.key())
	require.NoError(b, err)
	return record
}

// ready has a refund opened and its budget held.
func ready(t *testing.T, full bool, faults ...control.Fault) *bench {
	t.Helper()
	w := refundtest.New(t, refundtest.Options{})
	b := newBench(t, w, w.Part())
	if full {
		b.request.Amount = 9800
	}
	for _, f := range faults {
		w.Fault(f)
	}
	require.NoError(t, b.do(activities.Open, nil))
	require.NoError(t, b.do(activities.Hold, nil))
	return b
}

func fault(op string, kind control.FaultKind, phase control.FaultPhase) control.Fault {
	return control.Fault{Op: op, Kind: kind, Phase: phase}
}

func code(op string, errno int64, msg string) control.Fault {
	return control.Fault{Op: op, Kind: control.FaultAnswer, Errno: &errno, Msg: msg}
}

// What a step tells Temporal, and what it has written before it does.
func TestAStepsErrorSaysWhetherItIsRepeatedAndTheBooksSayWhy(t *testing.T) {
	throttled := control.Fault{Op: "applyOrderRefund", Kind: control.FaultStatus, Status: 429, RetryAfter: control.Duration(9 * time.Second)}
	for _, c := range []struct {
		name    string
		full    bool
		step    string
		fault   control.Fault
		class   refund.Class
		again   bool
		sending ledger.Progress
		verify  ledger.Progress
		pause   time.Duration
	}{
		{name: "a lost application is in doubt, and not repeated blindly", step: activities.Apply,
			fault: fault("applyOrderRefund", control.FaultDisconnect, control.After), class: refund.ClassAmbiguous, sending: ledger.Begun, verify: ledger.NotBegun},
		{name: "a throttled one was not sent", step: activities.Apply, fault: throttled, class: refund.ClassThrottled, again: true,
			sending: ledger.NotBegun, verify: ledger.NotBegun, pause: 9 * time.Second},
		{name: "a wrong signature was not sent", step: activities.Apply, fault: code("applyOrderRefund", 10000, "签名校验失败"),
			class: refund.ClassMisconfigured, sending: ledger.NotBegun, verify: ledger.NotBegun},
		{name: "what only a person understands stays in doubt", step: activities.Apply, fault: code("applyOrderRefund", 10002, "?"),
			class: refund.ClassNeedsHuman, sending: ledger.Begun, verify: ledger.NotBegun},
		{name: "a lost cancelling stays begun and is repeated, for it looks first", full: true, step: activities.CancelVerification,
			fault: fault("syncOrderStatus", control.FaultDisconnect, control.After), class: refund.ClassAmbiguous, again: true,
			sending: ledger.NotBegun, verify: ledger.Begun},
		{name: "a refused cancelling did not happen", full: true, step: activities.CancelVerification, fault: code("syncOrderStatus", 10003, "?"),
			class: refund.ClassInsufficientFunds, sending: ledger.NotBegun, verify: ledger.NotBegun},
		{name: "an unreadable check is repeated", step: activities.CheckOrder, fault: fault("queryorderdetail", control.FaultHTML, control.After),
			class: refund.ClassTransient, again: true, sending: ledger.NotBegun, verify: ledger.NotBegun},
		{name: "a check that needs a person is not", step: activities.CheckOrder, fault: code("queryorderdetail", 10002, "?"),
			class: refund.ClassNeedsHuman, sending: ledger.NotBegun, verify: ledger.NotBegun},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := ready(t, c.full, c.fault)
			err := b.do(c.step, nil)
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			require.Equal(t, string(c.class), app.Type())
			require.Equal(t, !c.again, app.NonRetryable())
			var f refund.Failure
			require.NoError(t, app.Details(&f))
			require.Equal(t, c.class, f.Class)
			require.Equal(t, c.sending, b.record().Sending)
			require.Equal(t, c.verify, b.record().Verification)
			require.GreaterOrEqual(t, app.NextRetryDelay(), c.pause)
			require.LessOrEqual(t, app.NextRetryDelay(), c.pause+c.pause/10+1)
		})
	}
}

// What a step of another process has begun is not taken back because this one does not know the account.
func TestAStepThatDoesNotKnowTheAccountLooksAgainAndLeavesADoubtInDoubt(t *testing.T) {
	for _, c := range []struct {
		name, step, lost string
		full             bool
		class            refund.Class
		again            bool
	}{
		{name: "nothing was checked", step: activities.CheckOrder, class: refund.ClassTransient, again: true},
		{name: "nothing was sent", step: activities.Apply, class: refund.ClassTransient, again: true},
		{name: "nothing was cancelled", step: activities.CancelVerification, full: true, class: refund.ClassTransient, again: true},
		{name: "it may have been sent", step: activities.Apply, lost: "applyOrderRefund", class: refund.ClassAmbiguous},
		{name: "it may have been cancelled", step: activities.CancelVerification, lost: "syncOrderStatus", full: true, class: refund.ClassAmbiguous, again: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := ready(t, c.full)
			if c.lost != "" {
				b.Fault(fault(c.lost, control.FaultDisconnect, control.After))
				require.Error(t, b.do(c.step, nil))
			}
			before := b.record()
			b.Configure(func(*activities.Account) *activities.Account { return nil })
			var app *temporal.ApplicationError
			require.ErrorAs(t, b.do(c.step, nil), &app)
			require.Equal(t, string(c.class), app.Type())
			require.Equal(t, !c.again, app.NonRetryable())
			var f refund.Failure
			require.NoError(t, app.Details(&f))
			require.Equal(t, "no account", f.Code)
			require.Equal(t, c.again, app.NextRetryDelay() >= time.Second)
			require.Equal(t, before, b.record())
		})
	}
}

func TestAStepThatIsRunAgainDoesNothingTwice(t *testing.T) {
	b := ready(t, true)
	for range 2 {
		require.NoError(t, b.do(activities.CancelVerification, nil))
	}
	var first, second activities.Applied
	require.NoError(t, b.do(activities.Apply, &first))
	require.NoError(t, b.do(activities.Apply, &second))
	require.NotNil(t, first.Receipt)
	require.Equal(t, first.Receipt.PlatformRefundID, second.Receipt.PlatformRefundID)
	var found activities.Applied
	require.NoError(t, b.do(activities.FindOut, &found), "what is known is not asked for")
	require.Equal(t, first.Receipt.PlatformRefundID, found.Receipt.PlatformRefundID)
	for range 2 {
		var awaited activities.Awaited
		require.NoError(t, b.do(activities.AwaitResult, &awaited))
		require.True(t, awaited.Settled)
		require.Equal(t, providers.ResultSucceeded, awaited.Result.State)
	}
	book, err := b.Baidu.OrderBook(t.Context(), b.request.Order.PlatformID)
	require.NoError(t, err)
	require.Len(t, book.Calls, 3, "one cancelling, one application, one question")
}

func TestAResultThatIsNotThereYetIsBenign(t *testing.T) {
	w := refundtest.New(t, refundtest.Options{})
	b := newBench(t, w, w.Part(refundtest.SettlesAfter(time.Hour)))
	for _, step := range []string{activities.Open, activities.Hold, activities.Apply} {
		require.NoError(t, b.do(step, nil))
	}
	var app *temporal.ApplicationError
	require.ErrorAs(t, b.do(activities.AwaitResult, nil), &app)
	require.Equal(t, activities.TypeNotYet, app.Type())
	require.False(t, app.NonRetryable())
	require.Equal(t, temporal.ApplicationErrorCategoryBenign, app.Category())
	require.GreaterOrEqual(t, app.NextRetryDelay(), 5*time.Second)
}

func TestAStepOfAnEndedRefundIsAContradiction(t *testing.T) {
	b := ready(t, false)
	require.NoError(t, b.Ledger.Finish(t.Context(), b.key(), ledger.Ending{Status: ledger.Cancelled, Reason: "by hand", At: b.Now()}))
	var app *temporal.ApplicationError
	require.ErrorAs(t, b.do(activities.Apply, nil), &app)
	require.Equal(t, activities.TypeContradiction, app.Type())
	require.True(t, app.NonRetryable())
	book, err := b.Baidu.OrderBook(t.Context(), b.request.Order.PlatformID)
	require.NoError(t, err)
	require.Empty(t, book.Calls)
}

func TestNothingIsSentWithoutTheLedger(t *testing.T) {
	for _, method := range []string{"Refund", "BeginSend"} {
		t.Run(method, func(t *testing.T) {
			b := ready(t, false)
			b.Ledger.Fail(method, 1, false)
			var app *temporal.ApplicationError
			require.ErrorAs(t, b.do(activities.Apply, nil), &app)
			require.False(t, app.NonRetryable(), "it is repeated")
			calls, err := b.Platform.Calls(t.Context(), control.CallFilter{})
			require.NoError(t, err)
			require.Empty(t, calls)
		})
	}
}

// Books that do not know the refund will not learn of it by being asked again for a day.
func TestNoStepIsRepeatedInBooksThatForgotTheRefund(t *testing.T) {
	deskKey := []byte("seven-white-geese-cross-the-lake")
	b := ready(t, false)
	seal := refund.Sealed{Account: b.request.Account, ID: b.request.ID, Amount: b.request.Amount, Decision: string(refund.VerbApprove),
		By: "finance-2", Expires: b.Now().Add(time.Hour)}
	b.Configure(func(a *activities.Account) *activities.Account { a.DecisionKeys = [][]byte{deskKey}; return a })
	b.ForgetBooks()
	line := activities.Line{Key: b.key(), Now: b.Now(), Step: "said 1", Text: "approved by finance-2", ApprovedBy: "finance-2"}
	step := activities.Step{Key: b.key(), Now: b.Now()}
	for name, in := range map[string]any{
		activities.Note: line, activities.Hold: step, activities.CheckOrder: step, activities.CancelVerification: step,
		activities.Apply: step, activities.FindOut: step, activities.AwaitResult: step,
		activities.Finish:     activities.Ending{Key: b.key(), Now: b.Now(), Status: refund.StatusFailed, Reason: "because"},
		activities.Amend:      activities.Ending{Key: b.key(), Now: b.Now(), Status: refund.StatusFailed, Reason: "because", By: "finance-2"},
		activities.VerifySeal: activities.Seal{Sealed: seal, Signature: seal.Sign(deskKey), Claim: "1", Now: b.Now()},
	} {
		_, err := b.env.ExecuteActivity(name, in)
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app, name)
		require.Equal(t, activities.TypeContradiction, app.Type(), name)
		require.True(t, app.NonRetryable(), name)
		require.ErrorContains(t, err, "the books do not know this refund")
	}
	for _, name := range []string{activities.Flag, activities.Unflag} { // of the account, which any books know
		_, err := b.env.ExecuteActivity(name, line)
		require.NoError(t, err, name)
	}
}
