package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

// What restored books may have forgotten is asked about before it is sent, once: from
// then on the intent is written, and makes everybody ask.
func TestRestoredBooksAskBeforeTheySend(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(books) (id string)
		asks bool
	}{
		"a refund that was open":                     {func(b books) string { return "open" }, true},
		"one that is opened soon after":              {func(b books) string { b.opened("soon", 100); return "soon" }, true},
		"one that is opened long after":              {func(b books) string { b.later("late", noon.Add(8*day)); return "late" }, false},
		"one that the workflow knows to have sent":   {func(b books) string { b.known("known", noon.Add(8*day)); return "known" }, true},
		"one found again that the workflow has sent": {func(b books) string { b.later("x", noon.Add(8*day)).known("x", noon.Add(8*day)); return "x" }, true},
		"not twice: what is known not to have arrived": {func(b books) string {
			require.Equal(b, ledger.Permit{Doubt: true}, b.beginSend("open", noon))
			b.answered("open", noon, notSent)
			return "open"
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t, ":memory:").opened("open", 100).opened("done", 100).sent("done", noon)
			asked, err := b.Restored(t.Context(), noon, noon.Add(7*day))
			require.NoError(t, err)
			require.Equal(t, 1, asked, "what is being sent asks anyhow")
			again, err := b.Restored(t.Context(), noon, noon.Add(7*day))
			require.NoError(t, err)
			require.Equal(t, asked, again, "said twice is said once")

			id := c.do(b)
			permit := b.beginSend(id, noon.Add(8*day))
			require.Equal(t, ledger.Permit{Doubt: c.asks, Send: !c.asks}, permit)
			require.Equal(t, ledger.Begun, b.record(id).Sending)
			require.Equal(t, ledger.Permit{Doubt: true}, b.beginSend(id, noon.Add(8*day)))
		})
	}
}

func TestARestoreNamesATimeAfterItself(t *testing.T) {
	b := newBooks(t, ":memory:")
	_, err := b.Restored(t.Context(), noon, noon.Add(-time.Second))
	require.ErrorContains(t, err, "give a later one")
	_, err = b.Restored(t.Context(), time.Time{}, noon)
	require.Error(t, err)
}

// later opens a refund at another time, and known one of which the workflow knows more.
func (b books) later(id string, at time.Time) books { return b.reopened(id, at, false) }
func (b books) known(id string, at time.Time) books { return b.reopened(id, at, true) }

func (b books) reopened(id string, at time.Time, sent bool) books {
	b.Helper()
	o := opening(id, "order-"+id, 100, 100)
	o.At, o.Sent = at, sent
	opened, err := b.Open(b.Context(), o)
	require.NoError(b, err)
	require.Empty(b, opened.Refused)
	return b
}
