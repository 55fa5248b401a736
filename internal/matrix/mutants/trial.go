package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// laboratory is where mutants are compiled and run.
type laboratory struct {
	root, scratch string
	seed          uint64
	within        time.Duration
}

// verdict is what became of a mutant.
type verdict struct {
	mutant
	caught bool
	// words say by what it was caught, or what happened instead.
	words string
	took  time.Duration
}

// overhang is how long a run may go on after its time, to say why it did not end.
const overhang = 20 * time.Second

// try compiles a mutant into the matrix and runs it until something breaks.
func (l laboratory) try(ctx context.Context, m mutant) verdict {
	began := time.Now()
	output, err := l.run(ctx, m, l.search(m, 1))
	f, found := broken(output)
	if err != nil && !found && output != "" && !m.crowd { // the first failure was no broken promise: another one may be
		output, err = l.run(ctx, m, l.search(m, 12))
		f, found = broken(output)
	}
	v := verdict{mutant: m, took: time.Since(began)}
	var exit *exec.ExitError
	switch {
	case err == nil:
		v.words = "SURVIVED: every scenario held"
	case !errors.As(err, &exit):
		v.words = err.Error()
	case strings.Contains(output, "panic: "):
		v.words = "NOT CAUGHT: the matrix itself died or hung:\n" + tail(output[strings.Index(output, "panic: "):], 30)
	case !found:
		v.words = "NOT CAUGHT: no promise was broken, but the matrix failed:\n" + tail(output, 40)
	default:
		v.caught, v.words = true, f.script+"\n           "+f.message
	}
	return v
}

// control runs a sample of the matrix on the code as it is.
func (l laboratory) control(ctx context.Context) error {
	output, err := l.run(ctx, mutant{name: "control"}, []string{"-test.run", "^Test(Matrix|ManyAtOnce)", "-shuffle", "-pairs", "0"})
	if err != nil {
		f, _ := broken(output)
		return fmt.Errorf("the matrix fails on the code as it is, so that nothing it finds in a mutant means anything: %w\n%s\n%s\n%s",
			err, tail(output, 60), f.script, f.message)
	}
	return nil
}

// search are the matrix's flags for a mutant: fair weather first, then single mishaps in a
// random order, until so many have failed.
func (l laboratory) search(m mutant, failures int) []string {
	if m.crowd {
		return []string{"-test.run", "^TestManyAtOnce"}
	}
	return []string{"-test.run", "^TestMatrix$", "-whole", "-shuffle", "-failures", strconv.Itoa(failures), "-pairs", "0", "-flows", m.flows, "-only", m.only}
}

// run compiles the matrix with the mutant's text laid over the files, and runs it. An
// [*exec.ExitError] is the matrix's own.
func (l laboratory) run(ctx context.Context, m mutant, flags []string) (output string, err error) {
	place, err := os.MkdirTemp(l.scratch, "mutant-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(place)
	overlay, err := l.overlay(place, m)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(place, "matrix")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-ldflags=-s -w", "-overlay", overlay, "-o", binary, "./internal/matrix")
	build.Dir = l.root
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("mutant %q does not compile: %w\n%s", m.name, errors.New(err.Error()), said)
	}
	ctx, cancel := context.WithTimeout(ctx, l.within+overhang)
	defer cancel()
	flags = append(flags, "-seed", strconv.FormatUint(l.seed, 10), "-test.timeout", l.within.String())
	matrix := exec.CommandContext(ctx, binary, flags...)
	matrix.Dir = filepath.Join(l.root, "internal", "matrix") // where tests run
	matrix.Env = append(os.Environ(), "TMPDIR="+place)       // what a panic leaves behind goes with it
	matrix.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	matrix.Cancel = func() error { return syscall.Kill(-matrix.Process.Pid, syscall.SIGKILL) }
	said, err := matrix.CombinedOutput()
	return string(said), err
}

// overlay writes the changed files and the list by which the compiler finds them.
func (l laboratory) overlay(place string, m mutant) (string, error) {
	changed, err := m.apply(l.root)
	if err != nil {
		return "", err
	}
	list := struct{ Replace map[string]string }{map[string]string{}}
	for file, text := range changed {
		copied := filepath.Join(place, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			return "", err
		}
		list.Replace[filepath.Join(l.root, file)] = copied
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	file := filepath.Join(place, "overlay.json")
	return file, os.WriteFile(file, raw, 0o600)
}

// tail is the end of a text, by lines.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(len(all)-lines, 0):], "\n")
}
