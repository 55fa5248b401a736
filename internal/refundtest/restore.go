package refundtest

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// Backup is a copy of the books as they were at one moment; the zero value is one from
// before there were any.
type Backup struct {
	file string
	at   time.Time
}

// BackUp copies the books while they are in use, in the way of docs/operations.md, "Back up".
// It works inside of [Disturbed.Watch].
func (w *World) BackUp() Backup {
	w.Helper()
	b := Backup{file: filepath.Join(w.TempDir(), "backup.db"), at: w.Now()}
	db, err := sql.Open("sqlite", w.Ledger.Ledger.(onFile).file)
	require.NoError(w, err)
	defer db.Close()
	_, err = db.ExecContext(w.Context(), "VACUUM INTO ?", b.file)
	require.NoError(w, err)
	return b
}

// askedFor is for how long a restored ledger asks first, as `worker ledger restored` has it.
const askedFor = 7 * 24 * time.Hour

// otherClocks is by how much earlier than the backup the command begins to read.
const otherClocks = 10 * time.Minute

// Restore puts a backup in the place of the books and follows
// docs/operations.md, "Restore from a backup": the sums agree, the ledger is told, and how
// refunds have ended since then is booked again from what their workflows have kept, unless
// Temporal was lost as well. It is called while no step is under way; what the forgotten
// books said of a refund stays in its [Run.Journal].
func (w *World) Restore(b Backup, temporal bool) {
	w.Helper()
	for _, r := range w.begun() {
		w.forget(r.Request)
	}
	if b.file == "" {
		w.ForgetBooks()
	} else {
		copied, err := os.ReadFile(b.file) // a backup outlives what is made of it
		require.NoError(w, err)
		file := filepath.Join(w.TempDir(), "ledger.db")
		require.NoError(w, os.WriteFile(file, copied, 0o600))
		w.Ledger.Ledger = openBooks(w.T, file)
	}
	books := w.Ledger.Ledger
	wrong, err := books.Audit(w.Context())
	require.NoError(w, err)
	require.Empty(w, wrong, "the backup is no copy of one moment")
	_, err = books.Restored(w.Context(), w.Now(), w.Now().Add(askedFor))
	require.NoError(w, err)
	if temporal {
		w.Recall(b)
	}
}

// Recall books again how refunds have ended since the backup, as the command does, and as
// the reconciler does with what the books show as open.
func (w *World) Recall(b Backup) {
	w.Helper()
	for _, r := range w.begun() {
		if !r.env.IsWorkflowCompleted() {
			continue
		}
		var outcome refund.Outcome
		require.NoError(w, r.env.GetWorkflowResult(&outcome))
		if outcome.EndedAt.Before(b.at.Add(-otherClocks)) {
			continue
		}
		_, err := activities.Rebook(w.Context(), w, w.Ledger.Ledger, activities.Remembered{
			Request: r.Request, Opened: r.began, Outcome: outcome, Now: w.Now()})
		require.NoError(w, err)
	}
}

// begun are the runs of this world so far.
func (w *World) begun() []*Run {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.runs)
}

// Forgot reports whether books were restored that had said something of a refund.
func (w *World) Forgot() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.forgotten) > 0
}

// forget keeps what books say that are about to be replaced.
func (w *World) forget(r refund.Request) {
	lines, err := w.Ledger.Journal(w.Context(), ledger.KeyOf(r))
	if errors.Is(err, ledger.ErrUnknown) {
		return
	}
	require.NoError(w, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.forgotten == nil {
		w.forgotten = map[ledger.Key][]ledger.Entry{}
	}
	w.forgotten[ledger.KeyOf(r)] = append(w.forgotten[ledger.KeyOf(r)], lines...)
}

// journal is all that any of the world's books have said of a refund, oldest first.
func (w *World) journal(k ledger.Key) []ledger.Entry {
	w.Helper()
	lines, err := w.Ledger.Journal(w.Context(), k)
	require.NoError(w, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, old := range w.forgotten[k] {
		if !slices.ContainsFunc(lines, func(l ledger.Entry) bool { return l.Step == old.Step && l.At.Equal(old.At) && l.Text == old.Text }) {
			lines = append(lines, old)
		}
	}
	slices.SortStableFunc(lines, func(a, b ledger.Entry) int { return a.At.Compare(b.At) })
	return lines
}
