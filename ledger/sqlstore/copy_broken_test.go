package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

var errBroken = errors.New("broken off")

// TestACopyThatIsBrokenOffLeavesTheNewPlaceEmptyAndTheOldOneInUse ends it while lines
// are being copied, by its context and by a line that the new place does not take.
func TestACopyThatIsBrokenOffLeavesTheNewPlaceEmptyAndTheOldOneInUse(t *testing.T) {
	from, to := "sqlite:"+filepath.Join(t.TempDir(), "from.db"), shared(t)
	before := full(t, from)
	empty := heldBy(t, to)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Copy(ctx, Address{DSN: from}, Address{DSN: to}, func(table string, _ int64) {
		if table == "journal" {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, heldBy(t, from), "the old place is as it was, and in use")
	require.Equal(t, empty, heldBy(t, to))

	_, err = Copy(t.Context(), Address{DSN: from}, Address{DSN: to}, nil)
	require.NoError(t, err)
	require.Equal(t, before, heldBy(t, to))
}

// interrupted does the first steps of a copy, as many as were done when the process died.
func interrupted(t *testing.T, from, to string, written bool) {
	t.Helper()
	c, err := begin(t.Context(), Address{DSN: from}, Address{DSN: to})
	require.NoError(t, err)
	require.NoError(t, c.begins(t.Context()))
	err = c.to.atLeisure(t.Context(), func(t *tx) error {
		if _, err := c.fill(t); err != nil || written {
			return err
		}
		return errBroken
	})
	if !written {
		require.ErrorIs(t, err, errBroken)
	} else {
		require.NoError(t, err)
	}
	require.NoError(t, c.close())
}

// unreachable is the same call once more, which cannot find out what is in the new place.
func unreachable(t *testing.T, from, to string) {
	t.Helper()
	c, err := begin(t.Context(), Address{DSN: from}, Address{DSN: to})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.run(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "stays locked")
	require.NoError(t, c.close())
}

// TestWhatDiesInTheMiddleOfACopyIsGoneOnWith: at no instant can both be used.
func TestWhatDiesInTheMiddleOfACopyIsGoneOnWith(t *testing.T) {
	for _, written := range []bool{false, true} {
		t.Run(fmt.Sprintf("written %v", written), func(t *testing.T) {
			from, to := "sqlite:"+filepath.Join(t.TempDir(), "from.db"), shared(t)
			before := full(t, from)
			interrupted(t, from, to, written)
			onlyMoved(t, from, to, true)
			_, err := Copy(t.Context(), Address{DSN: from}, Address{DSN: shared(t)}, nil)
			require.ErrorContains(t, err, "is being moved to "+placeOf(to), "and nowhere else")
			unreachable(t, from, to)
			onlyMoved(t, from, to, true)

			s, err := Open(t.Context(), to)
			require.NoError(t, err)
			if written { // the new place may be in use by now
				books{t, s}.opened("new", 100)
			}
			require.NoError(t, s.Close())
			copied, err := Copy(t.Context(), Address{DSN: from}, Address{DSN: to}, nil)
			require.NoError(t, err)
			require.Equal(t, written, copied.Before)
			onlyMoved(t, from, to, false)
			if !written {
				require.Equal(t, before, heldBy(t, to))
			}
			_, err = Copy(t.Context(), Address{DSN: from}, Address{DSN: to}, nil)
			require.ErrorContains(t, err, "has moved to "+placeOf(to), "it is done")
		})
	}
}

func TestACopyIsTakenBackOnlyWhereNothingWasCopied(t *testing.T) {
	for _, written := range []bool{false, true} {
		t.Run(fmt.Sprintf("written %v", written), func(t *testing.T) {
			from, to := "sqlite:"+filepath.Join(t.TempDir(), "from.db"), shared(t)
			before := full(t, from)
			require.ErrorContains(t, Unlock(t.Context(), Address{DSN: from}, Address{DSN: to}), "is there", "and nothing is made to prove something")
			heldBy(t, to)
			require.ErrorContains(t, Unlock(t.Context(), Address{DSN: from}, Address{DSN: to}), "is not being copied")
			interrupted(t, from, to, written)
			err := Unlock(t.Context(), Address{DSN: from}, Address{DSN: to})
			if written {
				require.ErrorContains(t, err, "holds something already")
				onlyMoved(t, from, to, true)
				return
			}
			require.NoError(t, err)
			require.Equal(t, before, heldBy(t, from))
			b := newBooks(t, from)
			b.opened("new", refund.Fen(100)).held("new", noon.Add(time.Hour), noLimits).balanced()
		})
	}
}

// away takes a ledger away from its place: it is another container's now, or on a volume
// that is not there.
func away(t *testing.T, dsn string) {
	t.Helper()
	if server == nil {
		require.NoError(t, os.Rename(dsn, dsn+".away"))
		return
	}
	at, err := url.Parse(dsn)
	require.NoError(t, err)
	schema := at.Query().Get("search_path")
	_, err = server.db.ExecContext(t.Context(), "ALTER SCHEMA "+schema+" RENAME TO "+schema+"_away")
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = server.db.ExecContext(context.Background(), "DROP SCHEMA "+schema+"_away CASCADE") })
}

// TestAnEmptyLedgerOfTheSameNameProvesNothing: the copy may be there and in use, on the
// machine where it was made.
func TestAnEmptyLedgerOfTheSameNameProvesNothing(t *testing.T) {
	for _, written := range []bool{false, true} {
		for _, other := range []bool{false, true} {
			t.Run(fmt.Sprintf("written %v, another one there %v", written, other), func(t *testing.T) {
				from, to := "sqlite:"+filepath.Join(t.TempDir(), "from.db"), shared(t)
				full(t, from)
				interrupted(t, from, to, written)
				away(t, to)
				want := "is there"
				if other {
					heldBy(t, to)
					want = "another one of the same name"
				}
				require.ErrorContains(t, Unlock(t.Context(), Address{DSN: from}, Address{DSN: to}), want)
				onlyMoved(t, from, to, true)
			})
		}
	}
}

// TestOfTwoCopiesTheOneThatIsBrokenOffTakesNoLockFromTheOther: the first has locked the old
// ledger, and is cancelled while the second is at work.
func TestOfTwoCopiesTheOneThatIsBrokenOffTakesNoLockFromTheOther(t *testing.T) {
	ofPostgreSQL(t) // SQLite shows a file to one of them only
	for name, c := range map[string]struct {
		before  bool // the first is broken off before the second has copied
		stopped string
		goesOn  string // what the second says
	}{
		"after the second has copied":  {false, "stays locked", ""},
		"before the second has copied": {true, "context canceled", "is not locked any more"},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := Address{DSN: shared(t)}, Address{DSN: filepath.Join(t.TempDir(), "to.db")}
			before := full(t, from.DSN)
			first, err := begin(t.Context(), from, to)
			require.NoError(t, err)
			defer first.close()
			require.NoError(t, first.begins(t.Context()))
			second, err := begin(t.Context(), from, to)
			require.NoError(t, err)
			defer second.close()
			require.False(t, second.mine)
			copies := func() error {
				return second.to.atLeisure(t.Context(), func(t *tx) error { _, err := second.fill(t); return err })
			}
			stops := func() {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, err := first.run(ctx)
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorContains(t, err, c.stopped)
			}
			if c.before {
				stops()
				require.ErrorContains(t, copies(), c.goesOn)
				require.ErrorContains(t, second.from.write(t.Context(), second.leave), "was taken away meanwhile")
				require.Equal(t, before, heldBy(t, from.DSN), "the old one is in use")
				return
			}
			require.NoError(t, copies())
			stops()
			onlyMoved(t, from.DSN, to.DSN, true)
			require.NoError(t, second.from.write(t.Context(), second.leave))
			onlyMoved(t, from.DSN, to.DSN, false)
			require.Equal(t, before, heldBy(t, to.DSN))
		})
	}
}
