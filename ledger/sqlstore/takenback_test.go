package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
)

// A platform that proves a refund whose sending was taken back has done what it
// said it had not: from then on it is asked before anything is sent.
func TestAProvenSuccessOfATakenBackSendingIsAskedForBeforeAnythingIsSent(t *testing.T) {
	for name, answer := range map[string]ledger.Answer{"not sent": notSent, "refused": refused} {
		b := newBooks(t, memory).opened("a", 100)
		b.sent("a", noon).answered("a", noon, answer)
		require.Equal(t, ledger.NotBegun, b.record("a").Sending, name)
		require.True(t, b.record("a").Attempted, name)
		require.NoError(t, b.Testify(t.Context(), key("a"), ledger.Evidence{State: providers.ResultSucceeded, Amount: 100, At: noon.Add(time.Hour), Source: "notification"}))
		permit, err := b.BeginSend(t.Context(), key("a"), noon.Add(time.Hour), ledger.Limits{})
		require.NoError(t, err)
		require.Equal(t, ledger.Permit{Doubt: true}, permit, name)
		require.Equal(t, ledger.Begun, b.record("a").Sending, name)
		b.balanced()
	}
}

// A process that was thought dead may tell of the first sending when the second one is
// under way already: that one stays in doubt.
func TestALateAnswerOfAnEarlierSendingTakesNothingBack(t *testing.T) {
	for name, answer := range map[string]ledger.Answer{"not sent": notSent, "refused": refused, "unknown": unknown} {
		b := newBooks(t, memory).opened("a", 100)
		b.sent("a", noon).answered("a", noon.Add(time.Second), notSent)
		b.sent("a", noon.Add(time.Minute))
		before := b.dump()
		b.answered("a", noon.Add(time.Second), answer)
		require.Equal(t, before, b.dump(), name)
		require.Equal(t, ledger.Permit{Doubt: true}, b.beginSend("a", noon.Add(2*time.Minute)), name)
	}
}
