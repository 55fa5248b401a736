package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACollectorThatIsNoAddressIsNamedByItsVariableAndStopsNoCommand(t *testing.T) {
	t.Setenv(tracesVariable, "collector-s3cr3t")
	code, out, errs := command(t, "status", "shop/R1")
	require.Equal(t, exitError, code, errs)
	require.Empty(t, out)
	require.Contains(t, errs, "nothing is traced: $OTEL_EXPORTER_OTLP_ENDPOINT")
	require.Contains(t, errs, "http://HOST:PORT")
	require.Contains(t, errs, "cannot reach Temporal", "the command goes on to what it was asked for")
	require.NotContains(t, errs, "s3cr3t")
}
