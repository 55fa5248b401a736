package refundtest

import (
	"fmt"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// Answered is what an update was answered with: Refused by the validator, which
// leaves no trace, or an Err of the update itself, or the Answer.
type Answered struct {
	refund.Answer
	Refused, Err error
}

// Update sends one and hands its answer to a check. An update that is never
// answered fails the run.
func Update(name string, payload any, check func(*Run, Answered)) Do {
	return func(r *Run) {
		nth := r.updates.Add(1)
		r.unanswered.Add(1)
		open := true
		answered := func(a Answered) {
			require.True(r, open, "an update is answered once")
			open = false
			r.unanswered.Add(-1)
			check(r, a)
		}
		r.env.UpdateWorkflow(name, fmt.Sprintf("update-%d-of-%s", nth, name), &testsuite.TestUpdateCallback{
			OnAccept: func() {},
			OnReject: func(err error) { answered(Answered{Refused: err}) },
			OnComplete: func(result any, err error) {
				a := Answered{Err: err}
				if err == nil {
					a.Answer = result.(refund.Answer)
				}
				answered(a)
			},
		}, payload)
	}
}

// UpdateTyped is [Update] with a payload as somebody typed it.
func UpdateTyped(name, payload string, check func(*Run, Answered)) Do {
	return func(r *Run) { Update(name, typed(r.World, payload), check)(r) }
}

// Decide is the update with a verdict.
func Decide(verb refund.Verb, by string, check func(*Run, Answered)) Do {
	return Update(workflows.UpdateDecide, refund.Verdict{Verb: verb, Decision: refund.Decision{By: by}}, check)
}
