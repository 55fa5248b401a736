package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACollectorThatIsNoAddressIsRefusedByTheNameOfItsVariable(t *testing.T) {
	t.Setenv(tracesVariable, "collector-s3cr3t")
	code, out, errs := command(t, "status", "shop/R1")
	require.Equal(t, exitUsage, code, errs)
	require.Empty(t, out)
	require.Contains(t, errs, "$OTEL_EXPORTER_OTLP_ENDPOINT")
	require.Contains(t, errs, "http://HOST:PORT")
	require.NotContains(t, errs, "s3cr3t")
}
