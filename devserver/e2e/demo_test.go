package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

// scenarios of the demo, with the end that its table must show.
var demo = []struct{ name, ends, books string }{
	{"full", "succeeded", "1 refund, ¥98.00"},
	{"part", "succeeded", "1 refund, ¥30.50"},
	{"lost", "succeeded", "1 refund, ¥45.00"},
	{"large", "succeeded", "1 refund, ¥899.00"},
	{"unpaid", "failed", "no refund"},
	{"today", "succeeded", "1 refund, ¥60.00"},
	{"tomorrow", "succeeded", "1 refund, ¥60.00"},
}

func TestTheDemoShowsEveryRefundEndingAsItShould(t *testing.T) {
	t.Parallel()
	out, err := startDemo(t, "").end()
	require.NoError(t, err, out)
	for _, d := range demo {
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^ *✓ %s +¥[0-9.]+ +%s +%s +%s`, d.name, d.ends, d.ends, d.books))
		require.Regexp(t, row, out)
	}
	require.Contains(t, out, "Every refund ended as it should, and Baidu's books agree.")
	require.NotContains(t, out, "✗")
}

// TestTheDemoCanFail spoils the stand-in behind the demo's back, which calls every order unpaid from then on: a
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
	for _, name := range []string{"full", "tomorrow"} {
		require.Regexp(t, `✗ `+name+` +¥[0-9.]+ +failed +succeeded +no refund`, out)
	}
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
	d := &demonstration{t: t, cmd: exec.CommandContext(t.Context(), build(t, "devserver", ".."), "--once", "--port", "0", "--ui-port", "0", "--sandbox-port", sandboxPort)}
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}
