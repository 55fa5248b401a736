package workflows_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

func TestTheResultIsAwaited(t *testing.T) {
	week := 7 * 24 * time.Hour
	prove(t, []situation{
		{name: "for a week, without growing the history", order: []order{refundtest.SettlesAfter(week)},
			ends: refund.StatusSucceeded,
			also: both(took(week, week+2*time.Hour), func(t *testing.T, r *run) {
				require.Equal(t, 1, r.Scheduled(await))
				require.Greater(t, r.Attempts(await), 7*24-10)
				require.Less(t, len(r.View.Steps), 10)
			})},
		{name: "longer than the platform's promise: a person", order: []order{refundtest.SettlesAfter(40 * 24 * time.Hour)},
			stands: "no answer for too long", ends: refund.StatusSucceeded},
		{name: "a notification asks at once", order: []order{refundtest.SettlesAfter(100 * time.Hour)},
			acts: []refundtest.Act{refundtest.At(100*time.Hour+time.Second, refundtest.Signal(workflows.SignalNotification, nil))},
			ends: refund.StatusSucceeded,
			also: both(took(100*time.Hour, 100*time.Hour+2*time.Second), func(t *testing.T, r *run) {
				require.Equal(t, 2, r.Scheduled(await))
			})},
		{name: "a notification proves nothing by itself", order: []order{refundtest.SettlesAfter(10 * time.Hour)},
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Signal(workflows.SignalNotification,
				map[string]string{"refundStatus": "1"}))},
			ends: refund.StatusSucceeded, also: took(10*time.Hour, 12*time.Hour)},
		{name: "through an outage", faults: []control.Fault{status(opFind, 503, 5), {Op: opFind, Kind: control.FaultHTML, Times: 2}},
			ends: refund.StatusSucceeded, also: attempts(await, 8)},
		{name: "throttled: asked again after the platform's own delay", faults: []control.Fault{throttled(opFind, 40*time.Second, 1)},
			ends: refund.StatusSucceeded, also: both(attempts(await, 2), took(40*time.Second, 46*time.Second))},
		{name: "a platform that forgets it: not sent again", faults: []control.Fault{{Op: opFind, Kind: control.FaultAnswer,
			Errno: new(int64(0)), Data: json.RawMessage(`[]`), Times: 20}},
			ends: refund.StatusSucceeded, also: calls(map[string]int{opApply: 1})},
		{name: "misconfigured: at once, and the lane is flagged", faults: []control.Fault{answer(opFind, 6001, "没有权限", forEver)},
			stands: "misconfigured", ends: refund.StatusSucceeded, also: flagged},
		{name: "needs human: at once", faults: []control.Fault{answer(opFind, 60021, "未获取到有效数据", forEver)},
			stands: "60021", ends: refund.StatusSucceeded},
		{name: "an unlisted state is no failure", faults: []control.Fault{{Op: opFind, Kind: control.FaultAnswer, Errno: new(int64(0)),
			Data:  json.RawMessage(`[{"bizRefundBatchId":"R1","orderId":800200451,"refundBatchId":152713835,"refundStatus":7,"userId":1}]`),
			Times: 3}},
			ends: refund.StatusSucceeded, also: attempts(await, 4)},
	})
}

func TestAFailedResult(t *testing.T) {
	prove(t, []situation{
		{name: "of a part: failed, the reserve is free and the cap is spent", part: true, order: []order{refundtest.Failing},
			ends: refund.StatusFailed, also: func(t *testing.T, r *run) {
				day, period := r.Used()
				require.Equal(t, refund.Fen(3050), day)
				require.Zero(t, period)
			}},
		{name: "of an unverified order in full: failed", order: []order{refundtest.Failing, refundtest.Unverified}, ends: refund.StatusFailed},
		{name: "after the verification was cancelled: a person", order: []order{refundtest.Failing},
			stands: "cannot be restored", ends: refund.StatusFailed},
		{name: "after the verification was cancelled, retry never sends again", order: []order{refundtest.Failing},
			acts:   []refundtest.Act{refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveRetry))},
			stands: "cannot be restored", ends: refund.StatusFailed, also: calls(map[string]int{opApply: 1})},
	})
}

// TestOtherNumbersAreNotBelieved: the platform does what it was asked, but says
// something else.
func TestOtherNumbersAreNotBelieved(t *testing.T) {
	says := func(data string) []control.Fault {
		return []control.Fault{{Op: opApply, Kind: control.FaultAnswer, Phase: control.After, Errno: new(int64(0)), Data: json.RawMessage(data)}}
	}
	prove(t, []situation{
		{name: "less", faults: says(`{"refundBatchId":"152713835","refundPayMoney":"9799"}`),
			stands: "accepted ¥97.99, asked for were ¥98.00", ends: refund.StatusSucceeded},
		{name: "more", part: true, faults: says(`{"refundBatchId":"152713835","refundPayMoney":"9800"}`),
			stands: "accepted ¥98.00, asked for were ¥30.50", ends: refund.StatusSucceeded},
		{name: "another refund", part: true, faults: says(`{"refundBatchId":"999","refundPayMoney":"3050"}`),
			stands: "it had accepted ours as 999", ends: refund.StatusSucceeded},
		{name: "no amount at all is no mismatch", part: true, faults: says(`{"refundBatchId":"152713835"}`), ends: refund.StatusSucceeded},
	})
}
