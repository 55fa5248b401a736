package composetest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// profiles are those of the compose file; what has none always runs.
var profiles = []string{"sandbox", "observability", "encryption", "tools"}

// project is what Docker Compose makes of the file, as far as rules look at it.
type project struct {
	Services map[string]service
	Networks map[string]struct{ Internal bool }
	Secrets  map[string]struct{ File string }
	Volumes  map[string]any
}

type service struct {
	Image       string
	User        string
	Profiles    []string
	Privileged  bool
	Restart     string
	Command     []string
	Entrypoint  []string
	Environment map[string]*string
	ReadOnly    bool     `json:"read_only"`
	CapDrop     []string `json:"cap_drop"`
	CapAdd      []string `json:"cap_add"`
	SecurityOpt []string `json:"security_opt"`
	Name        string   `json:"container_name"`
	Networks    map[string]any
	NetworkMode string `json:"network_mode"`
	Healthcheck *struct{ Test []string }
	DependsOn   map[string]struct {
		Condition string
		Required  bool
	} `json:"depends_on"`
	Ports   []struct{ Published, HostIP string }
	Volumes []struct {
		Type, Source, Target string
		ReadOnly             bool `json:"read_only"`
	}
	Logging *struct{ Options map[string]string }
	Deploy  *struct {
		Resources struct {
			Limits *struct {
				CPUs   float64 `json:"cpus"`
				Memory string
				Pids   int
			}
		}
	}
	Build *struct{ Target, Dockerfile string }
}

// UnmarshalJSON is needed for one name that no rule of letters matches.
func (p *project) UnmarshalJSON(data []byte) error {
	type plain project
	return json.Unmarshal(bytes.ReplaceAll(data, []byte(`"host_ip"`), []byte(`"HostIP"`)), (*plain)(p))
}

// job reports a service that ends by itself, or is run by hand.
func (s service) job() bool { return strings.HasPrefix(s.Restart, "on-failure") || s.Restart == "no" }

// program builds Docker Compose once, at the version of go.mod.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "refundflow-compose-")
	if err != nil {
		return "", err
	}
	built = dir
	file := filepath.Join(dir, "docker-compose")
	out, err := exec.Command("go", "build", "-o", file, "github.com/docker/compose/v2/cmd").CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return file, nil
})

// built is the folder that TestMain removes.
var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// compose runs a command on the project's file, with these variables and no others of its own.
func compose(t *testing.T, env []string, args ...string) (out, errs string, err error) {
	t.Helper()
	file, err := program()
	require.NoError(t, err, file)
	cmd := exec.CommandContext(t.Context(), file, append([]string{"--project-directory", "../..", "--env-file", os.DevNull}, args...)...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	return o.String(), e.String(), err
}

// minimal is what has no default.
var minimal = []string{"RUN_AS=1000:1000"}

// load reads the file as Docker Compose understands it with these profiles on.
func load(t *testing.T, env []string, profiles ...string) project {
	t.Helper()
	var args []string
	for _, p := range profiles {
		args = append(args, "--profile", p)
	}
	out, errs, err := compose(t, env, append(args, "config", "--format", "json")...)
	require.NoError(t, err, errs)
	require.Empty(t, errs, "Docker Compose has nothing to warn of")
	var p project
	require.NoError(t, json.Unmarshal([]byte(out), &p))
	require.NotEmpty(t, p.Services)
	return p
}
