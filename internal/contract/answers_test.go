package contract

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// fits demands that what Go sends keeps to its schema.
func fits(t *testing.T, name string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, validator(t, name).Validate(parsed(t, data)), "%s: %s", name, data)
}

func TestWhatRealRefundsAnswerKeepsToTheSchemas(t *testing.T) {
	ask := refundtest.Options{Approval: refund.ApprovalPolicy{Above: new(refund.Fen(1000)), TwiceAbove: new(refund.Fen(2000))}}
	for name, c := range map[string]struct {
		options refundtest.Options
		order   func(*control.NewBaiduOrder)
		acts    func(look refundtest.Act) []refundtest.Act
		ends    refund.Status
		// shows is what was seen on the way.
		shows func(refund.View) bool
	}{
		"after two people have approved": {
			options: ask, ends: refund.StatusSucceeded,
			acts: func(look refundtest.Act) []refundtest.Act {
				return []refundtest.Act{
					refundtest.At(time.Minute, refundtest.Decide(refund.VerbApprove, "finance-1", func(r *refundtest.Run, a refundtest.Answered) {
						require.NoError(r, a.Refused)
						require.NoError(r, a.Err)
						fits(r.T, "answer", a.Answer)
					})), look, refundtest.At(time.Hour, refundtest.Approve("finance-2")),
				}
			},
			shows: func(v refund.View) bool { return v.Waiting != nil && len(v.Waiting.ApprovedBy) == 1 },
		},
		"after a person has seen to it": {
			order: refundtest.Failing, ends: refund.StatusFailed,
			acts: func(look refundtest.Act) []refundtest.Act {
				return []refundtest.Act{look, refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveFailed))}
			},
			shows: func(v refund.View) bool { return v.Attention != nil && v.Attention.VerificationCancelled },
		},
		"refused by the platform's order": {
			order: refundtest.Unpaid, ends: refund.StatusFailed,
			acts: func(look refundtest.Act) []refundtest.Act { return []refundtest.Act{look} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, c.options)
			order := func(*control.NewBaiduOrder) {}
			if c.order != nil {
				order = c.order
			}
			var seen []refund.View
			look := refundtest.At(30*time.Minute, refundtest.See(func(_ *refundtest.Run, v refund.View) { seen = append(seen, v) }))
			run := w.Run(w.Full(order), c.acts(look)...)
			require.Equal(t, c.ends, run.Outcome.Status, run.Outcome.Reason)
			fits(t, "outcome", run.Outcome)
			fits(t, "view", run.View)
			require.NotNil(t, run.View.Outcome)
			fits(t, "request", run.Request)
			if c.shows != nil {
				require.Len(t, seen, 1)
				require.True(t, c.shows(seen[0]), "%+v", seen[0])
				fits(t, "view", seen[0])
			}
		})
	}
}

func TestTheAnswersAboutADocumentThatCannotBeReadKeepToTheSchemas(t *testing.T) {
	w := refundtest.New(t, refundtest.Options{})
	for _, document := range []string{`{}`, `null`, `{"id":7}`, `{"initiator":"nobody"}`, `[]`} {
		run := w.Run(w.Full(), refundtest.Document(document))
		require.Equal(t, refund.StatusFailed, run.Outcome.Status)
		fits(t, "outcome", run.Outcome)
		fits(t, "view", run.View)
	}
}

func TestAnAnswerMayGrow(t *testing.T) {
	for name, document := range map[string]string{
		"answer":  `{"status":"received","sentence":"accepted","new":1}`,
		"outcome": `{"id":"R1","account":"a","status":"failed","reason":"r","amount":0,"ended_at":"2026-11-20T10:00:00Z","new":{}}`,
	} {
		require.NoError(t, validator(t, name).Validate(parsed(t, []byte(document))))
	}
	require.Error(t, validator(t, "answer").Validate(parsed(t, []byte(`{"status":"done","sentence":""}`))))
	require.Error(t, validator(t, "answer").Validate(parsed(t, []byte(`{"status":"received"}`))))
}
