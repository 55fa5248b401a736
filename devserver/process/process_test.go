package process

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// child makes this test binary a program that ends with its standard input.
const child = "REFUNDFLOW_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func supervised(t *testing.T, leash bool) *Process {
	t.Helper()
	t.Setenv(child, "yes")
	self, err := os.Executable()
	require.NoError(t, err)
	p := New("a child", filepath.Join(t.TempDir(), "log"), self)
	p.Leash = leash
	require.NoError(t, p.Start())
	t.Cleanup(func() { _ = p.Stop() })
	return p
}

const patience = time.Minute

func TestAKilledProgramIsStartedAgain(t *testing.T) {
	p := supervised(t, true)
	first := p.PID()
	require.NotZero(t, first)
	require.True(t, p.Kill(0))
	require.Eventually(t, func() bool { now := p.PID(); return now != 0 && now != first }, patience, time.Millisecond)
	kills, own := p.Fate()
	require.Equal(t, 1, kills)
	require.Empty(t, own, "a kill of ours is no end of its own")
	require.NoError(t, p.Stop())
	require.Zero(t, p.PID(), "stopped, it stays away")
	require.False(t, p.Kill(0), "nothing is left to kill")
}

func TestAProgramThatEndsByItselfIsToldOf(t *testing.T) {
	p := supervised(t, false) // its standard input is empty
	require.Eventually(t, func() bool { _, own := p.Fate(); return len(own) > 0 }, patience, time.Millisecond)
	require.NoError(t, p.Stop())
	kills, _ := p.Fate()
	require.Zero(t, kills)
}
