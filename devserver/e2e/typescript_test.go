package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

// withoutNode is how somebody without Node.js says so. Its absence alone skips nothing: a contract with other
// languages that was not tried must not look tried.
const withoutNode = "REFUNDFLOW_WITHOUT_NODE"

func TestABackendInTypeScriptSubmitsApprovesAndReadsTheOutcome(t *testing.T) {
	t.Parallel()
	example := typescript(t)
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 1000})
	w.work(nil)
	r := w.request(5000, 5000)

	first := example.run(w, r, "--approve-as", "finance-2")
	require.Zero(t, first.code, "%s%s", first.out, first.err)
	require.Equal(t, []string{"submitted", "again", "conflict", "approved", "outcome"}, first.lines())
	require.Contains(t, first.line(t, "submitted"), string(refund.StatusAwaitingApproval))
	require.Contains(t, first.line(t, "again"), string(refund.StatusAwaitingApproval))
	require.Contains(t, first.line(t, "conflict"), r.ID)
	var out refund.Outcome
	require.NoError(t, json.Unmarshal([]byte(first.line(t, "outcome")), &out))
	require.Equal(t, w.wait(r), out, "what TypeScript reads is what Go reads")
	w.paidOnce(r, out)

	repeated := example.run(w, r, "--approve-as", "finance-2")
	require.Zero(t, repeated.code, "%s%s", repeated.out, repeated.err)
	require.Equal(t, []string{"submitted", "again", "conflict", "outcome"}, repeated.lines(), "nobody is asked twice")
	require.Equal(t, first.line(t, "outcome"), repeated.line(t, "outcome"))
	w.paidOnce(r, out)

	small := w.request(5000, 700) // nobody is asked, and it may end while it is asked for again
	quick := example.run(w, small)
	require.Zero(t, quick.code, "%s%s", quick.out, quick.err)
	require.Equal(t, []string{"submitted", "again", "conflict", "outcome"}, quick.lines())
	w.paidOnce(small, w.wait(small))

	mine := w.request(5000, 5000)
	mine.ID = "R no id"
	refused := example.run(w, mine)
	require.Equal(t, 2, refused.code)
	require.Contains(t, refused.err, "invalid: id: want 1 to 32 characters", "the wrong field is named")
	w.balanced(5000 + 700)
}

// node is the built example, in a folder of its own.
type node struct{ dir string }

// typescript installs and compiles the example as its README says, outside of the source tree.
func typescript(t *testing.T) node {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if os.Getenv(withoutNode) != "" {
			t.Skipf("%s is set and there is no %s: the TypeScript example was NOT tried", withoutNode, program)
		}
		require.FailNow(t, "no "+program+" found", "install Node.js 20.3 or newer with npm, or set %s=1 to leave the TypeScript example untried", withoutNode)
	}
	n := node{dir: t.TempDir()}
	for _, name := range []string{".npmrc", "package.json", "package-lock.json", "tsconfig.json", "refund.ts"} {
		data, err := os.ReadFile(filepath.Join("../../examples/typescript", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(n.dir, name), data, 0o600))
	}
	for _, args := range [][]string{{"ci"}, {"run", "build"}} {
		cmd := exec.CommandContext(t.Context(), "npm", args...)
		cmd.Dir = n.dir
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, "npm %s: %s", strings.Join(args, " "), said)
	}
	return n
}

func (n node) run(w *world, r refund.Request, args ...string) said {
	w.t.Helper()
	file := filepath.Join(n.dir, "request.json")
	require.NoError(w.t, os.WriteFile(file, []byte(w.document(r)), 0o600))
	cmd := exec.CommandContext(w.ctx, "node", append([]string{"build/refund.js", file}, args...)...)
	cmd.Dir = n.dir
	cmd.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+w.address, "REFUND_QUEUE="+w.queue)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the exit code says it
	require.NotNil(w.t, cmd.ProcessState, "node did not start")
	return said{code: cmd.ProcessState.ExitCode(), out: out.String(), err: errs.String()}
}

var label = regexp.MustCompile(`(?m)^(\w+): +(.*)$`)

// lines are the labels of what was printed, in order.
func (s said) lines() (labels []string) {
	for _, found := range label.FindAllStringSubmatch(s.out, -1) {
		labels = append(labels, found[1])
	}
	return labels
}

func (s said) line(t *testing.T, name string) string {
	t.Helper()
	for _, found := range label.FindAllStringSubmatch(s.out, -1) {
		if found[1] == name {
			return found[2]
		}
	}
	require.FailNow(t, "no line "+name, "%s%s", s.out, s.err)
	return ""
}
