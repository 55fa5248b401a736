package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// command runs one command line that needs no server.
func command(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), append(args, "--address", "127.0.0.1:1"), strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestAnAddressThatHoldsAPasswordIsNotRepeated(t *testing.T) {
	for _, address := range []string{"user:s3cr3t@temporal:7233", "https://user:s3cr3t@temporal:7233"} {
		var o, e bytes.Buffer
		require.Equal(t, exitUsage, run(t.Context(), []string{"status", "shop/R1", "--address", address}, strings.NewReader(""), &o, &e))
		require.Contains(t, e.String(), "--address: want")
		require.NotContains(t, o.String()+e.String(), "s3cr3t")
	}
}

const secret = "0123456789abcdef0123456789abcdef"

func keyFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "decision.key")
	require.NoError(t, os.WriteFile(file, []byte(secret+"\n"), 0o600))
	return file
}

func TestWhatIsSignedIsASignalsPayloadThatVerifies(t *testing.T) {
	file := keyFile(t)
	for _, decision := range []string{"approve", "reject", "resolve-retry", "resolve-succeeded", "resolve-failed"} {
		args := []string{"sign", "shop/R1", "--amount", "9800", "--decision", decision, "--by", "finance-2", "--note", "a <b>", "--key-file", file, "--valid", "10m"}
		resolves := strings.HasPrefix(decision, "resolve-")
		if resolves {
			args = append(args, "--evidence", "receipt 5")
			if decision == "resolve-retry" {
				args = args[:len(args)-2]
			}
		}
		code, out, errs := command(t, args...)
		require.Equal(t, exitOK, code, errs)
		require.NotContains(t, out, secret)
		require.Equal(t, 1, strings.Count(out, "\n"), "one line to paste")
		seal := func() refund.Seal {
			if resolves {
				r, err := refund.Parse[refund.Resolution]([]byte(out))
				require.NoError(t, err)
				require.Equal(t, decision, refund.SealedResolve(r.Action))
				return r.Seal
			}
			d, err := refund.Parse[refund.Decision]([]byte(out))
			require.NoError(t, err)
			require.Equal(t, "a <b>", d.Note)
			return d.Seal
		}()
		sealed := refund.Sealed{Account: "shop", ID: "R1", Amount: 9800, Decision: decision, By: "finance-2", Expires: seal.Expires}
		if strings.Contains(out, "receipt 5") {
			sealed.Evidence = "receipt 5"
		}
		require.Equal(t, decision == "resolve-succeeded" || decision == "resolve-failed", sealed.Evidence != "", decision)
		verify := func(s refund.Sealed) error { return s.Verify(seal.Signature, [][]byte{[]byte(secret)}, seal.Expires) }
		require.NoError(t, verify(sealed), decision)
		other := sealed
		other.Amount++
		require.Error(t, verify(other), "another amount is not signed")
		other = sealed
		other.Evidence += "6"
		require.Error(t, verify(other), "other evidence is not signed")
	}
}

func TestASignatureIsRefusedByTheFlagThatIsWrong(t *testing.T) {
	file, open := keyFile(t), filepath.Join(t.TempDir(), "open.key")
	require.NoError(t, os.WriteFile(open, []byte(secret), 0o600))
	require.NoError(t, os.Chmod(open, 0o644))
	good := map[string]string{"--amount": "9800", "--decision": "approve", "--by": "finance-2", "--key-file": file, "--valid": "1h"}
	for name, c := range map[string]struct{ flag, value, wants string }{
		"no amount":         {"--amount", "0", "--amount: want the refund's amount in fen"},
		"unknown decision":  {"--decision", "resolve", "want approve, reject, resolve-retry"},
		"nobody":            {"--by", "", "by: want 1 to 64 characters"},
		"no evidence":       {"--decision", "resolve-failed", "evidence: want how it is known"},
		"evidence too much": {"--evidence", "x", "--evidence belongs to resolve-succeeded"},
		"no key":            {"--key-file", "", "--key-file: want the file"},
		"missing key":       {"--key-file", "nowhere.key", "--key-file: cannot be read"},
		"open key":          {"--key-file", open, "chmod 600"},
		"no time":           {"--valid", "0s", "--valid 0s: want at least 1s"},
		"too long":          {"--valid", "745h", "at most 744h"},
	} {
		args := []string{"sign", "shop/R1"}
		for flag, value := range good {
			if flag != c.flag {
				args = append(args, flag, value)
			}
		}
		code, out, errs := command(t, append(args, c.flag, c.value)...)
		require.Equal(t, exitUsage, code, name)
		require.Contains(t, errs, c.wants, name)
		require.Empty(t, out, name)
		require.NotContains(t, errs, secret, name)
	}
}

func TestAStatusTellsForWhatARefundWaitsAndWhatAPersonMustKnow(t *testing.T) {
	until := time.Date(2026, 11, 28, 12, 0, 0, 0, time.Local)
	for name, c := range map[string]struct {
		view       refund.View
		says, omit []string
	}{
		"people": {
			view: refund.View{Sentence: "waits for one more to approve", Waiting: &refund.Waiting{
				For: refund.WaitApproval, Why: "¥899.00 is above the limit", Until: until, Accepts: []string{"approve", "reject", "cancel"},
				Approvers: 2, ApprovedBy: []string{"finance-2"},
			}},
			says: []string{"waits for   people to decide", "¥899.00 is above the limit", "until       2026-11-28 12:00:00 at the latest",
				"approved    1 of 2, by finance-2", "takes now   approve, reject, cancel"},
			omit: []string{"money", "choices"},
		},
		"what the sentence says already": {
			view: refund.View{Sentence: "waits: no room", Waiting: &refund.Waiting{For: refund.WaitBudget, Why: "no room"}},
			says: []string{"room in a limit"}, omit: []string{"no room", "until", "approved", "takes now"},
		},
		"a newer worker": {
			view: refund.View{Waiting: &refund.Waiting{For: "weather"}}, says: []string{"waits for   weather"},
		},
		"a person, after sending": {
			view: refund.View{Attention: &refund.Attention{
				Reason: "no answer", MaySent: true, VerificationCancelled: true, LookFor: "refund N1", Hint: "ask Baidu",
				Choices: []refund.Choice{{Action: refund.ResolveRetry, Means: "asks first"}, {Action: refund.ResolveFailed, Means: "closes it"}},
			}},
			says: []string{"reason      no answer", "the platform may have paid", "verification is cancelled", "look for    refund N1", "what helps  ask Baidu",
				"choices     --action retry      asks first", "            --action failed     closes it"},
		},
		"a person, before": {
			view: refund.View{Attention: &refund.Attention{Choices: []refund.Choice{{Action: refund.ResolveRetry}}}},
			says: []string{"nothing was sent"}, omit: []string{"may have paid", "verification", "look for", "what helps"},
		},
		"nothing": {view: refund.View{Sentence: "applying"}},
	} {
		got := waiting(c.view)
		for _, s := range c.says {
			require.Contains(t, got, s, name)
		}
		for _, s := range c.omit {
			require.NotContains(t, got, s, name)
		}
		if len(c.says) == 0 {
			require.Empty(t, got, name)
		}
	}
	require.Equal(t, "retry|failed", actions(refund.View{Attention: &refund.Attention{
		Choices: []refund.Choice{{Action: refund.ResolveRetry}, {Action: refund.ResolveFailed}},
	}}))
}

func TestEveryWaitHasAName(t *testing.T) {
	for _, w := range []refund.WaitFor{refund.WaitApproval, refund.WaitBudget, refund.WaitOrderTurn, refund.WaitAccount, refund.WaitBalance,
		refund.WaitAnswer, refund.WaitResult, refund.WaitPerson} {
		require.NotEmpty(t, waitedFor[w], w)
	}
}

func TestAWaitIsFollowedOnceUntilItChanges(t *testing.T) {
	var out bytes.Buffer
	c := &cli{out: &out, output: "text"}
	one := refund.View{Waiting: &refund.Waiting{For: refund.WaitApproval, Approvers: 2}}
	two := one
	two.Waiting = &refund.Waiting{For: refund.WaitApproval, Approvers: 2, ApprovedBy: []string{"finance-2"}}
	for _, step := range [][2]refund.View{{{}, one}, {one, one}, {one, two}, {two, {}}} {
		require.NoError(t, c.printNewWait(step[0], step[1]))
	}
	require.Equal(t, 2, strings.Count(out.String(), "people to decide"))
	require.Equal(t, 1, strings.Count(out.String(), "1 of 2, by finance-2"))
}

func TestTheExitCodeTellsWhatCameOfIt(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
	}{
		{errors.New("no server"), exitError},
		{usageError{errors.New("no file")}, exitUsage},
		{refund.Invalid("by", "want somebody"), exitUsage},
		{fmt.Errorf("late: %w", context.DeadlineExceeded), exitNotYet},
		{serviceerror.NewDeadlineExceeded("late"), exitNotYet},
		{&client.ConflictError{}, exitConflict},
		{&client.RefusedError{}, exitRefused},
		{&client.EndedError{}, exitRefused},
		{&client.NotFoundError{}, exitError},
	} {
		require.Equal(t, c.code, codeOf(fmt.Errorf("it: %w", c.err)), "%T", c.err)
	}
	for _, s := range refund.Statuses {
		want := codeOfStatus(s)
		require.Equal(t, !s.Final() && s != refund.StatusNeedsAttention, want == exitNotYet, s)
		if want == exitNotYet {
			want = exitOK
		}
		require.Equal(t, want, codeNow(s), "%s: a command that does not wait", s)
	}
}

// answering is a Temporal whose refunds answer every update alike.
type answering struct {
	temporalclient.Client
	answer refund.Answer
	err    error
}

func (a answering) UpdateWorkflow(context.Context, temporalclient.UpdateWorkflowOptions) (temporalclient.WorkflowUpdateHandle, error) {
	return answer{a: a}, nil
}

type answer struct {
	temporalclient.WorkflowUpdateHandle
	a answering
}

func (a answer) Get(_ context.Context, v any) error {
	*v.(*refund.Answer) = a.a.answer
	return a.a.err
}

func TestACancellationExitsByWhetherItWasObeyedKeptOrRefused(t *testing.T) {
	for name, c := range map[string]struct {
		temporal answering
		code     int
		says     string
	}{
		"obeyed": {answering{answer: refund.Answer{Status: refund.StatusCancelled, Sentence: "cancelled by agent-17"}}, exitOK, "cancelled by agent-17"},
		"kept": {answering{answer: refund.Answer{Status: refund.StatusNeedsAttention, Sentence: "kept until the books can be read"}},
			exitNeedsAttention, "kept until the books can be read"},
		"refused": {answering{err: temporal.NewApplicationError("the point of no return has passed", workflows.RefusedNow)}, exitRefused, ""},
	} {
		var out bytes.Buffer
		cli := &cli{out: &out, output: "text", temporal: c.temporal}
		for _, cmd := range cli.decisionCommands() {
			if cmd.Name() != "cancel" {
				continue
			}
			cmd.SetArgs([]string{"shop/R1", "--by", "agent-17"})
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			if err := cmd.ExecuteContext(t.Context()); err != nil {
				cli.code = codeOf(err)
				require.ErrorContains(t, err, "point of no return", name)
			}
		}
		require.Equal(t, c.code, cli.code, name)
		require.Contains(t, out.String(), c.says, name)
	}
}

func TestWhatAProgramReadsIsJSON(t *testing.T) {
	var out bytes.Buffer
	c := &cli{out: &out, output: "json"}
	for name, print := range map[string]func() error{
		"answer": func() error {
			return c.printAnswer("shop", "R1", refund.Answer{Status: refund.StatusApplying, Sentence: "goes on"})
		},
		"left": func() error { return c.printLeft("shop", "R1", "approve") },
		"told": func() error { return c.printTold([]string{}) },
		"submitted": func() error {
			return c.printSubmitted(refund.Request{}, client.Submitted{Started: client.Started{RunID: "r"}, Answer: refund.Answer{Sentence: "accepted"}})
		},
	} {
		out.Reset()
		require.NoError(t, print(), name)
		require.True(t, json.Valid(out.Bytes()), "%s: %s", name, out.String())
	}
}

func TestHelpShowsExamplesThatParse(t *testing.T) {
	for _, name := range []string{"start", "approve", "reject", "cancel", "resolve", "look", "sign", "status", "watch", "list"} {
		code, out, _ := command(t, name, "--help")
		require.Equal(t, exitOK, code, name)
		require.Contains(t, out, "Usage:", name)
		for line := range strings.Lines(out) {
			if example, ok := strings.CutPrefix(strings.TrimSpace(line), "starter "+name+" "); ok && !strings.HasSuffix(example, `\`) {
				example, _, _ = strings.Cut(example, "#")
				for _, word := range strings.Fields(example) {
					if flag, is := strings.CutPrefix(word, "--"); is {
						require.Contains(t, out, "--"+flag, "%s: %s", name, line)
						require.Contains(t, out, "      --"+flag, "%s: the flag of the example exists", name)
					}
				}
			}
		}
	}
}

func TestAConnectionThatCannotBeMeantIsWrongUsage(t *testing.T) {
	profiles := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(profiles, []byte("[profile.prod]\napi_key = \""+secret+"\"\n"), 0o600))
	t.Setenv("TEMPORAL_TLS", "false") // a key would turn it on
	for name, c := range map[string]struct {
		args  []string
		wants string
	}{
		"no such file":              {[]string{"--config-file", "nowhere.toml"}, "--config-file: the profiles cannot be read"},
		"no such profile":           {[]string{"--config-file", profiles, "--profile", "test"}, "no such profile as test; it has prod"},
		"an address without a port": {[]string{"--address", "localhost"}, "--address: want \"host:port\""},
		"a key in clear text":       {[]string{"--config-file", profiles, "--profile", "prod", "--address", "192.0.2.1:7233"}, "without TLS"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"status", "shop/R1"}, c.args...), strings.NewReader(""), &out, &errs)
		require.Equal(t, exitUsage, code, "%s: %s", name, errs.String())
		require.Contains(t, errs.String(), c.wants, name)
		require.NotContains(t, errs.String(), secret, name)
		require.Empty(t, out.String(), name)
	}
}
