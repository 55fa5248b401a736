package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// sample is a process's memory when so many refunds had ended.
type sample struct {
	ended int64
	// rss is what the system counts as its own, heap what Go has in use; bytes.
	rss, heap int64
}

// growth is how much more memory the last third may take than what the run began with: more
// than the noise of a garbage collector that lets the heap double, far less than a leak of
// some kilobytes a refund makes in ten thousand.
const growthPercent = 130

// early is the stretch of a run that its end is compared with: after the first tenth, in
// which caches and pools fill, to the first third. late is the last third.
func stretch(samples []sample, total int64) (early, late []sample) {
	for _, s := range samples {
		switch {
		case s.ended >= total/10 && s.ended <= total/3:
			early = append(early, s)
		case s.ended >= total*2/3:
			late = append(late, s)
		}
	}
	return early, late
}

// judgedFrom is the number of refunds from which growth tells something: a process that has
// just started grows in any case.
const judgedFrom = 2000

// flat compares medians, since a single reading says when the garbage was collected last. It
// returns what does not hold, "" when the memory stayed flat.
func flat(samples []sample, total int64) string {
	early, late := stretch(samples, total)
	const fewest = 3
	if len(early) < fewest || len(late) < fewest {
		return fmt.Sprintf("%d and %d readings of the worker's memory are too few to compare, want %d of each: make more refunds", len(early), len(late), fewest)
	}
	for _, m := range []struct {
		name string
		of   func(sample) int64
	}{
		{"resident memory", func(s sample) int64 { return s.rss }},
		{"heap in use", func(s sample) int64 { return s.heap }},
	} {
		if before, after := median(early, m.of), median(late, m.of); after*100 > before*growthPercent {
			return fmt.Sprintf("the worker's %s grew from %d to %d MiB, more than to %d%%", m.name, before>>20, after>>20, growthPercent)
		}
	}
	return ""
}

func median(samples []sample, of func(sample) int64) int64 {
	var values []int64
	for _, s := range samples {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// heapMetric is how the worker's monitor names it.
const heapMetric = "go_memstats_heap_inuse_bytes"

// heap asks a worker's monitor.
func heap(ctx context.Context, monitor string) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, monitor+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	return metric(answer.Body, heapMetric)
}

// metric finds a value without labels.
func metric(text io.Reader, name string) (int64, error) {
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), name+" "); found {
			n, err := strconv.ParseFloat(value, 64) // such as 1.2345e+07
			return int64(n), err
		}
	}
	return 0, fmt.Errorf("the monitor tells no %s: %w", name, lines.Err())
}
