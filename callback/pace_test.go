package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRepeatsWakeAWorkflowAtAPace(t *testing.T) {
	w := newWorld(t).accepted()
	unknown, success := notice("3").signed(t, platform()), notice("1").signed(t, platform())
	for _, c := range []struct {
		name    string
		after   time.Duration
		body    string
		signals int
	}{
		{"the first", 0, unknown, 1},
		{"the same at once", 0, unknown, 1},
		{"the same within the gap", hintGap - 1, unknown, 1},
		{"the same after the gap", 1, unknown, 2},
		{"news at once", 0, success, 3},
		{"news that are no more", 0, success, 3},
		{"which may have been lost", longestHintGap, success, 4},
	} {
		w.now = w.now.Add(c.after)
		got, _ := w.post(toRefund, c.body)
		require.Equal(t, taken, got, c.name)
		require.Len(t, w.signals, c.signals, c.name)
	}
}

func TestHintsThatGoOnAreHeardMoreAndMoreRarely(t *testing.T) {
	var p pace
	heard := 0
	for at := noon; at.Before(noon.Add(15 * 24 * time.Hour)); at = at.Add(hintGap) {
		if p.allow("refund/shop/R1", at) {
			heard++
		}
	}
	require.Less(t, heard, 400, "each costs a workflow half a dozen events, and 51 200 end it")
	require.Greater(t, heard, 300, "and none is deaf for longer than an hour")
}

func TestTheMemoryOfThePaceIsBounded(t *testing.T) {
	var p pace
	for i := range maxPaced {
		require.True(t, p.allow(string(rune(i))+"x", noon))
	}
	require.False(t, p.allow("one more", noon))
	require.True(t, p.allow("one more", noon.Add(hintGap)))
	require.Len(t, p.last, 1, "what is old is forgotten")
}
