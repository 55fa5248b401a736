package callback

import (
	"context"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
)

// books are the real ones, with a hand on every call of the receiver.
type books struct {
	Books
	// before is called first; an error is the call's.
	before func(ctx context.Context, call string) error
}

func (b *books) call(ctx context.Context, name string) error {
	if b.before == nil {
		return nil
	}
	return b.before(ctx, name)
}

func (b *books) FindByNumber(ctx context.Context, merchant, number string) (ledger.Record, error) {
	if err := b.call(ctx, "FindByNumber"); err != nil {
		return ledger.Record{}, err
	}
	return b.Books.FindByNumber(ctx, merchant, number)
}

func (b *books) FindByPlatformRefund(ctx context.Context, merchant, id string) (ledger.Record, error) {
	if err := b.call(ctx, "FindByPlatformRefund"); err != nil {
		return ledger.Record{}, err
	}
	return b.Books.FindByPlatformRefund(ctx, merchant, id)
}

func (b *books) FindInFlight(ctx context.Context, merchant, order string) (ledger.Record, error) {
	if err := b.call(ctx, "FindInFlight"); err != nil {
		return ledger.Record{}, err
	}
	return b.Books.FindInFlight(ctx, merchant, order)
}

func (b *books) FindNameless(ctx context.Context, merchant, order, id string) (ledger.Record, error) {
	if err := b.call(ctx, "FindNameless"); err != nil {
		return ledger.Record{}, err
	}
	return b.Books.FindNameless(ctx, merchant, order, id)
}

func (b *books) Testify(ctx context.Context, key ledger.Key, e ledger.Evidence) error {
	if err := b.call(ctx, "Testify"); err != nil {
		return err
	}
	return b.Books.Testify(ctx, key, e)
}

func (b *books) NoteForeign(ctx context.Context, f ledger.ForeignRefund) (bool, error) {
	if err := b.call(ctx, "NoteForeign"); err != nil {
		return false, err
	}
	return b.Books.NoteForeign(ctx, f)
}

func (b *books) Note(ctx context.Context, key ledger.Key, at time.Time, step, text string) error {
	if err := b.call(ctx, "Note"); err != nil {
		return err
	}
	return b.Books.Note(ctx, key, at, step, text)
}

func (b *books) DecideAudit(ctx context.Context, q ledger.AuditQuestion) (ledger.AuditAnswer, error) {
	if err := b.call(ctx, "DecideAudit"); err != nil {
		return ledger.AuditAnswer{}, err
	}
	return b.Books.DecideAudit(ctx, q)
}

// hanging are books during whose writing the sender hangs up.
type hanging struct {
	*sqlstore.Store
	hangUp context.CancelFunc
}

func (h hanging) Testify(ctx context.Context, key ledger.Key, e ledger.Evidence) error {
	err := h.Store.Testify(ctx, key, e)
	h.hangUp()
	return err
}
