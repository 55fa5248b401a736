package sqlstore

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
)

func TestATextComesBackAsItWas(t *testing.T) {
	for _, text := range []string{
		"", "ordinary", "退款 ¥1.00 🙂", "a\x00b", "\x00", "\xff\xfe", "退\xe9\x80", "\x1a", "\x1a00", "a\x1a\x00\xffz", "\uFFFD",
	} {
		form := stored(text)
		require.Equal(t, text, original(form), "%q", text)
		require.NotContains(t, form, "\x00")
		require.True(t, strings.ToValidUTF8(form, "") == form, "%q", text)
	}
	require.Equal(t, "plain", stored("plain"), "what can be stored is")
	for _, old := range []string{"\x1a", "\x1az", "a\x1a0", "\x1azz"} {
		require.Equal(t, old, original(old), "an older ledger's own")
	}
}

func FuzzTextComesBackAsItWas(f *testing.F) {
	f.Add("a\x00b\xff\x1a00")
	f.Fuzz(func(t *testing.T, text string) {
		if form := stored(text); original(form) != text || strings.ContainsRune(form, 0) || strings.ToValidUTF8(form, "") != form {
			t.Fatalf("%q is stored as %q and comes back as %q", text, form, original(form))
		}
	})
}

// A platform's number that no database can hold is one number all the same: said again
// it changes nothing, and another one is another one.
func TestWhatAPlatformSaysIsKeptWhateverItHolds(t *testing.T) {
	for _, number := range []string{"P\x001", "P\xff1", "P\x1a1", "P'?1", `P"\1`} {
		b := newBooks(t, memory).opened("a", 100).sent("a", noon)
		accepted := ledger.Answer{Receipt: &providers.Receipt{PlatformRefundID: number, Amount: 100}, Text: "said " + number}
		b.answered("a", noon, accepted)
		once := b.dump()
		b.answered("a", noon, accepted)
		require.NoError(t, b.Testify(t.Context(), key("a"), evidence(succeeded, number, 100)))
		require.Equal(t, number, b.record("a").PlatformRefundID)
		require.Equal(t, number, b.record("a").Evidence.PlatformRefundID)
		found, err := b.FindByPlatformRefund(t.Context(), "baidu/M1", number)
		require.NoError(t, err)
		require.Equal(t, key("a"), found.Key)
		require.NotEqual(t, once, b.dump(), "the evidence is new, the acceptance was not")
		b.clash(b.Testify(t.Context(), key("a"), evidence(succeeded, number+"x", 100)))
		require.NoError(t, b.Note(t.Context(), key("a"), noon, "note", "by hand: "+number))
		lines, err := b.Journal(t.Context(), key("a"))
		require.NoError(t, err)
		require.Equal(t, "by hand: "+number, lines[len(lines)-1].Text)
		b.balanced()
	}
}

// TestALongTextIsStoredOrRefusedByBothEnginesAlike: an index of PostgreSQL ends at some
// thousand bytes, and only where they cannot be compressed.
func TestALongTextIsStoredOrRefusedByBothEnginesAlike(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100)
	var long string
	for len(long) < 8000 {
		long += rand.Text()
	}
	long = long[:8000]
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"a note", func() error { return b.Note(t.Context(), key("a"), noon, "note", long) }},
		{"a flag", func() error { return b.Flag(t.Context(), "shop", noon, long) }},
		{"who takes it down", func() error { return b.Unflag(t.Context(), "shop", noon, long) }},
		{"who ends it, and why", func() error {
			return b.Finish(t.Context(), key("a"), ledger.Ending{Status: ledger.Failed, At: noon, Reason: long, By: long})
		}},
	} {
		require.NoError(t, c.do(), c.name)
		before := b.dump()
		require.NoError(t, c.do(), c.name)
		require.Equal(t, before, b.dump(), "%s: a repeated step finds its own", c.name)
	}
	require.ErrorContains(t, b.opened("b", 100).Approve(t.Context(), key("b"), noon, long), "has 8000 bytes: want at most 256")
	_, err := b.SpendSeal(t.Context(), key("b"), noon, long, "claim")
	require.ErrorContains(t, err, "want at most 256")
}
