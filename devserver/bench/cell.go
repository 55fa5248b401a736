package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/refundflow/refundflow/devserver/process"
)

// cell is what one lane did under one load, once.
type cell struct {
	Lane     string `json:"lane"`
	InFlight int    `json:"in_flight"`
	Round    int    `json:"round"`
	// Beside is the lane right after which a bare one was measured, to be compared with it.
	Beside string `json:"beside,omitempty"`
	// Workflows are those that were measured, in Seconds.
	Workflows int     `json:"workflows"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	// Latency from the caller's start to the caller's knowing the end.
	Latency latency `json:"latency_ms"`
	// CPU is processor time for each workflow.
	CPU cpu `json:"cpu_ms_each"`
}

type latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// cpu is processor time, in milliseconds.
type cpu struct {
	Server float64 `json:"server"`
	Worker float64 `json:"worker"` // with the ledger: SQLite runs in its process
	// Platform is the stand-in's, or the stub's.
	Platform float64 `json:"platform"`
	Caller   float64 `json:"caller"`
}

func (c cpu) total() float64 { return c.Server + c.Worker + c.Platform + c.Caller }

// meter reads the processor times of a lane's programs and of this one, which is the caller.
func (p programs) meter() (cpu, error) {
	var read cpu
	var errs []error
	for _, each := range []struct {
		pid  int
		into *float64
	}{
		{p.server.PID(), &read.Server}, {p.worker.PID(), &read.Worker}, {p.platform.PID(), &read.Platform}, {os.Getpid(), &read.Caller},
	} {
		used, err := process.CPU(each.pid)
		*each.into = float64(used) / float64(time.Millisecond)
		errs = append(errs, err)
	}
	return read, errors.Join(errs...)
}

func cpuOf(p *process.Process) (time.Duration, error) { return process.CPU(p.PID()) }

// each is what was used between two readings, for each of n workflows.
func (c cpu) each(before cpu, n int) cpu {
	per := func(after, before float64) float64 { return (after - before) / float64(n) }
	return cpu{
		Server: per(c.Server, before.Server), Worker: per(c.Worker, before.Worker),
		Platform: per(c.Platform, before.Platform), Caller: per(c.Caller, before.Caller),
	}
}

// measureFor bounds one cell.
const measureFor = 5 * time.Minute

// measure keeps so many workflows of a lane in flight until count of them have ended. The clock begins when as many as are
// in flight have ended, and stops before the load goes down.
func measure(ctx context.Context, l lane, inFlight, count int) (cell, error) {
	ctx, cancel := context.WithTimeout(ctx, measureFor)
	defer cancel()
	if err := l.prepare(ctx, inFlight+count+inFlight); err != nil {
		return cell{}, err
	}
	clock := &clock{lane: l, warm: inFlight, count: count}
	var loops sync.WaitGroup
	for range inFlight {
		loops.Go(func() {
			for goOn := true; goOn; {
				started := time.Now()
				_, err := l.run(ctx)
				goOn = clock.ended(time.Since(started), err)
			}
		})
	}
	loops.Wait()
	if clock.failed != nil {
		return cell{}, fmt.Errorf("%s at %d in flight: %w", l.name(), inFlight, clock.failed)
	}
	c := clock.cell()
	c.InFlight = inFlight
	return c, nil
}

// clock measures from the end of the last warm workflow to the end of the last that counts.
type clock struct {
	lane        lane
	warm, count int

	mu          sync.Mutex
	seen        int
	lasted      []time.Duration
	begun, over time.Time
	first, last cpu
	failed      error
}

// ended notes the end of a workflow, and tells whether another one is wanted.
func (c *clock) ended(took time.Duration, err error) (goOn bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && c.failed == nil && c.over.IsZero() {
		c.failed = err
	}
	if c.failed != nil || !c.over.IsZero() {
		return false
	}
	c.seen++
	if c.seen > c.warm {
		c.lasted = append(c.lasted, took)
	}
	switch c.seen {
	case c.warm:
		c.first, c.failed = c.lane.programs().meter()
		c.begun = time.Now()
	case c.warm + c.count:
		c.over = time.Now()
		c.last, c.failed = c.lane.programs().meter()
		return false
	}
	return true
}

func (c *clock) cell() cell {
	seconds := c.over.Sub(c.begun).Seconds()
	slices.Sort(c.lasted)
	at := func(percent int) float64 {
		return float64(c.lasted[min(len(c.lasted)*percent/100, len(c.lasted)-1)]) / float64(time.Millisecond)
	}
	return cell{
		Lane: c.lane.name(), Workflows: c.count, Seconds: seconds, PerSecond: float64(c.count) / seconds,
		Latency: latency{at(50), at(95), at(99)}, CPU: c.last.each(c.first, c.count),
	}
}
