package client

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

func TestABackendInheritsTheContractsAndTemporalOnly(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	deps := strings.Fields(string(out))
	require.Contains(t, deps, "github.com/refundflow/refundflow/workflows", "the list is that of this package")
	require.NotContains(t, deps, "database/sql")
	for _, dep := range deps {
		for _, heavy := range []string{
			"modernc.org/", "github.com/pressly/", "github.com/spf13/", "github.com/goccy/", "go.temporal.io/server",
			"refundflow/providers/", "refundflow/ledger/", "refundflow/sandbox", "refundflow/config", "refundflow/worker",
		} {
			require.NotContains(t, dep, heavy)
		}
	}
}

func TestWhatIsWrongIsSaidBeforeAnythingIsSent(t *testing.T) {
	c := New(nil) // a call would panic
	nobody, unproven := refund.Decision{}, refund.Resolution{By: "ops", Action: refund.ResolveSucceeded}
	for name, c := range map[string]struct {
		do    func() error
		field string
	}{
		"start":    {func() error { _, err := c.Start(t.Context(), refund.Request{ID: "R1"}); return err }, "account"},
		"submit":   {func() error { _, err := c.Submit(t.Context(), refund.Request{ID: "R1"}); return err }, "account"},
		"resume":   {func() error { _, err := c.Resume(t.Context(), refund.Request{ID: "R1"}); return err }, "account"},
		"approve":  {func() error { _, err := c.Approve(t.Context(), "a", "R1", nobody); return err }, "by"},
		"reject":   {func() error { _, err := c.Reject(t.Context(), "a", "R1", nobody); return err }, "by"},
		"cancel":   {func() error { _, err := c.Cancel(t.Context(), "a", "R1", nobody); return err }, "by"},
		"resolve":  {func() error { _, err := c.Resolve(t.Context(), "a", "R1", unproven); return err }, "evidence"},
		"signal":   {func() error { return c.Signal(t.Context(), "a", "R1", "reject", nobody) }, "by"},
		"unproven": {func() error { return c.Signal(t.Context(), "a", "R1", "resolve", unproven) }, "evidence"},
		"unknown":  {func() error { return c.Signal(t.Context(), "a", "R1", "aprove", refund.Decision{By: "ops"}) }, "signal"},
		"mismatch": {func() error { return c.Signal(t.Context(), "a", "R1", "resolve", refund.Decision{By: "ops"}) }, "signal"},
		"hint": {func() error {
			return c.Signal(t.Context(), "a", "R1", "provider-notification", refund.Decision{By: "ops"})
		}, "signal"},
	} {
		var invalid *refund.InvalidError
		require.ErrorAs(t, c.do(), &invalid, name)
		require.Equal(t, c.field, invalid.Fields[0].Field, name)
	}
}

func TestTheDetailsAreATableWhateverWasWritten(t *testing.T) {
	r := request()
	r.Order.MerchantID = "10|00"
	r.Reason = "<b>never</b> | `arrived`, see [here](x)"
	require.Equal(t, "¥98.00 for order 10|00", summary(r))
	require.Equal(t, `| | |
|---|---|
| refund | R1 |
| account | shop |
| amount | ¥98.00 of ¥98.00, in full |
| platform's order | 800200451 |
| merchant's order | 10\|00 |
| initiated by | user |
| requested by | agent-17 |
| reason | &lt;b\>never&lt;/b\> \| \`+"`arrived\\`, see \\[here\\]\\(x\\) |\n", details(r))

	r.Amount, r.Order.MerchantID = 3050, ""
	require.Contains(t, details(r), "¥30.50 of ¥98.00, in part")
	require.NotContains(t, details(r), "merchant's order", "what is not known has no row")
}

func request() refund.Request {
	return refund.Request{
		ID: "R1", Account: "shop", Amount: 9800, Reason: "parcel never arrived", Initiator: refund.InitiatorUser, RequestedBy: "agent-17",
		Order: refund.Order{PlatformID: "800200451", MerchantID: "10000234", Total: 9800},
	}
}
