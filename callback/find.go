package callback

import (
	"context"
	"errors"
	"fmt"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// match says how a proven message and a refund belong together.
type match int

const (
	// matchNone: it speaks of a refund that was not made here.
	matchNone match = iota
	// matchOrder: the order has a refund on its way that it may speak of.
	matchOrder
	// matchRefund: it names the refund, by our number or by the platform's.
	matchRefund
)

// find looks for the refund that a proven message speaks of.
func (h *handler) find(ctx context.Context, rules providers.Rules, n providers.Notification) (ledger.Record, match, error) {
	if n.Number != "" {
		if r, found, err := known(h.Books.FindByNumber(ctx, rules.Merchant, n.Number)); found || err != nil {
			return r, matchRefund, err
		}
	}
	if n.PlatformRefundID != "" {
		if r, found, err := known(h.Books.FindByPlatformRefund(ctx, rules.Merchant, n.PlatformRefundID)); found || err != nil {
			return r, matchRefund, err
		}
	}
	order := rules.OrderKey.Of(n.Order)
	if n.Number != "" || n.Elsewhere || order == "" {
		return ledger.Record{}, matchNone, nil // our numbers are written down before they are sent
	}
	r, found, err := known(h.Books.FindInFlight(ctx, rules.Merchant, order))
	switch {
	case err != nil:
		return ledger.Record{}, matchNone, err
	case found && (r.PlatformRefundID == "" || n.PlatformRefundID == ""):
		return r, matchOrder, nil
	case found && r.PlatformRefundID == n.PlatformRefundID:
		return r, matchRefund, nil // its acceptance was written between the two looks
	case n.PlatformRefundID == "":
		return ledger.Record{}, matchNone, nil
	}
	// An end that was learnt from the order's state alone has no number (the protocol
	// notes, docs/protocols/baidu.md §10): this may be its own word, come late.
	if r, found, err = known(h.Books.FindNameless(ctx, rules.Merchant, order, n.PlatformRefundID)); found {
		return r, matchRefund, nil
	}
	return ledger.Record{}, matchNone, err // another refund of the same order, if any
}

// known tells a refund that is not there from books that cannot be read.
func known(r ledger.Record, err error) (ledger.Record, bool, error) {
	if errors.Is(err, ledger.ErrUnknown) {
		return ledger.Record{}, false, nil
	}
	return r, err == nil, err
}

// mistaken says why a proven message is not about this refund at all; "" when it may
// be. What the message does not say agrees.
func mistaken(r ledger.Record, n providers.Notification) string {
	for _, c := range []struct{ what, said, booked string }{
		{"our refund number", n.Number, r.Number},
		{"the platform's order number", n.Order.PlatformID, r.Request.Order.PlatformID},
		{"the merchant's order number", n.Order.MerchantID, r.Request.Order.MerchantID},
	} {
		if why := unlike(c.what, c.said, c.booked); why != "" {
			return why
		}
	}
	order := r.Request.Order
	switch {
	case r.Status == ledger.Open && !r.Attempted && r.Sending == ledger.NotBegun:
		// Another environment with the same merchant number may use our numbers.
		return "the platform speaks of this refund, but it was never sent"
	case n.Order.UserID != "" && order.UserID != "" && n.Order.UserID != order.UserID:
		return "the payer in the notification is not the one in the books" // personal: unnamed
	case n.Order.Total != 0 && n.Order.Total != order.Total:
		return fmt.Sprintf("the notification says %s was paid, the books say %s", n.Order.Total, order.Total)
	}
	return ""
}

// differing says in what a message about this refund differs from the books: in the
// money, or in the platform's number for it; "" when they agree.
func differing(r ledger.Record, n providers.Notification) string {
	if n.Amount != 0 && n.Amount != r.Amount {
		return fmt.Sprintf("the notification says %s is given back, the books say %s", n.Amount, r.Amount)
	}
	return unlike("the platform's refund number", n.PlatformRefundID, r.PlatformRefundID)
}

// unlike compares two numbers; one that is missing agrees with any.
func unlike(what, said, booked string) string {
	if said == "" || booked == "" || said == booked {
		return ""
	}
	return fmt.Sprintf("%s is %s in the notification and %s in the books", what, refund.CleanText(said), booked)
}
