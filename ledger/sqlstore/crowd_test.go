package sqlstore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// TestACrowdNeverCrossesALimit lets 64 goroutines on two stores of one ledger
// reach for more than there is.
func TestACrowdNeverCrossesALimit(t *testing.T) {
	place := shared(t)
	stores := []books{newBooks(t, place), newBooks(t, place)}
	const crowd, amount = 64, refund.Fen(100)
	together := func(do func(b books, i int) error) {
		t.Helper()
		var wait sync.WaitGroup
		errs := make([]error, crowd)
		for i := range crowd {
			wait.Go(func() { errs[i] = do(stores[i%len(stores)], i) })
		}
		wait.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
	}
	audited := func(what string) {
		t.Helper()
		found, err := stores[0].Audit(t.Context())
		require.NoError(t, err)
		require.Empty(t, found, what)
	}
	name := func(i int) string { return fmt.Sprintf("r%02d", i) }

	// Two goroutines open two refunds each of one order that has room for three.
	// Whoever is last, both first ones are among the three.
	var opened, refused atomic.Int64
	together(func(b books, i int) error {
		for _, id := range []string{name(i), name(i) + "x"} {
			o, err := b.Open(t.Context(), opening(id, fmt.Sprintf("o%d", i/2), amount, 3*amount))
			if err != nil {
				return err
			}
			if o.Refused == "" {
				opened.Add(1)
			} else {
				refused.Add(1)
			}
		}
		return nil
	})
	require.EqualValues(t, 3*crowd/2, opened.Load(), "every order gives its remainder away, and no more")
	require.EqualValues(t, crowd/2, refused.Load())
	audited("remainder")

	// Who may hold: at most one of an order, at most twenty under the cap.
	reach := func(dailyCap, reserve refund.Fen) (granted []string, obstacles map[ledger.Obstacle]int) {
		var lock sync.Mutex
		obstacles = map[ledger.Obstacle]int{}
		together(func(b books, i int) error {
			h, err := b.Hold(t.Context(), key(name(i)), noon, limits(dailyCap, reserve))
			if err != nil {
				return err
			}
			lock.Lock()
			defer lock.Unlock()
			if h.Granted {
				granted = append(granted, name(i))
			} else {
				obstacles[h.Obstacle]++
			}
			return nil
		})
		return granted, obstacles
	}
	granted, obstacles := reach(20*amount, 0)
	require.Len(t, granted, 20)
	require.Positive(t, obstacles[ledger.ObstacleCap])
	require.Equal(t, fmt.Sprintf("%d/%d", 20*amount, 20*amount), stores[0].used(noon))
	audited("cap")

	// A higher cap: the reserve is the limit now; those who hold keep theirs.
	granted, obstacles = reach(0, 25*amount)
	require.Len(t, granted, 25)
	require.Positive(t, obstacles[ledger.ObstacleReserve]+obstacles[ledger.ObstacleOrder])
	audited("reserve")

	// No limit but the order's turn: one of each pair.
	granted, obstacles = reach(0, 0)
	require.Len(t, granted, crowd/2)
	require.Equal(t, crowd/2, obstacles[ledger.ObstacleOrder])
	audited("turn")

	// Everybody sends the same refund: one permit.
	var permits atomic.Int64
	together(func(b books, _ int) error {
		p, err := b.BeginSend(t.Context(), key(granted[0]), noon, noLimits)
		if err == nil && p.Send {
			permits.Add(1)
		}
		return err
	})
	require.EqualValues(t, 1, permits.Load(), "one intent, one sending")
	audited("sending")
}

// TestManyMayCreateTheSameLedger proves that nobody meets a half-made ledger.
func TestManyMayCreateTheSameLedger(t *testing.T) {
	place := shared(t)
	var wait sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wait.Go(func() {
			s, err := Open(t.Context(), place)
			if err == nil {
				err = s.Close()
			}
			errs[i] = err
		})
	}
	wait.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

// childLedger, when set, makes this test binary a process that books until it is
// killed.
const childLedger = "SQLSTORE_TEST_CHILD_LEDGER"

// bookForEver takes refunds through their life, four at a time, and prints the
// name of each one after its sending was begun.
func bookForEver(place string) {
	ctx := context.Background()
	s, err := Open(ctx, place)
	var wait sync.WaitGroup
	for lane := range 4 {
		wait.Go(func() {
			for n := 0; err == nil; n++ {
				id := fmt.Sprintf("l%d-%d-%d", os.Getpid(), lane, n)
				if err := bookOne(ctx, s, id); err != nil {
					fmt.Println("error:", err)
					os.Exit(1)
				}
			}
		})
	}
	wait.Wait()
	fmt.Println("error:", err)
	os.Exit(1)
}

func bookOne(ctx context.Context, s *Store, id string) error {
	if _, err := s.Open(ctx, opening(id, "order-"+id, 100, 100)); err != nil {
		return err
	}
	if _, err := s.Hold(ctx, key(id), noon, noLimits); err != nil {
		return err
	}
	if _, err := s.BeginSend(ctx, key(id), noon, noLimits); err != nil {
		return err
	}
	fmt.Println(id)
	if err := s.EndSend(ctx, key(id), noon, accepted1); err != nil {
		return err
	}
	return s.Settle(ctx, key(id), settlement("P1", 0))
}

// TestAProcessMayDieAtAnyInstant kills a booking process with SIGKILL, three
// times over on the same place. The books balance, and what was reported as
// written is there. (What a loss of power does, synchronous=FULL answers for.)
func TestAProcessMayDieAtAnyInstant(t *testing.T) {
	place := shared(t)
	for range 3 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), childLedger+"="+place)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		var begun []string
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			require.NotContains(t, lines.Text(), "error:")
			if begun = append(begun, lines.Text()); len(begun) == 40 {
				require.NoError(t, child.Process.Kill())
			}
		}
		require.GreaterOrEqual(t, len(begun), 40)
		require.ErrorContains(t, child.Wait(), "killed")

		b := newBooks(t, place)
		b.balanced()
		for _, id := range begun {
			require.NotEqual(t, ledger.NotBegun, b.record(id).Sending, "the intent of %s outlives the process", id)
		}
	}
}
