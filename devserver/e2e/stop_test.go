package e2e

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/sandbox/control"
)

// pause holds the platform's answer to one request back: the money may move, and nobody knows yet.
type pause struct {
	url           string
	reached, goOn chan struct{}
}

func (w *world) pauseAt(path, wanted string) *pause {
	w.t.Helper()
	stand, err := url.Parse(w.url)
	require.NoError(w.t, err)
	p := &pause{reached: make(chan struct{}, 8), goOn: make(chan struct{})}
	forward := httputil.NewSingleHostReverseProxy(stand)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(w.t, err)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if strings.Contains(r.URL.String()+string(body), wanted) {
			p.reached <- struct{}{}
			select {
			case <-p.goOn:
			case <-w.ctx.Done():
			}
		}
		forward.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(server.Close)
	p.url = server.URL
	w.edit(w.url+path, p.url+path)
	return p
}

// TestAWorkerThatIsAskedToStopEndsTheCallThatRuns is what keeps deploys from making doubt: a call that was cut off must be
// found out about.
func TestAWorkerThatIsAskedToStopEndsTheCallThatRuns(t *testing.T) {
	for name, inline := range map[string]string{"a regular one": "none", "one in the workflow's own task": "all"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stopsInPeace(t, inline)
		})
	}
}

func stopsInPeace(t *testing.T, inline string) {
	w := newWorld(t, shared.Address(), setting{Inline: inline})
	w.edit("level: error", "level: info")
	monitor := "127.0.0.1:" + freePort(t)
	w.edit("task_queue:", "monitor: {listen: '"+monitor+"'}\ntask_queue:")
	p := w.pauseAt("/cashier", "applyOrderRefund")
	worker := w.run()
	require.Equal(t, http.StatusOK, w.status("http://"+monitor+"/readyz"))
	r := w.request(9800, 9800, slow)
	w.start(r)
	select {
	case <-p.reached:
	case <-w.ctx.Done():
		require.FailNow(t, "the refund was never sent", worker.log.String())
	}

	require.NoError(t, worker.cmd.Process.Signal(syscall.SIGTERM))
	eventually(t, w.ctx, "readiness turns", func() (bool, string) {
		return w.status("http://"+monitor+"/readyz") == http.StatusServiceUnavailable, "still ready"
	})
	require.Equal(t, http.StatusOK, w.status("http://"+monitor+"/livez"), "it stops, it does not hang")
	close(p.goOn)
	worker.ended()
	require.Contains(t, worker.log.String(), "stopped")

	books, err := sqlstore.Open(w.ctx, "sqlite:"+w.file("ledger.db"))
	require.NoError(t, err)
	defer books.Close()
	record, err := books.Refund(w.ctx, ledger.KeyOf(r))
	require.NoError(t, err)
	require.Equal(t, ledger.Done, record.Sending, "the answer is booked")
	calls, err := w.sandbox.Calls(w.ctx, control.CallFilter{Op: "applyOrderRefund"})
	require.NoError(t, err)
	require.Len(t, calls, 1)
}

func TestASecondSignalEndsTheWorkerAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.edit("level: error", "level: info")
	p := w.pauseAt("/cashier", "applyOrderRefund")
	worker := w.run()
	r := w.request(9800, 9800)
	w.start(r)
	select {
	case <-p.reached:
	case <-w.ctx.Done():
		require.FailNow(t, "the refund was never sent", worker.log.String())
	}
	require.NoError(t, worker.cmd.Process.Signal(syscall.SIGTERM))
	worker.log.shows(w, "stopping")
	require.NoError(t, worker.cmd.Process.Signal(syscall.SIGTERM))
	var exit *exec.ExitError
	require.ErrorAs(t, <-worker.done, &exit)
	require.Equal(t, syscall.SIGTERM, exit.Sys().(syscall.WaitStatus).Signal())
	close(p.goOn)

	w.run() // the next one finds out what became of it
	w.paidOnce(r, w.wait(r))
}

func TestAWorkerThatIsAskedToStopWhileItStartsEndsAsItWasAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	hung, err := new(net.ListenConfig).Listen(w.ctx, "tcp", "127.0.0.1:0") // takes connections, and answers none
	require.NoError(t, err)
	defer hung.Close()
	monitor := "127.0.0.1:" + freePort(t)
	w.edit(w.address, hung.Addr().String())
	w.edit("level: error", "level: info")
	w.edit("task_queue:", "monitor: {listen: '"+monitor+"'}\ntask_queue:")
	worker := w.launch()
	eventually(t, w.ctx, "it starts", func() (bool, string) { return w.status("http://"+monitor+"/livez") == http.StatusOK, "nobody answers" })
	require.NoError(t, worker.cmd.Process.Signal(syscall.SIGHUP), "there is nothing to read again yet")
	worker.stop()
	require.Contains(t, worker.log.String(), "stopped before it had started")
	require.NotContains(t, worker.log.String(), "is the server running?")
}

// "kill -HUP $(pidof worker)" reaches every process of the program.
func TestASignalToReadAgainEndsNoCommandThatReadsNothingAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.encrypts(newKey)
	require.NoError(t, os.WriteFile(w.file("codec.token"), []byte(strings.Repeat("t", 32)), 0o600))
	w.edit("level: error", "level: info")
	w.edit(".key]}", ".key], server: {listen: '127.0.0.1:0', origins: ['http://127.0.0.1:8233'], token_files: [codec.token]}}")
	codec := w.launch("codec")
	codec.log.shows(w, "codec server started")
	require.NoError(t, codec.cmd.Process.Signal(syscall.SIGHUP))
	codec.stop()
}

// status is that of a page, 0 for no answer.
func (w *world) status(address string) int {
	w.t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(w.ctx), http.MethodGet, address, nil)
	require.NoError(w.t, err)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}
