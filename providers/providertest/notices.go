package providertest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// patience bounds the wait for what comes by itself.
const patience = 10 * time.Second

// notifications takes a real message of the stand-in and shows it, as it came and
// falsified, to the provider it is for and to another merchant's.
func notifications(t *testing.T, transport Transport) {
	messages := make(chan providers.Callback, 64)
	var reply providers.Reply
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			messages <- providers.Callback{Header: r.Header, Body: body}
		}
		w.Header().Set("Content-Type", reply.ContentType)
		w.WriteHeader(reply.Status)
		_, _ = w.Write(reply.Body)
	}))
	t.Cleanup(receiver.Close)
	b := Stand(t, transport, func(g *Ground) { g.NotifyURL = receiver.URL + "/callbacks/shop/refund" })
	notified, able := b.Provider.(providers.Notified)
	if !able {
		require.Equal(t, providers.QueryNone, without(b.Provider.Rules().Query, providers.QueryByNumber),
			"a platform that sends nothing must be asked by number or answer at once")
		return
	}
	reply = notified.NotificationReply(true)

	order := b.NewOrder(t, control.NewOrder{Total: 9800})
	b.ready(t, order)
	in := b.instruction(order, 9800, "R1")
	_, err := b.Provider.Apply(t.Context(), in)
	require.NoError(t, err)
	var message providers.Callback
	select {
	case message = <-messages:
	case <-time.After(patience):
		require.FailNow(t, "the stand-in sent nothing")
	}

	told, err := notified.Notification(message)
	require.NoError(t, err)
	placed := b.Refunds(t, order)
	require.Len(t, placed, 1)
	require.True(t, told.Number == in.Number || told.Number == "" && told.PlatformRefundID == placed[0].PlatformRefundID,
		"it names the refund: %+v", told)
	require.Contains(t, []refund.Fen{0, 9800}, told.Amount)
	require.Equal(t, b.Hints, !told.Proven)
	if told.Proven {
		require.Equal(t, providers.ResultSucceeded, told.State)
	}
	require.Eventually(t, func() bool { return b.delivered(t, order) }, patience, 10*time.Millisecond,
		"the stand-in takes the provider's reply for a yes")

	stranger, able := Stand(t, transport).Provider.(providers.Notified)
	require.True(t, able)
	other, err := stranger.Notification(message)
	require.True(t, err != nil || !other.Proven, "another merchant believes it: %+v", other)

	for i := 0; i < len(message.Body) && !b.Unsealed; i += max(1, len(message.Body)/200) {
		forged := providers.Callback{Header: message.Header, Body: bytes.Clone(message.Body)}
		forged.Body[i] ^= 1
		got, err := notified.Notification(forged)
		require.True(t, err != nil || !got.Proven || got == told, "one bit of byte %d changed it to %+v", i, got)
	}
	for _, body := range [][]byte{nil, []byte("{}"), []byte("null"), []byte("a=b"), []byte("<xml></xml>"), message.Body[:len(message.Body)/2]} {
		got, err := notified.Notification(providers.Callback{Header: message.Header, Body: body})
		require.True(t, err != nil || !got.Proven, "%d bytes of nothing are believed: %+v", len(body), got)
	}
}

// delivered reports whether the stand-in counts a message about the order as
// taken.
func (b *Bench) delivered(t *testing.T, order refund.Order) bool {
	t.Helper()
	all, err := b.Platform.Deliveries(t.Context(), "")
	require.NoError(t, err)
	return slices.ContainsFunc(all, func(d control.Delivery) bool {
		return d.Taken && (d.OrderID == order.PlatformID || d.OrderID == order.MerchantID)
	})
}

func without(q, fine providers.QueryAbility) providers.QueryAbility {
	if q == fine {
		return providers.QueryNone
	}
	return q
}
