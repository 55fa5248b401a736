package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// course makes readings: one for every hundredth of 1000 refunds, of so many MiB.
func course(mib func(percent int64) int64) (all []sample) {
	for percent := range int64(101) {
		all = append(all, sample{ended: percent * 10, rss: mib(percent) << 20, heap: 50 << 20})
	}
	return all
}

func TestOnlyMemoryThatGrowsIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		samples []sample
		found   string
	}{
		"even":                       {course(func(int64) int64 { return 200 }), ""},
		"caches that fill":           {course(func(p int64) int64 { return min(50+p*15, 200) }), ""},
		"the teeth of a collector":   {course(func(p int64) int64 { return 150 + p%10*10 }), ""},
		"one reading far above":      {course(func(p int64) int64 { return 200 + p/99*1000 }), ""},
		"a little more":              {course(func(p int64) int64 { return 200 + p*50/100 }), ""},
		"a leak":                     {course(func(p int64) int64 { return 200 + p*2 }), "resident memory grew from 24"},
		"a leak with teeth":          {course(func(p int64) int64 { return 200 + p*2 + p%10*10 }), "resident memory grew"},
		"twice as much from halfway": {course(func(p int64) int64 { return 200 + p/50*200 }), "resident memory grew"},
		"nothing was read":           {nil, "0 and 0 readings of the worker's memory are too few"},
		"only the end was read":      {course(func(int64) int64 { return 200 })[80:], "are too few"},
	} {
		t.Run(name, func(t *testing.T) {
			found := flat(c.samples, 1000)
			if c.found == "" {
				require.Empty(t, found)
			} else {
				require.Contains(t, found, c.found)
			}
		})
	}
	leak := course(func(int64) int64 { return 200 })
	for i := range leak {
		leak[i].heap += leak[i].ended << 20
	}
	require.Contains(t, flat(leak, 1000), "heap in use grew", "behind a resident memory that stays")
}

func TestTheMonitorsHeapIsRead(t *testing.T) {
	const said = "# TYPE go_memstats_heap_inuse_bytes gauge\ngo_memstats_heap_inuse_bytes 1.2345678e+07\ngo_memstats_heap_inuse_bytes_total 1\n"
	n, err := metric(strings.NewReader(said), heapMetric)
	require.NoError(t, err)
	require.Equal(t, int64(12345678), n)
	_, err = metric(strings.NewReader("up 1\n"), heapMetric)
	require.ErrorContains(t, err, "the monitor tells no go_memstats_heap_inuse_bytes")
}
