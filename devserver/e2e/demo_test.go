package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

// scenarios of the demo, with what its table must show.
var demo = []struct{ name, platform, ends, books, callbacks string }{
	{"full", "Baidu", "succeeded", "1 × ¥98.00", "audit, notification"},
	{"part", "Baidu", "succeeded", "1 × ¥30.50", "audit"},
	{"lost", "Baidu", "succeeded", "1 × ¥45.00", "audit"},
	{"large", "Baidu", "succeeded", "1 × ¥899.00", "audit"},
	{"pair", "Baidu", "succeeded", "1 × ¥1899.00", "audit"},
	{"unpaid", "Baidu", "failed", "none", "none"},
	{"byhand", "Baidu", "succeeded", "1 × ¥73.00", "none: it wants none"},
	{"sealed", "WeChat", "succeeded", "1 × ¥30.50", "notification"},
	{"topup", "WeChat", "succeeded", "1 × ¥450.00", "notification"},
	{"signed", "WeChat", "succeeded", "1 × ¥77.00", "forwarded callback"},
	{"instant", "xlife", "succeeded", "1 × ¥88.00", "none: it answers at once"},
	{"repeat", "xlife", "succeeded", "1 × ¥52.00", "none: it answers at once"},
	{"garbled", "Shengpay", "succeeded", "1 × ¥59.00", "notification"},
	{"today", "Baidu", "succeeded", "1 × ¥60.00", "audit"},
	{"tomorrow", "Baidu", "succeeded", "1 × ¥60.00", "audit"},
	{"later", "Baidu", "succeeded", "1 × ¥60.00", "audit"},
}

// told is what the demo must show of what people say and are told, line breaks aside.
var told = map[string]string{
	"who submits is answered at once":   `agent-17 submits the refund the saga answers: waits for 2 people to approve`,
	"nobody approves their own":         `agent-17 approves by update, \S.* the saga refuses: agent-17 asked for this refund and cannot approve it`,
	"one person approves by signal":     `finance-2 approves by signal`,
	"the other one by update":           `finance-3 approves by update, \S.* the saga answers: approved by finance-3`,
	"who comes later waits behind":      `the saga answers: accepted, and will have to wait: the daily cap .* 1 refund waits before it`,
	"a person is told what to look for": `the saga asks a person to look for refund byhand\S+ of ¥73\.00 at baidu`,
	"and answers with what was found":   `ops-1 finds it in Baidu's books .* ops-1 resolves with succeeded, evidence: Baidu's refund \d+ the saga answers: resolved with succeeded by ops-1`,
}

func TestTheDemoShowsEveryRefundEndingAsItShould(t *testing.T) {
	t.Parallel()
	out, err := startDemo(t, "").end()
	require.NoError(t, err, out)
	for _, d := range demo {
		row := fmt.Sprintf(`(?m)^✓ %s +%s +¥[0-9.]+ +%s +%s +%s`, d.name, d.platform, d.ends, d.books, d.callbacks)
		require.Regexp(t, regexp.MustCompile(row), out)
	}
	for rule, pattern := range told {
		require.Regexp(t, pattern, strings.Join(strings.Fields(out), " "), rule)
	}
	require.Regexp(t, `platforms' books agree, and the callbacks\s+that must come were taken`, out)
	require.NotContains(t, out, "✗")
}

// TestTheDemoCanFail spoils Baidu's stand-in behind the demo's back, which calls every order unpaid from then on: a
// demonstration that cannot fail shows nothing.
func TestTheDemoCanFail(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	port := freePort(t)
	stand := control.New("http://127.0.0.1:" + port)
	d := startDemo(t, port)
	eventually(t, ctx, "the demo's stand-in", func() (bool, string) {
		_, err := stand.AddFault(ctx, control.Fault{
			Op: "queryorderdetail", Kind: control.FaultAnswer, Errno: new(int64(0)), Msg: "success", Times: -1,
			Data: json.RawMessage(`{"data":{"payStatus":{"statusNum":-1},"verification":{"statusNum":-1},"refundStatus":{"statusNum":-1}}}`),
		})
		return err == nil, fmt.Sprint(err)
	})
	out, err := d.end()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, out)
	require.Equal(t, 1, exit.ExitCode())
	for _, name := range []string{"full", "pair", "byhand", "tomorrow", "later"} {
		require.Regexp(t, `✗ `+name+` +Baidu +¥[0-9.]+ +failed +none +none`, out)
	}
	require.Regexp(t, `✓ sealed +WeChat`, out, "the other platforms are not Baidu's")
	require.Contains(t, out, "Not every refund ended as it should")
}

// demonstration is a running demo.
type demonstration struct {
	t   *testing.T
	cmd *exec.Cmd
	out bytes.Buffer // both streams
}

// startDemo runs the demo as people do, on free ports.
func startDemo(t *testing.T, sandboxPort string) *demonstration {
	t.Helper()
	if sandboxPort == "" {
		sandboxPort = "0"
	}
	d := &demonstration{t: t, cmd: exec.CommandContext(t.Context(), build(t, "devserver", ".."), "--once", "--port", "0", "--ui-port", "0",
		"--sandbox-port", sandboxPort, "--callback-port", "0")}
	d.cmd.Stdout, d.cmd.Stderr = &d.out, &d.out // os/exec writes to the same writer from one goroutine
	require.NoError(t, d.cmd.Start())
	t.Cleanup(func() { _ = d.cmd.Process.Kill() })
	return d
}

func (d *demonstration) end() (string, error) {
	err := d.cmd.Wait()
	return d.out.String(), err
}

func freePort(t *testing.T) string {
	t.Helper()
	// Below the ports that systems hand out by themselves, so that nobody is given it
	// while a worker is down and it must be free for the next one.
	for {
		port := strconv.Itoa(20_000 + rand.IntN(12_000))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			require.NoError(t, l.Close())
			return port
		}
	}
}
