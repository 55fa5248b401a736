package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// write tells a result to people, in Markdown that reads well as it is.
func (r *result) write(w io.Writer) {
	m := r.Machine
	stored := "in memory"
	if m.Disk {
		stored = "in files"
	}
	fmt.Fprintf(w, "%s, %d processors, %s, %s; Temporal's data %s; %s. Everything on this machine.\n",
		m.Processor, m.Processors, m.System, m.Go, stored, m.At.Format("2006-01-02"))
	fmt.Fprintf(w, "Without work all processes together take %.0f ms of processor time a second.\n", r.IdleMS)
	for _, level := range r.levels() {
		fmt.Fprintf(w, "\n### %d in flight\n\n", level)
		r.speeds(level).write(w)
	}
	if len(r.Cells) > 0 {
		fmt.Fprintf(w, "\n### Processor time, ms for each\n\n")
		r.times().write(w)
	}
	if len(r.Expenses) > 0 {
		fmt.Fprintf(w, "\n### What one leaves behind\n\n")
		r.remains().write(w)
	}
	if len(r.StartUp) > 0 {
		fmt.Fprintf(w, "\n### Start-up\n\n")
		r.starts().write(w)
	}
	r.Growth.write(w)
}

// table is lines of cells under a head.
type table [][]string

func (t *table) add(cells ...string) { *t = append(*t, cells) }

// write pads the cells, so that the source reads like the page.
func (t table) write(w io.Writer) {
	aligned := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for n, line := range t {
		fmt.Fprintf(aligned, "| %s\t|\n", strings.Join(line, "\t| "))
		if n == 0 {
			fmt.Fprintln(aligned, strings.Repeat("|---\t", len(line))+"|")
		}
	}
	_ = aligned.Flush() // as of what is printed beside it: who reads no further is not told so
}

// within writes a median with its range.
func (s spread) within(format string) string {
	return fmt.Sprintf(format+" ("+format+"–"+format+")", s.median, s.least, s.most)
}

// lanesAt are the lanes that were measured under a load, in the order in which they are told.
func (r *result) lanesAt(level int) []string {
	var names []string
	for _, name := range laneNames() {
		if len(r.of(name, level)) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// compared is a lane beside another one, where both were measured.
func (r *result) compared(name, against string, level int, of func(cell) float64) string {
	if against == "" || len(r.of(against, level)) == 0 {
		return ""
	}
	return r.ratio(name, against, level, of).within("%.2f")
}

// speeds is what callers see under a load: beside the bare workflow, and beside the naive one.
func (r *result) speeds(level int) table {
	t := table{{"", "a second", "of bare", "of naive", "p50 ms", "of bare", "of naive", "p95 ms", "p99 ms"}}
	for _, name := range r.lanesAt(level) {
		bare, naive := besides(name), ""
		if bare != "" {
			naive = nameNaive
		}
		t.add(name, r.figure(name, level, rate).within("%.1f"), r.compared(name, bare, level, rate), r.compared(name, naive, level, rate),
			r.figure(name, level, p50).within("%.0f"), r.compared(name, bare, level, p50), r.compared(name, naive, level, p50),
			fmt.Sprintf("%.0f", r.figure(name, level, p95).median), fmt.Sprintf("%.0f", r.figure(name, level, p99).median))
	}
	return t
}

// times is the processor time by process, at each level. The ledger, which is a part of the worker's process, has the share
// that the worker's profile gives it.
func (r *result) times() table {
	t := table{{"", "in flight", "all", "of bare", "server", "worker", "ledger", "platform", "caller"}}
	for _, level := range r.levels() {
		for _, name := range r.lanesAt(level) {
			part := func(of func(cell) float64) string {
				if ms := r.figure(name, level, of).median; ms > 0 {
					return fmt.Sprintf("%.1f", ms)
				}
				return ""
			}
			ledger := r.shareOf(name, "ledger")
			t.add(name, fmt.Sprint(level), r.figure(name, level, allCPU).within("%.1f"), r.compared(name, besides(name), level, allCPU),
				part(func(c cell) float64 { return c.CPU.Server }), part(func(c cell) float64 { return c.CPU.Worker * (1 - ledger) }),
				part(func(c cell) float64 { return c.CPU.Worker * ledger }),
				part(func(c cell) float64 { return c.CPU.Platform }), part(func(c cell) float64 { return c.CPU.Caller }))
		}
	}
	return t
}

// shareOf is a part of the program's share of the worker's processor time in a lane; 0 where no profile was taken.
func (r *result) shareOf(lane, room string) float64 {
	for _, e := range r.Expenses {
		if e.Lane == lane {
			return e.Worker[room]
		}
	}
	return 0
}

func (r *result) remains() table {
	t := table{{"", "events", "history bytes", "billable actions", "ledger bytes", "of the worker's time"}}
	for _, e := range r.Expenses {
		ledger, rooms := "", []string{}
		if e.LedgerBytes > 0 {
			ledger = fmt.Sprintf("%.0f", e.LedgerBytes)
		}
		names := slices.SortedFunc(maps.Keys(e.Worker), func(a, b string) int { return int(1000 * (e.Worker[b] - e.Worker[a])) })
		for _, name := range names {
			rooms = append(rooms, fmt.Sprintf("%s %.0f%%", name, 100*e.Worker[name]))
		}
		t.add(e.Lane, fmt.Sprint(e.Events), fmt.Sprint(e.HistoryBytes), fmt.Sprint(e.billed()), ledger, strings.Join(rooms, ", "))
	}
	return t
}

func (r *result) starts() table {
	t := table{{"ms", "median (range)", "at most"}}
	for _, s := range r.StartUp {
		t.add(s.What, spreadOf(slices.Clone(s.MS)).within("%.0f"), fmt.Sprintf("%.0f", s.Want))
	}
	return t
}
