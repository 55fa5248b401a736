package wire

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestALaneLetsThroughWhatThePlatformPermitsASecond(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	lane := NewLane(3)
	for range 3 {
		require.Zero(t, lane.Enter(now))
	}
	wait := lane.Enter(now)
	require.Positive(t, wait)
	require.LessOrEqual(t, wait, time.Second/3+time.Millisecond)
	require.Equal(t, wait, lane.Enter(now), "who is turned away takes nothing")
	require.Zero(t, lane.Enter(now.Add(wait)))
}

func TestALaneIsSilentForAsLongAsThePlatformAsked(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	lanes := NewLanes(100)
	lanes.Of("1900000109").Quiet(now.Add(time.Minute))
	lanes.Of("1900000109").Quiet(now.Add(time.Second))
	require.Equal(t, time.Minute, lanes.Of("1900000109").Enter(now))
	require.Zero(t, lanes.Of("1900000110").Enter(now), "another merchant number is not concerned")
	require.Zero(t, lanes.Of("1900000109").Enter(now.Add(time.Minute)))
}
