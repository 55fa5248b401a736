package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

func (b books) approved(id string, at time.Time, by string) books {
	b.Helper()
	require.NoError(b, b.Approve(b.Context(), key(id), at, by))
	return b
}

// approvers are those whom a refund that is begun anew is told of.
func (b books) approvers(id string) []string {
	b.Helper()
	o, err := b.Open(b.Context(), opening(id, "order-"+id, 100, 100))
	require.NoError(b, err)
	return o.ApprovedBy
}

func TestWhoHasApprovedIsRememberedOnceAndInOrder(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).opened("b", 100)
	require.Empty(t, b.approvers("a"))
	b.approved("a", noon.Add(time.Minute), "finance-2").approved("a", noon, "finance-9").approved("a", noon.Add(time.Minute), "finance-1")
	want := []string{"finance-9", "finance-1", "finance-2"}
	require.Equal(t, want, b.approvers("a"))
	b.approved("a", noon.Add(-time.Hour), "finance-2")
	require.Equal(t, want, b.approvers("a"), "twice is once, and the first time counts")
	require.Empty(t, b.approvers("b"), "of another refund")
	b.balanced()
}

func TestWhatCannotBeApproved(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).opened("ended", 100).finished("ended", ledger.Rejected)
	before := b.dump()
	require.ErrorContains(t, b.Approve(t.Context(), key("a"), noon, ""), "nobody is named")
	require.ErrorIs(t, b.Approve(t.Context(), key("nobody"), noon, "finance-2"), ledger.ErrUnknown)
	require.ErrorContains(t, b.Approve(t.Context(), key("a"), time.Time{}, "finance-2"), "has no time")
	var ended *ledger.ContradictionError
	require.ErrorAs(t, b.Approve(t.Context(), key("ended"), noon, "finance-2"), &ended)
	require.Equal(t, ledger.Rejected, ended.Booked)
	require.Equal(t, before, b.dump())
}

func TestASignatureCountsOnce(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).opened("b", 100)
	for _, c := range []struct {
		name, id, signature, claim string
		ours                       bool
	}{
		{"unused", "a", "5ea1", "approve 1", true},
		{"again by the same claim: a repeated step finds its own", "a", "5ea1", "approve 1", true},
		{"by another claim", "a", "5ea1", "approve 2", false},
		{"and still by the first", "a", "5ea1", "approve 1", true},
		{"another signature by the same claim", "a", "5ea2", "approve 1", true},
		{"the same letters for another refund are another seal", "b", "5ea1", "approve 2", true},
	} {
		ours, err := b.SpendSeal(t.Context(), key(c.id), noon, c.signature, c.claim)
		require.NoError(t, err, c.name)
		require.Equal(t, c.ours, ours, c.name)
	}
	b.finished("a", ledger.Failed)
	ours, err := b.SpendSeal(t.Context(), key("a"), noon, "5ea3", "resolve 1")
	require.NoError(t, err)
	require.True(t, ours, "an alert of an ended refund is resolved with a seal too")

	before := b.dump()
	for _, c := range []struct{ id, signature, claim, want string }{
		{"a", "", "approve 1", "with its signature and a claim"},
		{"a", "5ea9", "", "with its signature and a claim"},
		{"nobody", "5ea9", "approve 1", ledger.ErrUnknown.Error()},
	} {
		_, err := b.SpendSeal(t.Context(), key(c.id), noon, c.signature, c.claim)
		require.ErrorContains(t, err, c.want)
	}
	require.Equal(t, before, b.dump())
}

func TestWhatWasDemandedIsKeptWithTheRefund(t *testing.T) {
	demanded := refund.Approval{Why: "¥1.00 is above ¥0.50", Approvers: 2, RemindEvery: time.Hour, Deadline: day, AtDeadline: refund.DeadlineReject, Signed: true}
	b := newBooks(t, memory)
	o := opening("a", "o1", 100, 100)
	o.Approval = demanded
	_, err := b.Open(t.Context(), o)
	require.NoError(t, err)
	o.Approval = refund.Approval{}
	again, err := b.Open(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, &demanded, again.Record.Approval, "a policy that has changed since asks no more and no less")
	require.Equal(t, &demanded, b.record("a").Approval)
	require.Equal(t, "baidu", b.record("a").Provider)

	_, err = b.writer.ExecContext(t.Context(), `UPDATE refunds SET approval = '{}'`)
	require.ErrorContains(t, err, "never changes")
	b.opened("none", 100)
	require.Equal(t, &refund.Approval{}, b.record("none").Approval, "nobody was asked, which is known")
}

func TestOfAnOlderRefundItIsNotKnownWhatWasDemanded(t *testing.T) {
	b := newBooks(t, fileOf(t, 2, version2(t)))
	require.Nil(t, b.record("doubt").Approval)
	b.approved("doubt", noon, "finance-2").balanced()
}
