package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

// reading are the methods that change nothing, so that to call them again is harmless.
var reading = []string{
	"Audit", "Audits", "Close", "Ended", "FindByNumber", "FindByPlatformRefund", "FindInFlight", "FindNameless", "ForeignRefunds",
	"InFlight", "Journal", "Ready", "Refund", "Unfinished", "Usage", "Waiting",
}

// TestEveryMethodThatWritesIsAmongTheSteps: what everyStep leaves out would be proven
// neither repeatable nor safe from a lost connection.
func TestEveryMethodThatWritesIsAmongTheSteps(t *testing.T) {
	b := newBooks(t, memory)
	method := regexp.MustCompile(`sqlstore\.\(\*Store\)\.([A-Z]\w*)$`)
	called := map[string]bool{}
	rebind := b.dialect.rebind
	b.dialect.rebind = func(query string) string {
		callers := make([]uintptr, 30)
		frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
		for more := true; more; {
			var frame runtime.Frame
			if frame, more = frames.Next(); method.MatchString(frame.Function) {
				called[method.FindStringSubmatch(frame.Function)[1]] = true
			}
		}
		return rebind(query)
	}
	for _, step := range everyStep(b) {
		require.NoError(t, step())
	}
	contract := reflect.TypeFor[ledger.Ledger]()
	for i := range contract.NumMethod() {
		name := contract.Method(i).Name
		require.Equal(t, !slices.Contains(reading, name), called[name], "%s: either it reads, or it is among the steps", name)
	}
}

// content is what the ledger holds but for the numbers of lines, of which a transaction
// that came to nothing may have used some up.
func (b books) content() string {
	b.Helper()
	var all []string
	require.NoError(b, b.read(b.Context(), func(t *tx) error {
		all = nil
		for _, table := range tables {
			columns, err := t.columns(table)
			if err != nil {
				return err
			}
			named := slices.DeleteFunc(slices.Clone(columns), func(name string) bool { return name == "seq" })
			query := "SELECT " + strings.Join(named, ", ") + " FROM " + table
			if len(named) < len(columns) {
				query += " ORDER BY seq"
			} else {
				query += " ORDER BY " + strings.Join(named, ", ")
			}
			line, into := make([]any, len(named)), make([]any, len(named))
			for i := range line {
				into[i] = &line[i]
			}
			if err := t.each(func(scan func(...any) error) error {
				err := scan(into...)
				all = append(all, fmt.Sprint(table, named, line))
				return err
			}, query); err != nil {
				return err
			}
		}
		return nil
	}))
	return strings.Join(all, "\n")
}

// TestALostConnectionLosesAndDoublesNothing takes a ledger through every step while the
// connection is lost in each, and repeats the step, as an activity does, with the same
// arguments. After each the books are those of a ledger that lost nothing.
func TestALostConnectionLosesAndDoublesNothing(t *testing.T) {
	ofPostgreSQL(t)
	var want []string
	var messages []int
	address := shared(t)
	quiet, through := wired(t, address)
	b, near := newBooks(t, through), newBooks(t, address)
	for i, step := range everyStep(b) {
		quiet.arm(cut{})
		require.NoError(t, step(), "step %d", i)
		n, _ := quiet.told()
		want, messages = append(want, near.content()), append(messages, n)
	}
	const beforeAll = "before the first message"
	for name, where := range map[string]func(messages int) cut{
		beforeAll:                             func(int) cut { return cut{before: 1} },
		"a quarter of the way":                func(n int) cut { return cut{before: 1 + n/4} },
		"half way":                            func(n int) cut { return cut{before: 1 + n/2} },
		"three quarters of the way":           func(n int) cut { return cut{before: 1 + 3*n/4} },
		"before the commit":                   func(int) cut { return cut{beforeCommit: true} },
		"after the commit, before its answer": func(int) cut { return cut{afterCommit: true} },
	} {
		t.Run(name, func(t *testing.T) {
			address := shared(t)
			w, through := wired(t, address)
			b, near := newBooks(t, through), newBooks(t, address)
			for i, step := range everyStep(b) {
				w.arm(where(messages[i]))
				lost := step()
				_, cuts := w.told()
				require.Equal(t, 1, cuts, "step %d: it was cut", i)
				if name != beforeAll { // a connection that is dead before anything is asked is replaced unheard
					require.Error(t, lost, "step %d: nobody knows whether it was done", i)
				}
				if lost != nil {
					require.NoError(t, step(), "step %d once more, after %v", i, lost)
				}
				require.Equal(t, want[i], near.content(), "step %d, after %v", i, lost)
			}
			near.balanced()
		})
	}
}

// TestAServerThatEndsEveryConnectionLosesAndDoublesNothing: a crowd takes refunds through
// their life while all connections are ended again and again, and repeats what failed.
func TestAServerThatEndsEveryConnectionLosesAndDoublesNothing(t *testing.T) {
	s := ofPostgreSQL(t)
	const crowd, each = 8, 12
	address := shared(t)
	stores := []books{newBooks(t, address), newBooks(t, address)}
	var booked, failures atomic.Int64
	// The server ends everything after each tenth refund, however fast they are.
	ended := make(chan struct{}, crowd*each)
	end := func() error {
		_, err := s.db.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'refundflow'`)
		return err
	}
	errs := make([]error, crowd+1)
	var wait, server sync.WaitGroup
	server.Go(func() {
		for range ended {
			errs[crowd] = errors.Join(errs[crowd], end())
		}
	})
	for i := range crowd {
		wait.Go(func() {
			for n := range each {
				if err := bookThrough(t.Context(), stores[i%2].Store, fmt.Sprintf("r%d-%d", i, n), &failures); err != nil {
					errs[i] = err
					return
				}
				if booked.Add(1)%10 == 0 {
					ended <- struct{}{}
				}
			}
		})
	}
	wait.Wait()
	close(ended)
	server.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Positive(t, failures.Load(), "connections were lost")
	b := newBooks(t, address)
	b.balanced()
	for i := range crowd {
		for n := range each {
			id := fmt.Sprintf("r%d-%d", i, n)
			require.Equal(t, ledger.Succeeded, b.record(id).Status, id)
			require.Equal(t, []string{"open", "hold 2026-11-21", "begin send 1", "accepted 1", "settle"}, b.steps(id), id)
		}
	}
	require.Equal(t, fmt.Sprintf("%d/%d", crowd*each*100, crowd*each*100), b.used(noon))
}

// bookThrough is the life of a refund, in which each step is repeated as often as its
// connection is lost.
func bookThrough(ctx context.Context, s *Store, id string, failures *atomic.Int64) error {
	for i, step := range []func() error{
		func() error { _, err := s.Open(ctx, opening(id, "order-"+id, 100, 100)); return err },
		func() error { _, err := s.Hold(ctx, key(id), noon, noLimits); return err },
		func() error { _, err := s.BeginSend(ctx, key(id), noon, noLimits); return err },
		func() error { return s.EndSend(ctx, key(id), noon, accepted1) },
		func() error { return s.Settle(ctx, key(id), settlement("", 0)) },
	} {
		err := step()
		for tries := 0; err != nil && tries < 100; tries++ { // each connection of the pool may have to be lost first
			failures.Add(1)
			err = step()
		}
		if err != nil {
			return fmt.Errorf("step %d of %s: %w", i, id, err)
		}
	}
	return nil
}

// TestWhoMeetsAnotherWriterTriesAgainUnheard lets another store take the budget between a
// store's look and its taking: the server refuses the first try, and the answer is that
// of the second.
func TestWhoMeetsAnotherWriterTriesAgainUnheard(t *testing.T) {
	ofPostgreSQL(t)
	address := shared(t)
	b, other := newBooks(t, address), newBooks(t, address)
	b.opened("late", 100).opened("early", 100)
	tries := 0
	rebind := b.dialect.rebind
	b.dialect.rebind = func(query string) string {
		if strings.HasPrefix(query, "INSERT INTO holds") {
			if tries++; tries == 1 {
				other.held("early", noon, limits(100, 0))
			}
		}
		return rebind(query)
	}
	h := b.hold("late", noon, limits(100, 0))
	require.Equal(t, ledger.ObstacleCap, h.Obstacle, "it was decided anew")
	require.Equal(t, 1, tries, "the second try found no room, and took nothing")
	require.Equal(t, "100/100", b.used(noon))
	b.balanced()

	// Where there is room for both, both have it, and nobody heard of the other.
	tries = 0
	b.opened("third", 100).opened("fourth", 100)
	rebound := b.dialect.rebind
	b.dialect.rebind = func(query string) string {
		if strings.HasPrefix(query, "INSERT INTO holds") {
			if tries++; tries == 1 {
				other.held("fourth", noon, noLimits)
			}
		}
		return rebind(query)
	}
	b.held("third", noon, noLimits)
	b.dialect.rebind = rebound
	require.Equal(t, 2, tries, "taken in the second try")
	require.Equal(t, "300/300", b.used(noon))
	b.balanced()
}
