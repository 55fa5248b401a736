package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/devserver/engine"
	"github.com/refundflow/refundflow/worker/service"
)

// The worker that the tests kill is this test binary, run again with these in its environment.
const (
	childConfig = "REFUNDFLOW_E2E_CONFIG" // the worker's configuration file
	childCrash  = "REFUNDFLOW_E2E_CRASH"  // "before Apply": where to die, once
	childMark   = "REFUNDFLOW_E2E_MARK"   // the file that says that it has died there
	childServer = "REFUNDFLOW_E2E_SERVER" // a file: run the Temporal server on it too, in the same process
)

// ready is what the child says when its worker polls, followed by the server's address.
const ready = "ready "

// child works until its standard input ends, so that it never outlives the tests.
func child(file string) int {
	c, err := config.Load(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if db := os.Getenv(childServer); db != "" {
		server, err := engine.Start(context.Background(), engine.Options{DBFile: db})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = server.Stop() }()
		c.Temporal.Address = server.Address()
	}
	s, err := service.Start(context.Background(), service.Options{
		Config: c, Logger: silent(),
		Interceptors: []interceptor.WorkerInterceptor{&killer{point: os.Getenv(childCrash), mark: os.Getenv(childMark)}},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(ready + c.Temporal.Address)
	_, _ = io.Copy(io.Discard, os.Stdin)
	s.Stop()
	return 0
}

// killer ends the process as a power cut would, at one point and once.
type killer struct {
	interceptor.WorkerInterceptorBase
	point, mark string
}

func (k *killer) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &killing{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, killer: k}
}

type killing struct {
	interceptor.ActivityInboundInterceptorBase
	killer *killer
}

func (k *killing) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	step := activity.GetInfo(ctx).ActivityType.Name
	k.killer.at("before " + step)
	out, err := k.Next.ExecuteActivity(ctx, in)
	k.killer.at("after " + step)
	return out, err
}

func (k *killer) at(point string) {
	if point != k.point {
		return
	}
	mark, err := os.OpenFile(k.mark, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return // it has died here before: go on
	}
	if err != nil {
		panic(err) // the test cannot mean anything without it
	}
	_ = mark.Close()
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // a signal to oneself may take a moment: not one more step
}

// process is a running child.
type process struct {
	w       *world
	cmd     *exec.Cmd
	in      io.Closer
	died    chan error
	address string // of the Temporal server it works for
}

// spawn runs a worker process, to die at the given point ("" = nowhere), and returns when it polls.
func (w *world) spawn(crash string, environment ...string) *process {
	w.t.Helper()
	program, err := os.Executable()
	require.NoError(w.t, err)
	p := &process{w: w, cmd: exec.Command(program), died: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), childConfig+"="+w.file("refundflow.yaml"), childCrash+"="+crash, childMark+"="+w.file("died"))
	p.cmd.Env = append(p.cmd.Env, environment...)
	p.cmd.Stderr = os.Stderr
	p.in, err = p.cmd.StdinPipe()
	require.NoError(w.t, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(w.t, err)
	require.NoError(w.t, p.cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() { p.died <- p.cmd.Wait() }()
	w.t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	require.NoError(w.t, err, "the worker process did not come up")
	var up bool
	p.address, up = strings.CutPrefix(strings.TrimSpace(line), ready)
	require.True(w.t, up, line)
	return p
}

// kill is the power cut from outside.
func (p *process) kill() {
	p.w.t.Helper()
	require.NoError(p.w.t, p.cmd.Process.Kill())
}

// killed waits for the process's death and demands that it was SIGKILL.
func (p *process) killed() {
	p.w.t.Helper()
	select {
	case err := <-p.died:
		var exit *exec.ExitError
		require.ErrorAs(p.w.t, err, &exit, "the worker ended by itself")
		require.Equal(p.w.t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal())
	case <-p.w.ctx.Done():
		require.FailNow(p.w.t, "the worker never came to the point where it should die")
	}
}

// stop asks the process to end in peace.
func (p *process) stop() {
	p.w.t.Helper()
	require.NoError(p.w.t, p.in.Close())
	select {
	case err := <-p.died:
		require.NoError(p.w.t, err)
	case <-p.w.ctx.Done():
		require.FailNow(p.w.t, "the worker does not stop")
	}
}
