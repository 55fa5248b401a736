package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

// programs are built once, into a folder that TestMain removes.
var programs = struct {
	sync.Mutex
	dir  string
	made map[string]bool
}{made: map[string]bool{}}

// build makes the program whose source is in the folder, and returns its file.
func build(t *testing.T, name, folder string) string {
	t.Helper()
	programs.Lock()
	defer programs.Unlock()
	file := filepath.Join(programs.dir, name)
	if !programs.made[name] {
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", file, ".")
		cmd.Dir = folder
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "building %s: %s", name, out)
		programs.made[name] = true
	}
	return file
}

// said is what a command left behind.
type said struct {
	code     int
	out, err string
}

// starter runs the command line as people do: a process, its input, its two outputs and its exit code.
func (w *world) starter(input string, args ...string) said {
	w.t.Helper()
	return w.command(w.ctx, input, append([]string{"--address", w.address, "--task-queue", w.queue}, args...)...)
}

func (w *world) command(ctx context.Context, input string, args ...string) said {
	w.t.Helper()
	cmd := exec.CommandContext(ctx, build(w.t, "starter", "../../starter"), args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(w.t, err)
	}
	return said{code: cmd.ProcessState.ExitCode(), out: out.String(), err: errs.String()}
}

// says demands an exit code, and fragments of what was said on either output.
func (s said) says(t *testing.T, code int, fragments ...string) {
	t.Helper()
	require.Equal(t, code, s.code, "exit code; output:\n%s\nerrors:\n%s", s.out, s.err)
	for _, f := range fragments {
		require.Contains(t, s.out+s.err, f)
	}
	if code == 0 {
		require.Empty(t, s.err, "a command that worked has nothing on standard error")
	}
}

func (w *world) document(r refund.Request) string {
	w.t.Helper()
	data, err := json.Marshal(r)
	require.NoError(w.t, err)
	return string(data)
}

func full(r refund.Request) string { return r.Account + "/" + r.ID }
