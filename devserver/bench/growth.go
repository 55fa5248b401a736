package main

import (
	"context"
	"fmt"
	"io"

	"github.com/refundflow/refundflow/devserver/process"
)

// growth is what refunds take when many have been made before them.
type growth struct {
	Marks []mark `json:"marks"`
}

// mark is the state after so many refunds, and what the refunds around it took. Bare is the bare workflow in the same
// minute, by which the machine's moods can be told from growth.
type mark struct {
	Refunds int  `json:"refunds"`
	Refund  cell `json:"refund"`
	Bare    cell `json:"bare"`
	// Memory is resident, in MiB.
	ServerMiB   float64 `json:"server_mib"`
	WorkerMiB   float64 `json:"worker_mib"`
	LedgerBytes int64   `json:"ledger_bytes"`
}

// growing makes refunds of a lane, so many in flight, and looks at what they take at each mark.
func (s *site) growing(ctx context.Context, l, bare lane, inFlight int, marks []int, news io.Writer) (*growth, error) {
	g, made := &growth{}, 0
	for _, at := range marks {
		for count := at - made; count > 0; count = at - made {
			count = min(count, 500)
			if _, err := measure(ctx, l, min(inFlight, count), count); err != nil {
				return nil, err
			}
			made += count
			fmt.Fprintf(news, "%d refunds\n", made)
		}
		m := mark{Refunds: at}
		var err error
		if m.Bare, err = measure(ctx, bare, inFlight, enough(inFlight)); err != nil {
			return nil, err
		}
		if m.Refund, err = measure(ctx, l, inFlight, enough(inFlight)); err != nil {
			return nil, err
		}
		made += enough(inFlight)
		for _, each := range []struct {
			of   *process.Process
			into *float64
		}{{s.server, &m.ServerMiB}, {s.worker, &m.WorkerMiB}} {
			resident, err := process.Resident(each.of.PID())
			if err != nil {
				return nil, err
			}
			*each.into = float64(resident) / (1 << 20)
		}
		if m.LedgerBytes, err = s.ledgerSize(ctx); err != nil {
			return nil, err
		}
		g.Marks = append(g.Marks, m)
	}
	return g, nil
}

func (g *growth) write(w io.Writer) {
	if g == nil || len(g.Marks) == 0 {
		return
	}
	fmt.Fprintf(w, "\n### After many refunds\n\n")
	t := table{{"refunds made", "a second", "of bare", "CPU ms", "of bare", "worker CPU ms", "p50 ms", "worker MiB", "server MiB", "ledger MiB"}}
	for _, m := range g.Marks {
		t.add(fmt.Sprint(m.Refunds), fmt.Sprintf("%.1f", m.Refund.PerSecond), fmt.Sprintf("%.2f", m.Refund.PerSecond/m.Bare.PerSecond),
			fmt.Sprintf("%.1f", m.Refund.CPU.total()), fmt.Sprintf("%.2f", m.Refund.CPU.total()/m.Bare.CPU.total()),
			fmt.Sprintf("%.1f", m.Refund.CPU.Worker), fmt.Sprintf("%.0f", m.Refund.Latency.P50),
			fmt.Sprintf("%.0f", m.WorkerMiB), fmt.Sprintf("%.0f", m.ServerMiB), fmt.Sprintf("%.1f", float64(m.LedgerBytes)/(1<<20)))
	}
	t.write(w)
}
