package providertest

import (
	"crypto/rand"
	"errors"
	"math/big"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// newOrder makes orders at a stand-in with the common shape of orders.
func newOrder(platform *control.Platform, merchant string) func(*testing.T, control.NewOrder) refund.Order {
	return func(t *testing.T, o control.NewOrder) refund.Order {
		t.Helper()
		o.Merchant = merchant
		made, err := platform.CreateOrder(t.Context(), o)
		require.NoError(t, err)
		return refund.Order{PlatformID: made.PlatformID, MerchantID: made.MerchantID, Total: refund.Fen(o.Total),
			StoreID: made.StoreID, StoreIDType: made.StoreIDType}
	}
}

// placedRefunds reads an order's refunds from its platform's books.
func placedRefunds(platform *control.Platform) func(*testing.T, refund.Order) []control.PlacedRefund {
	return func(t *testing.T, o refund.Order) []control.PlacedRefund {
		t.Helper()
		book, err := platform.OrderBook(t.Context(), o.PlatformID)
		var unknown *control.Error
		if errors.As(err, &unknown) && unknown.Status == http.StatusNotFound {
			return nil
		}
		require.NoError(t, err)
		return book.Refunds
	}
}

// digits is a number of n digits, for platforms that number their merchants.
func digits(n int64) string {
	low := new(big.Int).Exp(big.NewInt(10), big.NewInt(n-1), nil)
	more, err := rand.Int(rand.Reader, new(big.Int).Mul(low, big.NewInt(9)))
	if err != nil {
		panic(err) // no randomness: nothing can be tested here
	}
	return new(big.Int).Add(low, more).String()
}
