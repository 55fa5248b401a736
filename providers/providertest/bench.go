package providertest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox"
	"github.com/refundflow/refundflow/sandbox/control"
)

// Transport is one way of one provider to its platform.
type Transport struct {
	// Name is "provider/transport".
	Name string
	// Open registers a merchant at the stand-in and opens the provider for it.
	Open func(t *testing.T, g Ground) *Bench
}

// Benches lists every provider on every transport.
func Benches() []Transport {
	var all []Transport
	for _, of := range [][]Transport{baiduBenches, wechatBenches, xlifeBenches, shengpayBenches} {
		all = append(all, of...)
	}
	return all
}

// Named returns the bench of that name.
func Named(t *testing.T, name string) Transport {
	t.Helper()
	for _, b := range Benches() {
		if b.Name == name {
			return b
		}
	}
	require.FailNow(t, "no bench is named "+name)
	return Transport{}
}

// Ground is what a bench stands on.
type Ground struct {
	Server *sandbox.Server
	// Address is where the provider looks for the platform: the sandbox's, or one
	// from which nothing answers.
	Address string
	// NotifyURL is where the stand-in sends its messages, and AuditURL where it asks
	// whether a refund is wanted, if it does; both may be empty.
	NotifyURL, AuditURL string
	// Now is the clock of provider and stand-in; default [time.Now].
	Now func() time.Time
	// Timeout of the provider's exchanges; 0 means its default.
	Timeout time.Duration
}

// Bench is one account of one provider, and its platform.
type Bench struct {
	Provider providers.Provider
	Platform *control.Client
	// Ops are the stand-in's names of the provider's calls, for planned faults; a
	// provider that does not ask about orders or refunds leaves them empty.
	Ops struct{ Apply, Order, Query string }
	// NewOrder makes a paid order at the stand-in and returns it as a merchant knows it.
	NewOrder func(t *testing.T, o control.NewOrder) refund.Order
	// Refunds are those in the platform's books.
	Refunds func(t *testing.T, o refund.Order) []control.PlacedRefund
	// Codes reads the answers of the platform's documented code table.
	Codes func(*testing.T) []Code
	// Forged are faults that only this platform's answers can have, such as a wrong
	// signature: none may pass for a success.
	Forged map[string]control.Fault
	// Hints: the platform's messages prove nothing, by the platform's own doing.
	Hints bool
	// Signed: the platform signs its answers.
	Signed bool
	// NoCoupons: the platform's answers know no coupons.
	NoCoupons bool
	// Unsealed: a message is believed for the way it came alone; nothing in it can be
	// checked.
	Unsealed bool
	// Secrets must appear in no error.
	Secrets []string

	again func(*testing.T) *Bench
}

// Code is one documented answer and what it must mean.
type Code struct {
	Name string
	// Op is the stand-in's name of the call; empty for the apply.
	Op    string
	Fault control.Fault
	Want  refund.Class
	// Heals: the provider gets over it by itself, once.
	Heals bool
}

// seldom is when they ask who can hardly ever be told how a refund ended, and so ask for weeks.
var seldom = []time.Duration{time.Minute, 6 * time.Hour}

// Stand opens a bench on a sandbox of its own.
func Stand(t *testing.T, transport Transport, change ...func(*Ground)) *Bench {
	t.Helper()
	server, err := sandbox.Start(context.Background(), sandbox.Options{TLSAddr: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	g := Ground{Server: server, Address: server.URL()}
	for _, c := range change {
		c(&g)
	}
	b := transport.Open(t, g)
	b.again = func(t *testing.T) *Bench { return transport.Open(t, g) }
	return b
}

// fresh is a bench for another merchant at the same stand-in, which has no
// faults planned: some answers silence a merchant's lane for a while.
func (b *Bench) fresh(t *testing.T) *Bench {
	t.Helper()
	require.NoError(t, b.Platform.ClearFaults(t.Context()))
	return b.again(t)
}

// Request asks for amount of the order.
func Request(order refund.Order, amount refund.Fen) refund.Request {
	return refund.Request{
		ID: "R1", Account: "shop", Amount: amount, Reason: "parcel never arrived", Initiator: refund.InitiatorUser,
		RequestedBy: "agent-17", Order: order,
	}
}

// instruction binds the refund to its number.
func (b *Bench) instruction(order refund.Order, amount refund.Fen, id string) providers.Instruction {
	r := Request(order, amount)
	r.ID = id
	return providers.Instruction{Number: refund.ProviderNumber("shop", "", id, b.Provider.Rules().Number), Request: r}
}

// fault plans a misfortune at the stand-in.
func (b *Bench) fault(t *testing.T, f control.Fault) {
	t.Helper()
	_, err := b.Platform.AddFault(t.Context(), f)
	require.NoError(t, err)
}

// ready makes what a full refund of the order needs done first.
func (b *Bench) ready(t *testing.T, order refund.Order) {
	t.Helper()
	if canceller, ok := b.Provider.(providers.VerificationCanceller); ok && b.Provider.Rules().FullWantsUnverified {
		require.NoError(t, canceller.CancelVerification(t.Context(), order))
	}
}
