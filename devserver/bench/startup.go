package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/refundflow/refundflow/devserver/process"
	"github.com/refundflow/refundflow/refund"
)

// startUp is how long a program takes until it is of use.
type startUp struct {
	What string `json:"what"`
	// Milliseconds, each time.
	MS []float64 `json:"ms"`
	// Want is the most that it should take.
	Want float64 `json:"want_ms"`
}

// starts is how often each program is started; the first time, which fills the system's caches, does not count.
const starts = 5

// startUps times the programs of the folder bin. The worker and the command line meet the site's server.
func (s *site) startUps(ctx context.Context, bin string) ([]startUp, error) {
	l := refundLanes[0]
	if err := l.prepare(ctx, 1); err != nil {
		return nil, err
	}
	workflowID, err := l.run(ctx)
	if err != nil {
		return nil, err
	}
	account, id, _ := refund.ParseWorkflowID(workflowID)
	programs := []struct {
		what string
		want float64
		once func(context.Context) (time.Duration, error)
	}{
		{"devserver, until it greets", 3000, func(ctx context.Context) (time.Duration, error) {
			return until(ctx, "Web UI", filepath.Join(bin, "devserver"), "--no-refunds", "--port", "0", "--ui-port", "0", "--sandbox-port", "0", "--callback-port", "0")
		}},
		{"worker, until it is ready", 1000, func(ctx context.Context) (time.Duration, error) { return s.ready(ctx, filepath.Join(bin, "worker")) }},
		{"starter status", 150, func(ctx context.Context) (time.Duration, error) {
			begun := time.Now()
			text, err := exec.CommandContext(ctx, filepath.Join(bin, "starter"), "status", account+"/"+id, "--address", s.address).CombinedOutput()
			if err != nil {
				err = fmt.Errorf("starter status: %w: %s", err, text)
			}
			return time.Since(begun), err
		}},
	}
	var all []startUp
	for _, p := range programs {
		found := startUp{What: p.what, Want: p.want}
		for i := range starts + 1 {
			ctx, cancel := context.WithTimeout(ctx, upFor)
			took, err := p.once(ctx)
			cancel()
			if err != nil {
				return nil, err
			}
			if i > 0 {
				found.MS = append(found.MS, float64(took)/float64(time.Millisecond))
			}
		}
		all = append(all, found)
	}
	return all, nil
}

// until starts a program, and stops it when it has printed the word.
func until(ctx context.Context, word, program string, args ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	cmd.Stderr = os.Stderr
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var took time.Duration
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if took == 0 && strings.Contains(lines.Text(), word) {
			took = time.Since(begun)
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				return 0, err
			}
		}
	}
	if err := cmd.Wait(); err != nil || took == 0 {
		return 0, errors.Join(err, fmt.Errorf("%s did not print %q", program, word))
	}
	return took, nil
}

// ready starts the worker, and stops it when its monitor says that it is ready.
func (s *site) ready(ctx context.Context, program string) (time.Duration, error) {
	port, err := s.ports.Free()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, program, "--config", s.file("refundflow.yaml"), "--monitor", process.At(port))
	cmd.Stderr = nil
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var took time.Duration
	for took == 0 {
		if asked(ctx, "http://"+process.At(port)+"/readyz") {
			took = time.Since(begun)
		} else if !process.Rest(ctx, 2*time.Millisecond) {
			_ = cmd.Process.Kill()
			return 0, errors.Join(ctx.Err(), cmd.Wait(), errors.New("the worker did not become ready"))
		}
	}
	return took, errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
}

func asked(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}
