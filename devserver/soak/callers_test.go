package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

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
