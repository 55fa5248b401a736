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
	var invalid *refund.InvalidError
	_, err := c.Start(t.Context(), refund.Request{ID: "R1"})
	require.ErrorAs(t, err, &invalid)
	require.ErrorAs(t, c.Approve(t.Context(), "a", "R1", refund.Decision{}), &invalid)
	require.ErrorAs(t, c.Resolve(t.Context(), "a", "R1", refund.Resolution{By: "ops", Action: refund.ResolveSucceeded}), &invalid)
	require.Equal(t, "evidence", invalid.Fields[0].Field, "nobody closes the books without saying how it is known")
}
