package connection

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// No descriptor was left, or the share hung: the file is as it was, and the key in it is the new one.
func TestARenewalThatFailedForAMomentIsTriedAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	old := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(file, old, old)) // as mv leaves what was prepared before
	clock, reads, reported, wrong := time.Now(), 0, 0, errors.New("open key: too many open files")
	r := renewing("old", func(error) { reported++ }, func() (string, error) { reads++; return "new", wrong }, file)
	r.clock = func() time.Time { return clock }
	for range 3 {
		for range 3 {
			require.Equal(t, "old", r.get())
		}
		clock = clock.Add(retryPause)
	}
	require.Equal(t, 3, reads, "not for every single call")
	require.Equal(t, 1, reported)
	wrong = nil
	for range 3 {
		require.Equal(t, "new", r.get())
		clock = clock.Add(retryPause)
	}
	require.Equal(t, 4, reads, "what can be used is read once")
}
