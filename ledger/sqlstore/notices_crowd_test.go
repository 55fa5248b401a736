package sqlstore

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// atOnce runs do n times together on two stores of one ledger and returns the errors.
func atOnce(t *testing.T, n int, do func(b books, i int) error) (books, []error) {
	t.Helper()
	place := shared(t)
	stores := []books{newBooks(t, place), newBooks(t, place)}
	stores[0].openedOf("a", "o1", 100, 300).sent("a", noon).answered("a", noon, ledger.Answer{Receipt: &providers.Receipt{}})
	errs := make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { errs[i] = do(stores[i%2], i) })
	}
	wait.Wait()
	stores[0].balanced()
	return stores[0], errs
}

func TestOneBatchAskedManyTimesAtOnceHasOneAnswer(t *testing.T) {
	b, errs := atOnce(t, 16, func(b books, i int) error {
		a, err := b.DecideAudit(t.Context(), question("P1", "o1", 100, noon.Add(time.Duration(i)*time.Second)))
		if err == nil && a.Verdict != (providers.AuditVerdict{Decision: providers.AuditApprove, Amount: 100}) {
			return fmt.Errorf("verdict %v", a.Verdict)
		}
		return err
	})
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, providers.AuditApprove, b.audit("P1").Decision)
}

func TestOfManyBatchesAtOnceOneRefundApprovesOne(t *testing.T) {
	b, errs := atOnce(t, 16, func(b books, i int) error {
		_, err := b.DecideAudit(t.Context(), question(fmt.Sprintf("P%d", i), "o1", 100, noon))
		return err
	})
	require.NoError(t, errors.Join(errs...))
	list, err := b.Audits(t.Context(), "")
	require.NoError(t, err)
	approved := 0
	for _, a := range list {
		if a.Decision == providers.AuditApprove {
			approved++
			require.Equal(t, a.PlatformRefundID, b.record("a").PlatformRefundID)
		}
	}
	require.Len(t, list, 16)
	require.Equal(t, 1, approved)
	require.Len(t, b.foreigns(), 15)
}

func TestAFailureReportedWhileTheSuccessIsBookedIsAContradictionOnce(t *testing.T) {
	b, errs := atOnce(t, 16, func(b books, i int) error {
		if i%4 < 2 {
			return b.Settle(t.Context(), key("a"), settlement("P1", 100))
		}
		return b.Testify(t.Context(), key("a"), evidence(failed, "P1", 100))
	})
	clashes := 0
	for _, err := range errs {
		var c *ledger.ContradictionError
		if errors.As(err, &c) {
			clashes++
		} else {
			require.NoError(t, err)
		}
	}
	require.Positive(t, clashes, "whoever is later hears of it")
	r := b.record("a")
	require.Equal(t, ledger.Succeeded, r.Status)
	require.EqualValues(t, 100, r.Refunded)
	require.True(t, r.Evidence == nil || r.Evidence.Contradicted)
}

// TestOpeningsAndForeignRefundsAtOnceLeaveNothingNegative: what the platform does
// cannot be refused, so that the sum may exceed the order; ours alone never does,
// and nothing is opened beside a sum that is full.
func TestOpeningsAndForeignRefundsAtOnceLeaveNothingNegative(t *testing.T) {
	const amount = refund.Fen(50)
	b, errs := atOnce(t, 16, func(b books, i int) error {
		if i%4 < 2 {
			f := foreign(succeeded, amount, noon)
			f.PlatformRefundID = fmt.Sprintf("F%d", i)
			_, err := b.NoteForeign(t.Context(), f)
			return err
		}
		_, err := b.Open(t.Context(), opening(fmt.Sprintf("r%d", i), "o1", amount, 300))
		return err
	})
	require.NoError(t, errors.Join(errs...))
	opened, err := b.Open(t.Context(), opening("late", "o1", 1, 300))
	require.NoError(t, err)
	require.Contains(t, opened.Refused, "order o1 of ¥3.00 has ¥0.00 left")
	require.Contains(t, opened.Refused, "¥4.00 of it not made here")
}
