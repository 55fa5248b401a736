package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// accountKey names the account itself in the journal.
var accountKey = ledger.Key{Account: refundtest.AccountName}

func instruction(number string, r refund.Request) providers.Instruction {
	return providers.Instruction{Number: number, Request: r}
}

// absentBeforeResend: between two sendings the platform was asked three times
// and did not show the refund.
func absentBeforeResend(t *testing.T, r *run) {
	t.Helper()
	sends := 0
	asked := 0
	for _, call := range r.Book.Calls {
		switch call.Op {
		case opApply:
			if sends > 0 {
				require.GreaterOrEqual(t, asked, 3, "asked often enough before sending %d", sends+1)
			}
			sends, asked = sends+1, 0
		case opFind:
			asked++
		}
	}
	require.Greater(t, sends, 1)
}

// takenOut is a configuration without the account.
func takenOut(*activities.Account) *activities.Account { return nil }

func key(r *run) ledger.Key { return ledger.KeyOf(r.Request) }
