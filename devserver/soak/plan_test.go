package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox"
	"github.com/refundflow/refundflow/sandbox/control"
)

var fullSize = size{refunds: 1000, faults: 20, workers: 3, kills: 30, serverKills: 5}

func TestASeedFixesThePlan(t *testing.T) {
	require.Equal(t, crashPlan(7, fullSize), crashPlan(7, fullSize))
	require.NotEqual(t, crashPlan(7, fullSize), crashPlan(8, fullSize))
	require.Equal(t, loadPlan(7, 100), loadPlan(7, 100))
}

// TestAPlanTriesEverything: what does not happen is not tried.
func TestAPlanTriesEverything(t *testing.T) {
	for seed := range uint64(20) {
		p := crashPlan(seed, fullSize)
		require.Len(t, p.wishes, fullSize.refunds)
		require.Len(t, p.deaths, fullSize.kills+fullSize.serverKills)
		met, kinds, ofOrder, capped := map[string]bool{}, map[control.FaultKind]bool{}, map[*order]int64{}, int64(0)
		struck := 0
		for _, w := range p.wishes {
			o := w.order
			require.LessOrEqual(t, w.amount, o.total)
			require.Positive(t, w.amount)
			ofOrder[o] += w.amount
			met["unpaid"] = met["unpaid"] || o.unpaid
			met["failing"] = met["failing"] || o.outcome == control.Failed
			met["unverified"] = met["unverified"] || o.unverified
			met["in part"] = met["in part"] || w.amount < o.total
			met["more than paid"] = met["more than paid"] || ofOrder[o] > o.total
			met["one person"] = met["one person"] || w.approvers() == 1
			met["two people"] = met["two people"] || w.approvers() == 2
			met["by signal"] = met["by signal"] || w.approvers() > 0 && w.bySignal
			met["by update"] = met["by update"] || w.approvers() > 0 && !w.bySignal
			met["crowd"] = met["crowd"] || w.callers == crowd
			met[o.account.name] = true
			if o.account.capped {
				capped += w.amount
			}
		}
		for _, o := range p.orders {
			for _, f := range o.faults {
				kinds[f.Kind] = true
			}
			if len(o.faults) > 0 {
				struck++
			}
		}
		for _, what := range []string{"unpaid", "failing", "unverified", "in part", "more than paid", "one person", "two people", "by signal", "by update", "crowd"} {
			require.True(t, met[what], "seed %d: %s", seed, what)
		}
		for _, a := range accounts {
			require.True(t, met[a.name], "seed %d: %s", seed, a.name)
		}
		require.Len(t, kinds, 8, "seed %d: %v", seed, kinds)
		require.InDelta(t, fullSize.faults, struck*100/len(p.orders), 6, "seed %d", seed)
		require.Positive(t, p.cap)
		require.Less(t, p.cap, capped, "the cap has no room for all")
	}
}

// TestNoFaultIsBeyondWhatIsPromised: where only a message ends a refund, none is lost for good.
func TestNoFaultIsBeyondWhatIsPromised(t *testing.T) {
	for seed := range uint64(20) {
		for _, o := range crashPlan(seed, fullSize).orders {
			for _, f := range o.faults {
				require.False(t, f.Kind == control.FaultDrop && (o.account.blind || o.account.asking), o.account.name)
				require.False(t, f.Status == 429 && f.Phase == control.After, "who is told to slow down was turned away")
			}
		}
	}
}

// TestTheStandInsTakeEveryPlannedFault: one they do not know would end a run before it begins.
func TestTheStandInsTakeEveryPlannedFault(t *testing.T) {
	stand, err := sandbox.Start(context.Background(), sandbox.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = stand.Close() })
	c, planned := control.New(stand.URL()), 0
	for seed := range uint64(3) {
		for _, o := range crashPlan(seed, fullSize).orders {
			for _, f := range o.faults {
				_, err := c.AddFault(t.Context(), f)
				require.NoError(t, err)
				planned++
			}
		}
	}
	require.Greater(t, planned, 300)
}

func TestKillsComeInTheOrderOfTheStarts(t *testing.T) {
	last, servers := 0, 0
	for _, d := range crashPlan(3, fullSize).deaths {
		require.GreaterOrEqual(t, d.after, last)
		require.LessOrEqual(t, d.after, fullSize.refunds)
		require.Less(t, d.worker, fullSize.workers)
		require.Positive(t, d.pause)
		last = d.after
		if d.server {
			servers++
		}
	}
	require.Equal(t, fullSize.serverKills, servers)
}
