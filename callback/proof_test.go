package callback

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// teller says what the body says, proven or not.
type teller struct{ providers.Provider }

func (teller) Notification(c providers.Callback) (n providers.Notification, err error) {
	return n, json.Unmarshal(c.Body, &n)
}

func (teller) NotificationReply(taken bool) providers.Reply {
	if taken {
		return providers.Reply{Status: 204}
	}
	return providers.Reply{Status: 503, ContentType: "text/plain", Body: []byte("again")}
}

func TestWhatIsNotProvenIsAHint(t *testing.T) {
	all := providers.Notification{Number: "N1", PlatformRefundID: "700", Order: refund.Order{PlatformID: order1, Total: 9800},
		State: providers.ResultSucceeded, Amount: 100}
	change := func(f func(*providers.Notification)) providers.Notification { n := all; f(&n); return n }
	proven := func(f func(*providers.Notification)) providers.Notification {
		n := all
		n.Proven = true
		f(&n)
		return n
	}
	for _, c := range []struct {
		name     string
		before   func(*world) *world
		says     providers.Notification
		signals  int
		evidence bool
		foreign  int
		alerts   int
		journal  string
	}{
		{name: "unproven, with our number: the refund asks by itself", says: all, signals: 1},
		{name: "unproven, with wrong figures: it asks all the same", says: change(func(n *providers.Notification) { n.Amount = 7 }), signals: 1},
		{name: "unproven, before it was sent", before: (*world).opened, says: all, signals: 1},
		{name: "unproven, with the platform's number alone", says: change(func(n *providers.Notification) { n.Number = "" })},
		{name: "unproven, with another number, is never foreign", says: change(func(n *providers.Notification) { n.Number, n.Elsewhere = "N2", true })},
		{name: "unproven, of an ended refund", before: func(w *world) *world { return w.accepted().ended(ledger.Failed) }, says: all},

		{name: "proven, with our number", says: proven(func(*providers.Notification) {}), signals: 1, evidence: true},
		{name: "proven, before the acceptance is written", before: (*world).sent, says: proven(func(*providers.Notification) {}), signals: 1, evidence: true},
		{name: "proven, while it is processing", says: proven(func(n *providers.Notification) { n.State = providers.ResultProcessing }), signals: 1},
		{name: "proven, of a refund that was never sent", before: (*world).opened, says: proven(func(*providers.Notification) {}),
			signals: 1, alerts: 1, journal: "it was never sent"},
		{name: "proven, with another amount", says: proven(func(n *providers.Notification) { n.Amount = 99 }), signals: 1, alerts: 1,
			journal: "the notification says ¥0.99 is given back, the books say ¥1.00"},
		{name: "proven, with another total", says: proven(func(n *providers.Notification) { n.Order.Total = 1 }), signals: 1, alerts: 1,
			journal: "the notification says ¥0.01 was paid, the books say ¥98.00"},
		{name: "proven, with another number of the platform", says: proven(func(n *providers.Notification) { n.PlatformRefundID = "9" }), signals: 1, alerts: 1,
			journal: "the platform's refund number is 9 in the notification and 700 in the books"},
		{name: "proven, with the platform's number of ours and a number that is not", says: proven(func(n *providers.Notification) { n.Number = "N2" }),
			signals: 1, alerts: 1, journal: "our refund number is N2 in the notification and N1 in the books"},
		{name: "proven, of another refund of the order on its way", before: (*world).sent,
			says: proven(func(n *providers.Notification) { n.Number, n.PlatformRefundID = "N2", "9" }), foreign: 1},
		{name: "proven, made in the console", before: (*world).sent,
			says: proven(func(n *providers.Notification) { n.Number, n.PlatformRefundID, n.Elsewhere = "", "9", true }), foreign: 1},
		{name: "proven, of the order alone, while its refund is on its way",
			says: proven(func(n *providers.Notification) { n.Number, n.PlatformRefundID = "", "" }), signals: 1},
		{name: "proven, of a refund that cannot be told from others",
			says: proven(func(n *providers.Notification) { n.Number, n.PlatformRefundID = "N2", "" }), alerts: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.accounts["shop"] = teller{w.accounts["shop"]}
			if c.before == nil {
				c.before = (*world).accepted
			}
			c.before(w)
			before := w.steps()
			body, err := json.Marshal(c.says)
			require.NoError(t, err)
			_, status := w.post(toRefund, string(body))
			require.Equal(t, 204, status)
			require.Len(t, w.signals, c.signals)
			if r := w.record(); c.evidence {
				require.Equal(t, refund.Fen(100), r.Evidence.Amount)
			} else {
				require.Nil(t, r.Evidence)
			}
			foreign, err := w.ForeignRefunds(t.Context(), "")
			require.NoError(t, err)
			require.Len(t, foreign, c.foreign)
			require.Equal(t, c.alerts, w.alerts())
			require.Contains(t, w.steps(), c.journal)
			if !c.says.Proven {
				require.Equal(t, before, w.steps(), "a hint writes nothing")
			}
		})
	}
}
