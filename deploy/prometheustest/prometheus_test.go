package prometheustest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const folder = "../prometheus"

// promtool builds the program and returns how to run it in the folder.
func promtool(t *testing.T) func(args ...string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "promtool")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, "github.com/prometheus/prometheus/cmd/promtool").CombinedOutput()
	require.NoError(t, err, "building promtool: %s", out)
	return func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), file, args...)
		cmd.Dir = folder
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
}

func TestPrometheusUnderstandsItsFilesAndRaisesEachAlertInTime(t *testing.T) {
	run := promtool(t)
	out, err := run("check", "config", "--lint=all", "--lint-fatal", "prometheus.yml")
	require.NoError(t, err, out)
	require.Contains(t, out, "1 rule files found", "the configuration names the alert rules")
	out, err = run("test", "rules", "alerts_test.yml")
	require.NoError(t, err, out)
	require.Contains(t, out, "SUCCESS")
}

// An alert without a case in alerts_test.yml may never be raised, or always.
func TestEveryAlertHasACase(t *testing.T) {
	name := regexp.MustCompile(`(?m)^\s*- alert: (\w+)$`)
	alerts := name.FindAllStringSubmatch(read(t, filepath.Join(folder, "alerts.yml")), -1)
	require.NotEmpty(t, alerts)
	cases := read(t, filepath.Join(folder, "alerts_test.yml"))
	for _, alert := range alerts {
		require.Regexp(t, `(?m)^\s+alertname: `+alert[1]+`\n\s+exp_alerts:`, cases, "raised in one case at least")
	}
}

func TestTheImageIsOfTheVersionThatIsAskedHere(t *testing.T) {
	tag := regexp.MustCompile(`image: prom/prometheus:v3\.(\d+)\.(\d+)\n`).FindStringSubmatch(read(t, "../../docker-compose.yml"))
	require.NotNil(t, tag)
	if len(tag[1]) == 1 {
		tag[1] = "0" + tag[1] // v3.5.0 is v0.305.0 as a module
	}
	require.True(t, strings.Contains(read(t, "go.mod"), "github.com/prometheus/prometheus v0.3"+tag[1]+"."+tag[2]), "want the module of image v3.%s.%s", tag[1], tag[2])
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(data)
}
