package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"
)

// warmUp is how many workflows of each lane run before anything is measured: caches fill, pollers find their number.
const warmUp = 60

// rounds measures all lanes at all levels, again and again, each time in another order: kinds of refunds each with its bare
// lane right behind it.
func rounds(ctx context.Context, lanes []lane, levels []int, times int, news io.Writer) (cells []cell, err error) {
	for _, l := range lanes {
		fmt.Fprintf(news, "warming up: %s\n", l.name())
		if _, err := measure(ctx, l, 20, warmUp); err != nil {
			return nil, err
		}
	}
	turn := func(l lane, level, round int, beside string) error {
		c, err := measure(ctx, l, level, enough(level))
		if err != nil {
			return err
		}
		c.Round, c.Beside = round, beside
		cells = append(cells, c)
		fmt.Fprintf(news, "round %d of %d: %s\n", round, times, c)
		return nil
	}
	first := slices.DeleteFunc(slices.Clone(lanes), func(l lane) bool {
		return slices.ContainsFunc(lanes, func(other lane) bool { return besides(other.name()) == l.name() })
	})
	for round := 1; round <= times; round++ {
		for _, level := range levels {
			rand.Shuffle(len(first), func(i, j int) { first[i], first[j] = first[j], first[i] })
			for _, l := range first {
				if err := turn(l, level, round, ""); err != nil {
					return nil, err
				}
				beside := slices.IndexFunc(lanes, func(other lane) bool { return other.name() == besides(l.name()) })
				if beside < 0 {
					continue
				}
				if err := turn(lanes[beside], level, round, l.name()); err != nil {
					return nil, err
				}
			}
		}
	}
	return cells, nil
}

// enough is how many workflows make a figure at a level.
func enough(level int) int { return max(30, min(3*level, level+100)) }

func (c cell) String() string {
	return fmt.Sprintf("%-12s %3d in flight: %6.1f a second, p50 %7.1f ms, p95 %7.1f ms, CPU %5.1f ms each",
		c.Lane, c.InFlight, c.PerSecond, c.Latency.P50, c.Latency.P95, c.CPU.total())
}

// idle is what all processes take of the processors when nothing is to be done, in milliseconds a second.
func (s *site) idle(ctx context.Context) (float64, error) {
	const watched = 3 * time.Second
	sum := func() (total time.Duration, err error) {
		for _, p := range s.all {
			used, err := cpuOf(p)
			if err != nil {
				return 0, err
			}
			total += used
		}
		return total, nil
	}
	before, err := sum()
	if err != nil {
		return 0, err
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(watched):
	}
	after, err := sum()
	return float64(after-before) / float64(time.Millisecond) / watched.Seconds(), err
}
