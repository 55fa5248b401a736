package refundtest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
)

// noBooks are a ledger's file with its tables and nothing in them: making them takes
// longer than a whole refund.
var noBooks = sync.OnceValue(func() []byte {
	folder, err := os.MkdirTemp("", "refundflow-books-")
	if err != nil {
		panic(err) // no disk: nothing can be tested here
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "ledger.db")
	books, err := sqlstore.Open(context.Background(), file)
	if err != nil {
		panic(err)
	}
	if err := books.Close(); err != nil { // which writes everything into the one file
		panic(err)
	}
	empty, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	return empty
})

// onFile are books that know where they lie.
type onFile struct {
	ledger.Ledger
	file string
}

func openBooks(t *testing.T, file string) ledger.Ledger {
	t.Helper()
	books, err := sqlstore.Open(t.Context(), file)
	require.NoError(t, err)
	t.Cleanup(func() { _ = books.Close() })
	return onFile{books, file}
}

// emptyBooks are a ledger of its own.
func emptyBooks(t *testing.T) ledger.Ledger {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, os.WriteFile(file, noBooks(), 0o600))
	return openBooks(t, file)
}

// ForgetBooks puts empty books in the place of the world's, as a restore from a backup
// does that is older than every refund.
func (w *World) ForgetBooks() { w.Ledger.Ledger = emptyBooks(w.T) }
