package codec

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABackendThatEncryptsInheritsNoMoreThanTemporal(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	deps := strings.Fields(string(out))
	require.Contains(t, deps, "github.com/refundflow/refundflow/codec", "the list is that of this package")
	require.NotContains(t, deps, "database/sql")
	for _, dep := range deps {
		for _, heavy := range []string{
			"modernc.org/", "coreos/go-oidc", "sirupsen/", "goccy/", "refundflow/ledger", "refundflow/config", "refundflow/worker",
			"refundflow/codec/server",
		} {
			require.NotContains(t, dep, heavy)
		}
	}
}
