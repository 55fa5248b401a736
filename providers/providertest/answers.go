package providertest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// malformed are answers that no platform should give and every network can.
var malformed = map[string]control.Fault{
	"cut in the middle": {Kind: control.FaultTruncated},
	"a page of HTML":    {Kind: control.FaultHTML},
	"nothing":           {Kind: control.FaultEmpty},
	"endless":           {Kind: control.FaultHuge},
	"no answer":         {Kind: control.FaultDisconnect},
	"without its code":  {Kind: control.FaultNoErrno},
	"an empty object":   {Kind: control.FaultAnswer, Body: "{}"},
	"null":              {Kind: control.FaultAnswer, Body: "null"},
	"a list":            {Kind: control.FaultAnswer, Body: "[]"},
	"a text":            {Kind: control.FaultAnswer, Body: `"SUCCESS"`},
	"a bare word":       {Kind: control.FaultAnswer, Body: "SUCCESS"},
	"an empty document": {Kind: control.FaultAnswer, Body: "<xml></xml>"},
	"status 500":        {Kind: control.FaultStatus, Status: http.StatusInternalServerError, Body: "{}"},
	"status 502":        {Kind: control.FaultStatus, Status: http.StatusBadGateway, Body: "<html></html>"},
	"status 504":        {Kind: control.FaultStatus, Status: http.StatusGatewayTimeout},
}

// malformedAnswers spoils each call in each way, before and after the platform
// has done its work.
func malformedAnswers(t *testing.T, transport Transport) {
	b := Stand(t, transport)
	for name, spoiled := range malformed {
		for _, phase := range []control.FaultPhase{control.Before, control.After} {
			t.Run(name+" "+string(phase), func(t *testing.T) {
				b.fresh(t).isNoSuccess(t, spoiled, phase)
			})
		}
	}
}

func forgedAnswers(t *testing.T, transport Transport) {
	b := Stand(t, transport)
	for name, forged := range b.Forged {
		t.Run(name, func(t *testing.T) { b.fresh(t).isNoSuccess(t, forged, control.After) })
	}
}

// isNoSuccess lets the fault strike the apply, the refund query and the order
// query in turn.
func (b *Bench) isNoSuccess(t *testing.T, f control.Fault, phase control.FaultPhase) {
	t.Helper()
	order := b.NewOrder(t, control.NewOrder{Total: 9800})
	b.ready(t, order)
	in := b.instruction(order, 9800, refund.NewID())

	f.Op, f.Phase = b.Ops.Apply, phase
	b.fault(t, f)
	receipt, err := b.Provider.Apply(t.Context(), in)
	require.Error(t, err, "taken for an acceptance: %+v", receipt)
	require.Contains(t, []refund.Class{refund.ClassAmbiguous, refund.ClassNeedsHuman}, classOf(t, err), "%v", err)
	b.keepsSecrets(t, err)

	if f.Op = b.Ops.Query; f.Op != "" {
		b.fault(t, f)
		result, err := b.Provider.Query(t.Context(), in)
		require.True(t, err != nil || result.State == providers.ResultUnknown, "taken for an answer: %+v", result)
		b.keepsSecrets(t, err)
	}
	if f.Op = b.Ops.Order; f.Op != "" {
		b.fault(t, f)
		state, err := b.Provider.OrderState(t.Context(), order)
		require.Error(t, err, "taken for an answer: %+v", state)
		b.keepsSecrets(t, err)
	}
}

func (b *Bench) keepsSecrets(t *testing.T, err error) {
	t.Helper()
	for _, secret := range b.Secrets {
		if err != nil {
			require.NotContains(t, err.Error(), secret)
		}
	}
}

func documentedCodes(t *testing.T, transport Transport) {
	ground := Stand(t, transport)
	codes := ground.Codes(t)
	require.NotEmpty(t, codes)
	for _, code := range codes {
		t.Run(code.Name, func(t *testing.T) {
			b := ground.fresh(t)
			order := b.NewOrder(t, control.NewOrder{Total: 9800})
			f := code.Fault
			f.Kind = control.FaultAnswer
			if f.Op = code.Op; f.Op == "" {
				f.Op = b.Ops.Apply
			}
			b.fault(t, f)
			err := b.call(t, f.Op, b.instruction(order, 9800, "R1"))
			if code.Heals {
				require.NoError(t, err)
				require.Len(t, b.Refunds(t, order), 1)
				return
			}
			require.Equal(t, code.Want, classOf(t, err), "%v", err)
			b.keepsSecrets(t, err)
			require.Empty(t, b.Refunds(t, order))
		})
	}
}

// call makes the call that the stand-in knows under that name.
func (b *Bench) call(t *testing.T, op string, in providers.Instruction) error {
	t.Helper()
	var err error
	switch op {
	case b.Ops.Apply:
		_, err = b.Provider.Apply(t.Context(), in)
	case b.Ops.Order:
		_, err = b.Provider.OrderState(t.Context(), in.Request.Order)
	case b.Ops.Query:
		_, err = b.Provider.Query(t.Context(), in)
	default:
		require.FailNow(t, "no call is named "+op)
	}
	return err
}
