package main

import (
	"bufio"
	"cmp"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// result is everything that a run has measured; what people read is made of it.
type result struct {
	Machine machine `json:"machine"`
	// Idle is what the processes take of the processors in a second without work, all of them together.
	IdleMS float64 `json:"idle_cpu_ms_each_second"`
	Cells  []cell  `json:"cells"`
	// Expenses are what one workflow of each lane leaves behind.
	Expenses []expense `json:"expenses"`
	StartUp  []startUp `json:"start_up,omitempty"`
	Growth   *growth   `json:"growth,omitempty"`
}

// machine is where it was measured.
type machine struct {
	Processor  string    `json:"processor"`
	Processors int       `json:"processors"`
	System     string    `json:"system"`
	Go         string    `json:"go"`
	At         time.Time `json:"at"`
	Disk       bool      `json:"temporal_on_disk"`
}

func here(onDisk bool) machine {
	m := machine{
		Processor: "unknown processor", Processors: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Go: runtime.Version(), At: time.Now().UTC().Truncate(time.Second), Disk: onDisk,
	}
	if info, err := os.Open("/proc/cpuinfo"); err == nil {
		defer info.Close()
		for lines := bufio.NewScanner(info); lines.Scan(); {
			if key, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(key) == "model name" {
				m.Processor = strings.TrimSpace(value)
				break
			}
		}
	}
	return m
}

// spread is a median between the smallest and the largest.
type spread struct{ median, least, most float64 }

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	slices.Sort(values)
	n := len(values)
	return spread{(values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]}
}

// of are the cells of a lane under a load, by rounds.
func (r *result) of(lane string, inFlight int) []cell {
	var found []cell
	for _, c := range r.Cells {
		if c.Lane == lane && c.InFlight == inFlight {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b cell) int { return cmp.Compare(a.Round, b.Round) })
	return found
}

// figure is the spread of what is looked for in a lane's cells.
func (r *result) figure(lane string, inFlight int, of func(cell) float64) spread {
	var values []float64
	for _, c := range r.of(lane, inFlight) {
		values = append(values, of(c))
	}
	return spreadOf(values)
}

// ratio compares two lanes round by round, and a bare one by what it did right after the other: what slowed the machine then,
// slowed both.
func (r *result) ratio(lane, against string, inFlight int, of func(cell) float64) spread {
	var values []float64
	for _, c := range r.of(lane, inFlight) {
		for _, other := range r.of(against, inFlight) {
			if other.Round == c.Round && (other.Beside == "" || other.Beside == lane) {
				values = append(values, of(c)/of(other))
			}
		}
	}
	return spreadOf(values)
}

// levels and lanes are those that were measured, in the order of the cells.
func (r *result) levels() []int {
	var all []int
	for _, c := range r.Cells {
		if !slices.Contains(all, c.InFlight) {
			all = append(all, c.InFlight)
		}
	}
	slices.Sort(all)
	return all
}

func rate(c cell) float64   { return c.PerSecond }
func p50(c cell) float64    { return c.Latency.P50 }
func p95(c cell) float64    { return c.Latency.P95 }
func p99(c cell) float64    { return c.Latency.P99 }
func allCPU(c cell) float64 { return c.CPU.total() }
