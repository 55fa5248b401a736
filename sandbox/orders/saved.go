package orders

import (
	"fmt"
	"slices"

	"github.com/refundflow/refundflow/sandbox/control"
)

// Save gives the orders as they go into the books file: the words of the control API and each platform's own. The result
// shares nothing with the book that a later change would touch before it is written, as long as the lock is held.
func (b *Book[O, R]) Save() []*Order[O, R] {
	saved := []*Order[O, R]{}
	for _, o := range b.sequence {
		shown := *o
		shown.Order = o.View() // its sums follow from the refunds and are written for the reader
		if shown.Refunds == nil {
			shown.Refunds = []*Refund[O, R]{}
		}
		saved = append(saved, &shown)
	}
	return saved
}

// Restore files saved orders in an empty book, or names what is wrong with them. allowed checks what the platform itself
// knows of an order.
func (b *Book[O, R]) Restore(saved []*Order[O, R], allowed func(o *Order[O, R]) error) error {
	for i, o := range saved {
		if o == nil {
			return fmt.Errorf("orders[%d] is null", i)
		}
		for j, r := range o.Refunds {
			if r == nil || r.Status != control.Processing && !slices.Contains(b.Outcomes, r.Status) {
				return fmt.Errorf("orders[%d].refunds[%d]: status is not processing or one of %q", i, j, b.Outcomes)
			}
		}
		if err := allowed(o); err != nil {
			return fmt.Errorf("orders[%d]: %w", i, err)
		}
		if err := b.Add(o); err != nil {
			return fmt.Errorf("orders[%d]: %w", i, err)
		}
	}
	return nil
}
