package process

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAProcessHasMemory(t *testing.T) {
	rss, err := Resident(os.Getpid())
	require.NoError(t, err)
	require.Greater(t, rss, int64(1<<20))
	_, err = Resident(-1)
	require.Error(t, err, "no such process")
}

func TestWorkIsPaidForInProcessorTime(t *testing.T) {
	before, err := CPU(os.Getpid())
	require.NoError(t, err)
	for {
		now, err := CPU(os.Getpid())
		require.NoError(t, err)
		require.GreaterOrEqual(t, now, before)
		if now-before >= 50*time.Millisecond { // the kernel counts in steps of 10 ms
			return
		}
	}
}
