package sqlstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Address names a ledger and says how it is opened.
type Address struct {
	// DSN as [Open] takes it.
	DSN     string
	Options []Option
}

// Progress hears how many lines of a table were copied so far.
type Progress func(table string, lines int64)

// Copied is what Copy has moved.
type Copied struct {
	Refunds, Lines int64
	// Before: an earlier call had copied them, and was broken off when only the end of it
	// was left to be written down.
	Before bool
}

// Copy moves the ledger at from, all of it, into an empty one at to, which may be of the
// other engine, and locks the one at from for ever. Nobody may have it open meanwhile:
// it refuses where it can see that somebody does, and whoever comes later can read
// there, and write nothing.
//
// The order is what makes it safe to die at any instant. First from is locked, then one
// transaction copies every table into to, compares both and audits the copy, and last
// from is marked as moved. An error before that transaction is about to be committed
// takes the lock away again. After any other end the lock stays: the same call once more
// goes on, and [Unlock] goes back if nothing was copied.
//
// Both must have the schema of this program, and the sums of from must agree.
func Copy(ctx context.Context, from, to Address, report Progress) (Copied, error) {
	c, err := begin(ctx, from, to)
	if err != nil {
		return Copied{}, err
	}
	c.report = report
	copied, err := c.run(ctx)
	return copied, errors.Join(err, c.close())
}

// Unlock takes back a [Copy] that was broken off before it had copied anything: to must
// be empty, and the very ledger that was copied to: Copy has left its mark there. The
// ledger at from can be used again then.
func Unlock(ctx context.Context, from, to Address) error {
	to.Options = append(slices.Clone(to.Options), func(o *options) { o.existing = true })
	c, err := begin(ctx, from, to)
	if err != nil {
		return err
	}
	return errors.Join(c.undo(ctx), c.close())
}

// copying is one call of Copy or Unlock.
type copying struct {
	from, to *Store
	move
	origin string
	report Progress
	// mine: this very call has locked the old ledger, and so the copy cannot be there from
	// an earlier one.
	mine bool
	// committing: the copy is about to be committed, and may be there whatever is heard.
	committing bool
}

// begin opens both sides, neither of which is changed yet, and finds the move that an
// earlier call has begun.
func begin(ctx context.Context, from, to Address) (_ *copying, err error) {
	c := &copying{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if c.from, err = openToCopy(ctx, from); err != nil {
		return nil, fmt.Errorf("the ledger that is copied: %w", err)
	}
	if c.to, err = Open(ctx, to.DSN, to.Options...); err != nil {
		return nil, fmt.Errorf("the ledger that is copied to: %w", err)
	}
	c.origin, c.place = placeOf(from.DSN), placeOf(to.DSN)
	if c.origin == c.place {
		return nil, fmt.Errorf("%s would be copied to itself: name the old ledger", c.origin)
	}
	return c, c.compare(ctx)
}

func (c *copying) close() error {
	var bad []error
	for _, s := range []*Store{c.from, c.to} {
		if s != nil {
			bad = append(bad, s.Close())
		}
	}
	return errors.Join(bad...)
}

// compare refuses what cannot be copied.
func (c *copying) compare(ctx context.Context) error {
	var known int64
	if err := c.to.read(ctx, func(t *tx) (err error) { known, err = t.version(); return err }); err != nil {
		return err
	}
	return c.from.read(ctx, func(t *tx) error {
		has, err := t.has(c.from.dialect, "goose_db_version")
		if err != nil {
			return err
		}
		var version int64
		if has {
			if version, err = t.version(); err != nil {
				return err
			}
		}
		if version != known {
			return fmt.Errorf("the schema of %s has version %d, this program's is %d: where it is older, run `worker ledger audit` "+
				"of this version on it, which brings it up to date; where it is newer, use the program that wrote it", c.origin, version, known)
		}
		before, err := t.departure(c.from.dialect)
		switch {
		case err != nil:
			return err
		case before == nil:
			c.move = move{id: rand.Text(), place: c.place}
			return nil
		case before.state == left || before.place != c.place:
			return &MovedError{Place: before.place, Unfinished: before.state == leaving}
		}
		c.move = *before
		return nil
	})
}

// version is that of the schema.
func (t *tx) version() (version int64, err error) {
	_, err = t.get([]any{&version}, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`)
	return version, err
}

func (c *copying) run(ctx context.Context) (Copied, error) {
	if err := c.begins(ctx); err != nil {
		return Copied{}, err
	}
	var copied Copied
	err := c.to.atLeisure(ctx, func(t *tx) (err error) {
		c.committing = false
		copied, err = c.fill(t)
		c.committing = err == nil
		return err
	})
	switch {
	case err == nil:
	case c.committing:
		return Copied{}, fmt.Errorf("it is not known whether the copy was written: run the same command again: %w", err)
	case !c.mine:
		return Copied{}, fmt.Errorf("%s stays locked: run the same command again, or `worker ledger unlock`: %w", c.origin, err)
	default: // by this call nothing was written, and so the old ledger stays in use; also where the context has ended
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoMost)
		defer cancel()
		if undone := c.undo(ctx); undone != nil {
			err = errors.Join(err, fmt.Errorf("%s stays locked: end its copying, or run `worker ledger unlock`: %w", c.origin, undone))
		}
		return Copied{}, err
	}
	if err := c.from.write(ctx, c.leave); err != nil {
		return Copied{}, fmt.Errorf("everything is copied, but %s could not be marked as moved: run the same command again: %w", c.origin, err)
	}
	return copied, nil
}

// leave marks the old ledger as moved.
func (c *copying) leave(t *tx) error {
	still, err := t.departure(c.from.dialect)
	switch {
	case err != nil:
		return err
	case still == nil || still.id != c.id:
		return fmt.Errorf("the lock of %s was taken away meanwhile: let no worker use the copy, and make it anew in an empty place", c.origin)
	}
	return t.note(move{id: c.id, state: left, place: c.place})
}

// begins locks the old ledger, unless an earlier call has.
func (c *copying) begins(ctx context.Context) error {
	if c.state == leaving {
		return nil
	}
	if wrong, err := c.from.Audit(ctx); err != nil {
		return err
	} else if len(wrong) > 0 {
		return fmt.Errorf("the sums of %s do not agree, so that nothing is copied: %s", c.origin, strings.Join(wrong, "; "))
	}
	// Before anything is locked: where the copy goes. That it is empty counts later.
	if err := c.to.write(ctx, func(t *tx) error {
		if err := c.empty(t); err != nil {
			return err
		}
		return t.note(move{id: c.id, state: expected, place: c.origin})
	}); err != nil {
		return err
	}
	c.state, c.mine = leaving, true
	return c.from.write(ctx, func(t *tx) error { return t.lock(c.from.dialect, c.move) })
}

// undoMost is how long a copy that was broken off waits for another one at work.
const undoMost = time.Minute

// undo unlocks the old ledger while it keeps everybody from filling the new one.
func (c *copying) undo(ctx context.Context) error {
	if c.state != leaving {
		return fmt.Errorf("%s is not being copied: nothing keeps it from being used", c.origin)
	}
	return c.to.atLeisure(ctx, func(t *tx) error {
		if err := t.alone(c.to.dialect); err != nil {
			return err
		}
		if err := c.empty(t); err != nil {
			return err
		}
		if awaited, err := t.came(c.to.dialect, c.id, expected); err != nil {
			return err
		} else if !awaited {
			return fmt.Errorf("%s is not the ledger that was copied to, but another one of the same name: "+
				"run the command where that one is, or end the copying there", c.place)
		}
		return c.from.write(ctx, func(t *tx) error { return t.unlock(c.from.dialect, c.move) })
	})
}

// empty refuses a ledger in which something is written.
func (c *copying) empty(t *tx) error {
	for _, table := range tables {
		var n int64
		if _, err := t.get([]any{&n}, `SELECT COUNT(*) FROM `+table); err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%s holds something already (%d lines in %s): it must be empty, give a new file or database", c.place, n, table)
		}
	}
	return nil
}

// fill copies everything, as long as the lock stands, and proves it.
func (c *copying) fill(t *tx) (Copied, error) {
	if err := t.alone(c.to.dialect); err != nil {
		return Copied{}, err
	}
	if copied, done, err := c.copiedBefore(t); err != nil || done {
		return copied, err
	}
	if err := c.empty(t); err != nil {
		return Copied{}, err
	}
	var copied Copied
	err := c.from.readAtLeisure(t.ctx, func(from *tx) error {
		copied = Copied{}
		still, err := from.departure(c.from.dialect)
		if err != nil || still == nil || *still != c.move { // somebody took the lock away meanwhile
			return errors.Join(err, fmt.Errorf("%s is not locked any more: begin anew", c.origin))
		}
		for _, table := range tables {
			n, err := copyTable(from, t, table, c.report)
			if err != nil {
				return fmt.Errorf("copying %s: %w", table, err)
			}
			if copied.Lines += n; table == "refunds" {
				copied.Refunds = n
			}
		}
		return nil
	})
	if err != nil {
		return Copied{}, err
	}
	if err := t.setSequences(c.to.dialect); err != nil {
		return Copied{}, err
	}
	wrong, err := t.disagreements()
	if err == nil && len(wrong) > 0 {
		err = fmt.Errorf("the sums of the copy do not agree: %s", strings.Join(wrong, "; "))
	}
	if err != nil {
		return Copied{}, err
	}
	return copied, t.note(move{id: c.id, state: arrived, place: c.origin})
}

// copiedBefore tells whether an earlier call has ended all but its last step: then the
// new ledger may well be in use, and holds more by now.
func (c *copying) copiedBefore(t *tx) (Copied, bool, error) {
	found, err := t.came(c.to.dialect, c.id, arrived)
	return Copied{Before: found}, found, err
}
