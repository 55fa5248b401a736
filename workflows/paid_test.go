package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

type (
	order = func(*control.NewBaiduOrder)
	run   = refundtest.Run
)

func TestWhatIsRefundedAndHow(t *testing.T) {
	prove(t, []situation{
		{name: "a verified order in full: its verification is cancelled first", ends: refund.StatusSucceeded,
			also: both(passed(refund.StatusReceived, refund.StatusCheckingOrder, refund.StatusCancellingVerification,
				refund.StatusApplying, refund.StatusProcessing, refund.StatusSucceeded),
				func(t *testing.T, r *run) {
					require.Equal(t, []string{opCheck, opCancel, opApply, opFind}, r.Ops())
					require.False(t, r.Book.Verified)
				})},
		{name: "an unverified order in full: nothing to cancel", order: []order{refundtest.Unverified}, ends: refund.StatusSucceeded,
			also: func(t *testing.T, r *run) { require.Equal(t, []string{opCheck, opApply, opFind}, r.Ops()) }},
		{name: "a verified order in part: it stays verified", part: true, ends: refund.StatusSucceeded,
			also: func(t *testing.T, r *run) {
				require.Equal(t, []string{opCheck, opApply, opFind}, r.Ops())
				require.True(t, r.Book.Verified)
			}},
		{name: "an unverified order in part is refused before anything is sent", part: true, order: []order{refundtest.Unverified},
			ends: refund.StatusFailed, also: both(nothingSent, givenBack)},
		{name: "an unpaid order is refused before anything is sent", order: []order{refundtest.Unpaid},
			ends: refund.StatusFailed, also: both(nothingSent, givenBack)},
		{name: "a refund made elsewhere is for a person", order: []order{refundtest.Unverified},
			acts:   []refundtest.Act{refundtest.Before(check, 1, refundElsewhere)},
			stands: "was not made here", ends: refund.StatusFailed},
	})
}

// refundElsewhere gives the order back under a number that is not ours.
func refundElsewhere(r *run) {
	elsewhere := refundtest.New(r.T, refundtest.Options{Address: r.URL})
	account, err := elsewhere.Account(refundtest.AccountName)
	require.NoError(r, err)
	other := r.Request
	_, err = account.Provider.Apply(r.Context(), instruction("Elsewhere1", other))
	require.NoError(r, err)
}

func TestTheViewTellsWhatHappened(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{Approval: refund.ApprovalPolicy{Above: new(refund.Fen(0))}})
	request := w.Full(refundtest.SettlesAfter(90 * time.Second))
	var waiting, processing refund.View
	r := w.Run(request,
		refundtest.At(time.Hour, refundtest.See(func(_ *run, v refund.View) { waiting = v }), refundtest.Approve("finance-2")),
		refundtest.At(time.Hour+time.Minute, refundtest.See(func(_ *run, v refund.View) { processing = v })))
	require.Equal(t, refund.StatusAwaitingApproval, waiting.Status)
	require.Contains(t, waiting.Sentence, "approve")
	require.False(t, waiting.Irreversible)
	require.Equal(t, refund.StatusProcessing, processing.Status)
	require.True(t, processing.Irreversible)
	require.Equal(t, "R1", processing.ProviderNumber)
	require.NotEmpty(t, processing.PlatformRefundID)
	require.Zero(t, processing.Refunded)
	require.Equal(t, refund.Fen(9800), r.View.Refunded)
}

func TestSearchAttributesAreWrittenOnlyWhereOperatorsFilter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		options refundtest.Options
		acts    []refundtest.Act
		fault   *control.Fault
		want    []string
	}{
		{name: "a quiet refund writes once, at its end", want: []string{"succeeded"}},
		{name: "a wait is written when it begins and when it ends",
			options: refundtest.Options{Approval: refund.ApprovalPolicy{Above: new(refund.Fen(0))}},
			acts:    []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2"))},
			want:    []string{"awaiting_approval", "checking_order", "processing", "succeeded"}},
		{name: "doubt is written, and its end", fault: new(lost(opApply, control.After, 1)),
			want: []string{"in_doubt", "processing", "succeeded"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, c.options)
			request := w.Full()
			if c.fault != nil {
				w.Fault(*c.fault)
			}
			r := w.Run(request, c.acts...)
			require.Equal(t, c.want, r.Written)
			account, _ := r.Attributes.GetKeyword(workflows.AttributeAccount)
			provider, _ := r.Attributes.GetKeyword(workflows.AttributeProvider)
			orderID, _ := r.Attributes.GetKeyword(workflows.AttributeOrder)
			amount, _ := r.Attributes.GetInt64(workflows.AttributeAmount)
			require.Equal(t, []any{"shop-baidu", "baidu", request.Order.MerchantID, int64(9800)},
				[]any{account, provider, orderID, amount})
		})
	}
}
