package matrix

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"
)

// crew runs scenarios, some at once.
type crew struct {
	*testing.T
	hands    int
	most     int32
	failures atomic.Int32
}

func newCrew(t *testing.T, hands, most int) *crew {
	return &crew{T: t, hands: hands, most: int32(most)}
}

// run runs all of them and returns their results in the same order; that of a failed one is zero.
func (c *crew) run(what string, all []Scenario, report *report) []Result {
	results := make([]Result, len(all))
	var next, done atomic.Int64
	var wait sync.WaitGroup
	stop := progress(what, len(all), &done, &c.failures)
	for range min(c.hands, len(all)) {
		wait.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) || c.failures.Load() >= c.most {
					return
				}
				s := all[i]
				held := c.Run(s.String(), func(t *testing.T) { results[i] = s.Run(t) })
				if !held {
					c.failures.Add(1)
					fmt.Printf("\nFAILED: %s (-seed %d)\n", s, *seed)
				}
				report.add(s, results[i], held)
				done.Add(1)
			}
		})
	}
	wait.Wait()
	stop()
	if c.failures.Load() >= c.most {
		c.Errorf("ended after %d failures", c.failures.Load())
	}
	return results
}

// progress says every few seconds how far it is.
func progress(what string, total int, done *atomic.Int64, failures *atomic.Int32) (stop func()) {
	began, over := time.Now(), make(chan struct{})
	say := func() {
		fmt.Printf("%s: %d of %d, %d failed, %.0f s\n", what, done.Load(), total, failures.Load(), time.Since(began).Seconds())
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				say()
			case <-over:
				say()
				return
			}
		}
	})
	return func() { close(over); wait.Wait() }
}

// report is what became of all of them, by transport.
type report struct {
	sync.Mutex
	began time.Time
	names []string
	rows  map[string]*row
}

type row struct{ scenarios, healed, failed, person, missed, broken int }

func newReport(transports []string) *report {
	r := &report{began: time.Now(), names: transports, rows: map[string]*row{}}
	for _, name := range transports {
		r.rows[name] = &row{}
	}
	return r
}

func (r *report) add(s Scenario, result Result, held bool) {
	r.Lock()
	defer r.Unlock()
	row := r.rows[s.Transport.Name]
	row.scenarios++
	switch {
	case !held:
		row.broken++
	case result.Person:
		row.person++
	case result.Status == "succeeded":
		row.healed++
	default:
		row.failed++
	}
	if result.Missed {
		row.missed++
	}
}

func (r *report) String() string {
	r.Lock()
	defer r.Unlock()
	if len(r.names) == 1 {
		x := *r.rows[r.names[0]]
		return fmt.Sprintf("\n%s: %d scenarios in %.0f s; %d paid by themselves, %d failed by themselves, %d before a person; %d broken\n",
			r.names[0], x.scenarios, time.Since(r.began).Seconds(), x.healed, x.failed, x.person, x.broken)
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "TRANSPORT\tSCENARIOS\tPAID BY ITSELF\tFAILED BY ITSELF\tBEFORE A PERSON\tSECOND MISSED\tBROKEN\t")
	var all row
	line := func(name string, x row) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", name, x.scenarios, x.healed, x.failed, x.person, x.missed, x.broken)
	}
	for _, name := range r.names {
		x := *r.rows[name]
		line(name, x)
		all = row{all.scenarios + x.scenarios, all.healed + x.healed, all.failed + x.failed, all.person + x.person, all.missed + x.missed, all.broken + x.broken}
	}
	line("all", all)
	_ = w.Flush()
	return fmt.Sprintf("\n%s\n%d scenarios in %.0f s", b.String(), all.scenarios, time.Since(r.began).Seconds())
}
