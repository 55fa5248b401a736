package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// child makes this test binary a program that ends with its standard input.
const child = "REFUNDFLOW_SOAK_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func supervised(t *testing.T, leash bool) *process {
	t.Helper()
	t.Setenv(child, "yes")
	self, err := os.Executable()
	require.NoError(t, err)
	p := newProcess("a child", filepath.Join(t.TempDir(), "log"), self)
	p.leash = leash
	require.NoError(t, p.start())
	t.Cleanup(func() { _ = p.stop() })
	return p
}

const patience = time.Minute

func TestAKilledProgramIsStartedAgain(t *testing.T) {
	p := supervised(t, true)
	first := p.pid()
	require.NotZero(t, first)
	require.True(t, p.kill(0))
	require.Eventually(t, func() bool { now := p.pid(); return now != 0 && now != first }, patience, time.Millisecond)
	kills, own := p.fate()
	require.Equal(t, 1, kills)
	require.Empty(t, own, "a kill of ours is no end of its own")
	require.NoError(t, p.stop())
	require.Zero(t, p.pid(), "stopped, it stays away")
	require.False(t, p.kill(0), "nothing is left to kill")
}

func TestAProgramThatEndsByItselfIsToldOf(t *testing.T) {
	p := supervised(t, false) // its standard input is empty
	require.Eventually(t, func() bool { _, own := p.fate(); return len(own) > 0 }, patience, time.Millisecond)
	require.NoError(t, p.stop())
	kills, _ := p.fate()
	require.Zero(t, kills)
}

func TestBaiduIsAskedAgainOnlyWhereItWaits(t *testing.T) {
	for name, c := range map[string]struct {
		audit control.AuditState
		since time.Duration
		waits bool
	}{
		"just asked":    {control.AuditWaiting, time.Second, false},
		"waits":         {control.AuditWaiting, 4 * time.Second, true},
		"was answered":  {control.AuditApproved, time.Hour, false},
		"nobody's wish": {control.AuditNone, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			books := control.BaiduBooks{Now: noon, Orders: []control.BaiduOrder{{Refunds: []control.BaiduRefund{{Audit: c.audit, AppliedAt: noon.Add(-c.since)}}}}}
			require.Equal(t, c.waits, waitsForQuestion(books))
		})
	}
}

func TestAnApprovalIsRepeatedUntilItHasCounted(t *testing.T) {
	for name, c := range map[string]struct {
		waiting *refund.Waiting
		waits   bool
	}{
		"nobody has":     {&refund.Waiting{For: refund.WaitApproval}, true},
		"another has":    {&refund.Waiting{For: refund.WaitApproval, ApprovedBy: []string{"finance-1"}}, true},
		"this one has":   {&refund.Waiting{For: refund.WaitApproval, ApprovedBy: []string{"finance-1", "finance-2"}}, false},
		"it has gone on": {&refund.Waiting{For: refund.WaitResult}, false},
		"it has ended":   {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.waits, waitsFor(refund.View{Waiting: c.waiting}, "finance-2"))
		})
	}
}
