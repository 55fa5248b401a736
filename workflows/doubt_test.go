package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers/baidu"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

func inDoubt(want bool) func(*testing.T, *run) {
	return func(t *testing.T, r *run) {
		require.Equal(t, want, slices.Contains(r.Passed(), refund.StatusInDoubt), "in doubt")
	}
}

// Every way to lose an answer, before the platform did its work and after.
func TestALostAnswerIsAskedForAndNeverGuessed(t *testing.T) {
	var situations []situation
	for _, kind := range []control.FaultKind{
		control.FaultDisconnect, control.FaultStatus, control.FaultHTML, control.FaultNoErrno,
		control.FaultTruncated, control.FaultEmpty,
	} {
		for _, part := range []bool{false, true} {
			name := string(kind) + ", full"
			if part {
				name = string(kind) + ", part"
			}
			f := control.Fault{Op: opApply, Kind: kind}
			if kind == control.FaultStatus {
				f.Status = 502
			}
			after := f
			after.Phase = control.After
			situations = append(situations,
				situation{name: name + ", paid: found and adopted", part: part, faults: []control.Fault{after},
					ends: refund.StatusSucceeded, also: both(inDoubt(true), calls(map[string]int{opApply: 1}))},
				situation{name: name + ", not arrived: absent three times, then repeated", part: part, faults: []control.Fault{f},
					ends: refund.StatusSucceeded,
					also: both(inDoubt(true), calls(map[string]int{opApply: 2}), absentBeforeResend, took(10*time.Minute, 12*time.Minute))})
		}
	}
	situations = append(situations,
		situation{name: "a timeout, and it was paid", faults: []control.Fault{{Op: opApply, Kind: control.FaultDelay, Phase: control.After,
			Delay: control.Duration(time.Minute)}}, world: refundtest.Options{Settings: hasty},
			ends: refund.StatusSucceeded, also: both(inDoubt(true), calls(map[string]int{opApply: 1}))},
		situation{name: "the number is taken: asked and adopted", faults: []control.Fault{answer(opApply, 40000, "记录已存在", 1)},
			ends: refund.StatusSucceeded, also: inDoubt(true)},
		situation{name: "the platform shows it late: not sent twice", faults: []control.Fault{lost(opApply, control.After, 1)},
			world: refundtest.Options{Sandbox: control.BaiduSettings{QueryLag: control.Duration(50 * time.Second)}},
			ends:  refund.StatusSucceeded, also: both(inDoubt(true), calls(map[string]int{opApply: 1}))},
		situation{name: "never answered: repeated three times, then a person", part: true, faults: []control.Fault{lost(opApply, control.Before, forEver)},
			stands: "nobody could find out", ends: refund.StatusFailed, also: both(calls(map[string]int{opApply: 4}), absentBeforeResend)},
		situation{name: "never answered, resolved by retry: only asks, its repetitions are used up", part: true,
			faults: []control.Fault{lost(opApply, control.Before, forEver)},
			acts:   []refundtest.Act{refundtest.At(48*time.Hour, refundtest.Resolve(refund.ResolveRetry))},
			stands: "nobody could find out", ends: refund.StatusFailed, also: calls(map[string]int{opApply: 4})},
		situation{name: "throttled while repeated: still in doubt", part: true,
			faults: []control.Fault{lost(opApply, control.Before, 1), throttled(opApply, 5*time.Second, 1)},
			ends:   refund.StatusSucceeded, also: both(inDoubt(true), calls(map[string]int{opApply: 3}), absentBeforeResend)},
	)
	prove(t, situations)
}

// hasty gives an exchange little time; the sandbox's delay is far longer.
func hasty(s *baidu.Settings) { s.Timeout = time.Second }

func TestFindingOutFails(t *testing.T) {
	paid := lost(opApply, control.After, 1)
	prove(t, []situation{
		{name: "transient: asked again", faults: []control.Fault{paid, status(opFind, 503, 4)},
			ends: refund.StatusSucceeded, also: attempts(findOut, 5)},
		{name: "html: asked again", faults: []control.Fault{paid, {Op: opFind, Kind: control.FaultHTML, Times: 2}},
			ends: refund.StatusSucceeded, also: attempts(findOut, 3)},
		{name: "unavailable for ever: a person after a day", faults: []control.Fault{paid, status(opFind, 503, forEver)},
			stands: "nobody could find out", ends: refund.StatusSucceeded, also: stoodIrreversible(true)},
		{name: "misconfigured: at once, and the lane is flagged", faults: []control.Fault{paid, answer(opFind, 6001, "没有权限", forEver)},
			stands: "misconfigured", ends: refund.StatusSucceeded, also: both(flagged, attempts(findOut, 1))},
		{name: "misconfigured and repaired: retry finds it", faults: []control.Fault{paid, answer(opFind, 6001, "没有权限", 1)},
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveRetry))},
			ends: refund.StatusSucceeded, also: calls(map[string]int{opApply: 1})},
		{name: "needs human: at once", faults: []control.Fault{paid, answer(opFind, 60021, "未获取到有效数据", forEver)},
			stands: "nobody could find out", ends: refund.StatusSucceeded, also: attempts(findOut, 1)},
	})
}

func TestWithoutAQueryByNumberOnlyTheOrderIsAsked(t *testing.T) {
	cashier := refundtest.Options{CashierOnly: true}
	prove(t, []situation{
		{name: "full and paid: the order's state says so", world: cashier, faults: []control.Fault{lost(opApply, control.After, 1)},
			ends: refund.StatusSucceeded, also: both(inDoubt(true), calls(map[string]int{opApply: 1, opFind: 0}))},
		{name: "full and not arrived: repeated once", world: cashier, faults: []control.Fault{lost(opApply, control.Before, 1)},
			ends: refund.StatusSucceeded, also: calls(map[string]int{opApply: 2})},
		{name: "full and never arriving: a person after one repeat", world: cashier, faults: []control.Fault{lost(opApply, control.Before, forEver)},
			stands: "nobody could find out", ends: refund.StatusFailed, also: calls(map[string]int{opApply: 2})},
		{name: "full and failed: a person, for it may be another refund", world: cashier, order: []order{refundtest.Failing},
			stands: "cannot say whether it is this one", ends: refund.StatusFailed},
		{name: "part in doubt: never repeated, a person after a day", world: cashier, part: true, faults: []control.Fault{lost(opApply, control.Before, 1)},
			stands: "nobody could find out", ends: refund.StatusFailed, also: both(inDoubt(true), calls(map[string]int{opApply: 1}))},
		{name: "part in doubt but paid: a person after a day", world: cashier, part: true, faults: []control.Fault{lost(opApply, control.After, 1)},
			stands: "nobody could find out", ends: refund.StatusSucceeded, also: calls(map[string]int{opApply: 1})},
	})
}

// A process may die at any instant: between any two entries of the ledger, and
// before or after any exchange.
func TestACrashAnywhereNeverPaysTwice(t *testing.T) {
	var situations []situation
	for _, part := range []bool{false, true} {
		suffix := ", full"
		if part {
			suffix = ", part"
		}
		for _, step := range []string{check, cancelling, apply, await} {
			if part && step == cancelling {
				continue
			}
			situations = append(situations,
				situation{name: "dies before " + step + suffix, part: part, acts: []refundtest.Act{refundtest.Die(step, 1)},
					ends: refund.StatusSucceeded, also: both(inDoubt(false), calls(map[string]int{opApply: 1}))},
				situation{name: "dies after " + step + suffix, part: part, acts: []refundtest.Act{refundtest.Lose(step, 1)},
					ends: refund.StatusSucceeded, also: both(inDoubt(false), calls(map[string]int{opApply: 1}))})
		}
		for _, method := range []string{"Open", "Hold", "Refund", "BeginCancel", "EndCancel", "BeginSend", "EndSend", "Settle"} {
			if part && (method == "BeginCancel" || method == "EndCancel") {
				continue
			}
			for _, after := range []bool{false, true} {
				when, times := "before ", 2
				if after {
					when, times = "after ", 1 // what is written is found by the next attempt
				}
				situations = append(situations, situation{name: "the ledger goes away " + when + method + suffix, part: part,
					acts: []refundtest.Act{func(r *run) { r.Ledger.Fail(method, times, after) }},
					ends: refund.StatusSucceeded})
			}
		}
	}
	situations = append(situations,
		situation{name: "the intent is written and nothing was sent", part: true,
			acts: []refundtest.Act{refundtest.Before(apply, 1, intentOnly)},
			ends: refund.StatusSucceeded, also: both(inDoubt(true), calls(map[string]int{opApply: 1}))},
		situation{name: "dies while in doubt", part: true, faults: []control.Fault{lost(opApply, control.Before, 1)},
			acts: []refundtest.Act{refundtest.Lose(findOut, 1), refundtest.Lose(findOut, 3)},
			ends: refund.StatusSucceeded, also: calls(map[string]int{opApply: 2})},
		situation{name: "the repetition is written and its answer lost", part: true, faults: []control.Fault{lost(opApply, control.Before, 1)},
			acts: []refundtest.Act{func(r *run) { r.Ledger.Fail("BeginResend", 1, true) }},
			ends: refund.StatusSucceeded},
		situation{name: "the end cannot be booked for two hours", order: []order{refundtest.Unpaid},
			acts: []refundtest.Act{func(r *run) { r.Ledger.Fail("Finish", 240, false) }}, ends: refund.StatusFailed},
	)
	prove(t, situations)
}

// intentOnly writes the intent as a worker does that dies before the first byte.
func intentOnly(r *run) {
	account, err := r.Account(refundtest.AccountName)
	require.NoError(r, err)
	permit, err := r.Ledger.BeginSend(r.Context(), ledger.KeyOf(r.Request), r.Now(), account.Limits)
	require.NoError(r, err)
	require.True(r, permit.Send)
}

// A worker that died after the intent, and a configuration that lost the
// account: nobody can say that nothing was sent.
func TestAnIntentOutlivesItsConfiguration(t *testing.T) {
	var back func()
	prove(t, []situation{{name: "cancelling is refused, and retry asks first", part: true,
		acts: []refundtest.Act{
			refundtest.Before(apply, 1, func(r *run) {
				intentOnly(r)
				back = r.Configure(takenOut)
			}),
			refundtest.At(time.Hour, refundtest.Cancel("agent-17")),
			refundtest.At(2*time.Hour, func(r *run) { back() }, refundtest.Resolve(refund.ResolveRetry)),
		},
		ends: refund.StatusSucceeded,
		also: both(calls(map[string]int{opApply: 1}), func(t *testing.T, r *run) {
			require.NotEmpty(t, r.Said("point of no return has passed"))
		})}})
}

// The ledger's database is away for hours, just when the refund is to be sent:
// nothing is sent without it, and the refund goes on when it is back.
func TestALongOutageOfTheLedgerOnlyDelays(t *testing.T) {
	var situations []situation
	for _, method := range []string{"Refund", "BeginSend"} {
		situations = append(situations, situation{name: method, part: true,
			acts: []refundtest.Act{refundtest.Before(apply, 1, func(r *run) { r.Ledger.Fail(method, 40, false) })},
			ends: refund.StatusSucceeded, also: both(calls(map[string]int{opApply: 1}), took(90*time.Minute, 5*time.Hour))})
	}
	situations = append(situations, situation{name: "it can be read for ever, and never written: a person after a day", part: true,
		acts: []refundtest.Act{refundtest.Before(apply, 1, func(r *run) { r.Ledger.Fail("BeginSend", 450, false) }),
			refundtest.At(48*time.Hour, refundtest.See(func(r *run, v refund.View) {
				require.Equal(r, refund.StatusNeedsAttention, v.Status)
				require.Contains(r, v.Sentence, "could not be sent for a day")
				require.False(r, v.Irreversible)
				r.Ledger.Repair()
			}), refundtest.Resolve(refund.ResolveRetry))},
		ends: refund.StatusSucceeded, also: calls(map[string]int{opApply: 1})})
	prove(t, situations)
}
