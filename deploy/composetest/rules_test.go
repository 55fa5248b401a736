package composetest

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// always is what runs without any profile.
var always = []string{"callbacks", "databases", "postgres", "schema", "setup", "temporal", "ui", "worker"}

func TestEveryProfileIsUnderstood(t *testing.T) {
	for profile, adds := range map[string][]string{
		"":              nil,
		"sandbox":       {"sandbox", "shop"},
		"observability": {"prometheus", "grafana"},
		"encryption":    {"codec"},
		"tools":         {"starter"},
	} {
		var on []string
		if profile != "" {
			on = []string{profile}
		}
		p := load(t, minimal, on...)
		require.ElementsMatch(t, append(slices.Clone(always), adds...), slices.Collect(maps.Keys(p.Services)), "profile %q", profile)
	}
}

func TestWhatHasNoDefaultIsAskedFor(t *testing.T) {
	_, errs, err := compose(t, nil, "config", "--quiet")
	require.Error(t, err)
	require.Contains(t, errs, "RUN_AS")
	require.Contains(t, errs, "run deploy/init")

	example, err := os.ReadFile("../../.env.example")
	require.NoError(t, err)
	p := load(t, assignments(string(example)), profiles...)
	require.Equal(t, "1000:1000", p.Services["worker"].User, "the example is enough to start from")
}

func TestEveryVariableIsInTheExample(t *testing.T) {
	file, err := os.ReadFile("../../docker-compose.yml")
	require.NoError(t, err)
	example, err := os.ReadFile("../../.env.example")
	require.NoError(t, err)
	found := regexp.MustCompile(`\$\{([A-Z_]+)`).FindAllStringSubmatch(string(file), -1)
	require.NotEmpty(t, found)
	for _, v := range found {
		require.Regexp(t, `(?m)^#?`+v[1]+`=`, string(example), "%s is explained in .env.example", v[1])
	}
}

func TestEveryServiceGetsNoMoreThanItNeeds(t *testing.T) {
	for name, s := range load(t, minimal, profiles...).Services {
		require.True(t, s.ReadOnly, "%s cannot write to its own file system", name)
		require.Equal(t, []string{"ALL"}, s.CapDrop, name)
		require.Contains(t, s.SecurityOpt, "no-new-privileges:true", name)
		require.False(t, s.Privileged, name)
		require.Empty(t, s.NetworkMode, "%s is in networks of the file", name)
		require.NotEmpty(t, s.Networks, name)
		if name == "postgres" { // becomes somebody else when it has handed its volume over
			require.Equal(t, []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}, s.CapAdd)
		} else {
			require.Empty(t, s.CapAdd, name)
		}
		if name != "postgres" && name != "prometheus" { // prometheus is nobody by its image
			require.Equal(t, "1000:1000", s.User, name)
		}
		require.NotNil(t, s.Deploy, name)
		limits := s.Deploy.Resources.Limits
		require.NotNil(t, limits, name)
		require.NotZero(t, limits.CPUs, name)
		require.NotZero(t, limits.Pids, name)
		require.NotEmpty(t, limits.Memory, name)
		require.NotNil(t, s.Logging, name)
		require.NotEmpty(t, s.Logging.Options["max-size"], "%s does not fill the disk with its log", name)
		for _, v := range s.Volumes {
			ours := v.Type == "bind" && strings.Contains(v.Source, "/deploy/")
			if v.Type == "bind" {
				require.True(t, ours, "%s mounts nothing of the machine but deploy/: %s", name, v.Source)
			}
			writes := name == "shop" && v.Target == "/etc/refundflow" || name == "sandbox"
			require.Equal(t, ours && !writes, v.ReadOnly, "%s: %s", name, v.Target)
		}
	}
}

func TestWhatRunsForLongIsLookedAfter(t *testing.T) {
	p := load(t, minimal, profiles...)
	for name, s := range p.Services {
		if s.job() {
			require.Nil(t, s.Healthcheck, "%s ends by itself", name)
			continue
		}
		require.Equal(t, "unless-stopped", s.Restart, name)
		require.NotNil(t, s.Healthcheck, name)
		require.Equal(t, "CMD", s.Healthcheck.Test[0], "%s is asked without a shell, which its image may not have", name)
	}
}

func TestTheOrderOfStartWaitsForWhatIsNeeded(t *testing.T) {
	p := load(t, minimal, profiles...)
	for name, needs := range map[string]map[string]string{
		"databases": {"postgres": "service_healthy"},
		"schema":    {"databases": "service_completed_successfully"},
		"temporal":  {"schema": "service_completed_successfully"},
		"setup":     {"temporal": "service_healthy", "shop": "service_completed_successfully"},
		"worker":    {"setup": "service_completed_successfully"},
		"callbacks": {"setup": "service_completed_successfully"},
		"ui":        {"temporal": "service_healthy"},
		"shop":      {"sandbox": "service_healthy"},
		"grafana":   {"prometheus": "service_healthy"},
	} {
		require.Len(t, p.Services[name].DependsOn, len(needs), name)
		for on, condition := range needs {
			require.Equal(t, condition, p.Services[name].DependsOn[on].Condition, "%s needs %s", name, on)
			require.Equal(t, on != "shop", p.Services[name].DependsOn[on].Required, "%s needs %s", name, on)
			if condition == "service_completed_successfully" {
				require.True(t, p.Services[on].job(), on)
			}
		}
	}
}

func TestAWorkerCanBeScaled(t *testing.T) {
	w := load(t, minimal).Services["worker"]
	require.Empty(t, w.Name, "two containers cannot have one name")
	require.Empty(t, w.Ports, "nor one port of the machine")
}

func TestNothingIsPublishedBeyondThisMachine(t *testing.T) {
	p := load(t, minimal, profiles...)
	published := map[string]string{}
	for name, s := range p.Services {
		for _, port := range s.Ports {
			require.Equal(t, "127.0.0.1", port.HostIP, "%s: %s", name, port.Published)
			require.Empty(t, published[port.Published], "%s and %s want one port", name, published[port.Published])
			published[port.Published] = name
			require.Contains(t, s.Networks, "edge", "%s: a network without a way out publishes nothing", name)
		}
	}
	require.NotContains(t, slices.Collect(maps.Values(published)), "postgres")
	require.True(t, p.Networks["data"].Internal)
	require.True(t, p.Networks["inside"].Internal)
	for _, name := range []string{"postgres", "databases", "schema", "setup", "shop", "starter"} {
		require.NotContains(t, p.Services[name].Networks, "edge", "%s has no business outside", name)
	}
}
