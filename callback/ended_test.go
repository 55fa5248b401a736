package callback

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/baidu"
	"github.com/refundflow/refundflow/refund"
)

// Its workflow has ended: nobody would see that the platform says otherwise now.
func TestAContradictedEndIsPutBeforeAPersonOnce(t *testing.T) {
	for name, c := range map[string]struct {
		before   func(*world) *world
		word     string
		reopened int
	}{
		"paid after it had failed":      {func(w *world) *world { return w.accepted().ended(ledger.Failed) }, "1", 1},
		"failed after it was paid":      {func(w *world) *world { return w.accepted().settled() }, "2", 1},
		"the same as before":            {func(w *world) *world { return w.accepted().settled() }, "1", 0},
		"contradicted while it is open": {(*world).accepted, "2", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.before(newWorld(t))
			for range 3 {
				_, status := w.post(toRefund, notice(c.word).signed(t, platform()))
				require.Equal(t, 200, status)
			}
			require.Len(t, w.reopened, c.reopened)
			require.Equal(t, c.reopened > 0, w.record().Alert != "")
		})
	}
}

// speaks is a platform whose genuine messages name our number and an amount, as
// WeChat's and Shengpay's do.
type speaks struct {
	*baidu.Provider
	n providers.Notification
}

func (s speaks) Notification(providers.Callback) (providers.Notification, error) { return s.n, nil }

// Of an open refund a message with other figures is a hint; of an ended one it is the
// last that is ever heard of the money.
func TestOtherFiguresOfAnEndedRefundAreAnAlertAndOfAnOpenOneAHint(t *testing.T) {
	for name, c := range map[string]struct {
		before  func(*world) *world
		number  string
		amount  refund.Fen
		reopens bool
	}{
		"another amount after a failure":         {func(w *world) *world { return w.accepted().ended(ledger.Failed) }, "700", 90, true},
		"another number after a failure":         {func(w *world) *world { return w.accepted().ended(ledger.Failed) }, "701", 100, true},
		"a second payment after the first":       {func(w *world) *world { return w.accepted().settled() }, "701", 100, true},
		"another amount after the payment":       {func(w *world) *world { return w.accepted().settled() }, "700", 90, true},
		"the same figures after the payment":     {func(w *world) *world { return w.accepted().settled() }, "700", 100, false},
		"another amount while it is on its way":  {(*world).accepted, "700", 90, false},
		"another number while it is on its way":  {(*world).accepted, "701", 100, false},
		"another amount before it was accepted":  {(*world).sent, "", 90, false},
		"another amount of what never was begun": {(*world).opened, "", 90, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.before(newWorld(t))
			w.accounts["shop"] = speaks{w.accounts["shop"].(*baidu.Provider), providers.Notification{
				Proven: true, Number: "N1", PlatformRefundID: c.number, State: providers.ResultSucceeded, Amount: c.amount,
			}}
			open := w.record().Status == ledger.Open
			for range 2 {
				got, _ := w.post(toRefund, notice("1").signed(t, platform()))
				require.Equal(t, taken, got)
			}
			require.Equal(t, c.reopens, w.record().Alert != "", w.record().Alert)
			require.Equal(t, c.reopens, len(w.reopened) == 1)
			if open {
				require.Nil(t, w.record().Evidence, "it asks the platform itself")
				require.NotEmpty(t, w.signals)
				require.Contains(t, w.steps(), "notification disagrees")
			}
		})
	}
}
