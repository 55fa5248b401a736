package service

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"github.com/refundflow/refundflow/ledger"
)

// What the platform was heard to say and what came free are two signals: the first asks
// for the result of what was sent, also where a person is needed.
func TestTheReconcilerTellsAResultAndRoomByTheirOwnSignals(t *testing.T) {
	l := &line{}
	r := (&Service{client: l}).remote("refunds")
	key, away := ledger.Key{Account: "shop", ID: "R1"}, errors.New("the server is away")
	for _, tell := range []func(context.Context, ledger.Key) error{r.Wake, r.LookAgain} {
		require.NoError(t, tell(t.Context(), key))
		l.deny = func(string) error { return serviceerror.NewNotFound("no such workflow") }
		require.NoError(t, tell(t.Context(), key), "one that does not run needs no telling")
		l.deny = func(string) error { return away }
		require.ErrorIs(t, tell(t.Context(), key), away)
		l.deny = nil
	}
	require.Equal(t, []string{"provider-notification refund/shop/R1", "limits-changed refund/shop/R1"}, l.told)
}
