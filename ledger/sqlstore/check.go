package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Check says what [Open] would refuse of a dsn, as far as that can be known without a
// connection and without making anything: the address and its parameters, or the file
// and its folder. Whether the server is there, the password right and the schema known
// is seen by Open alone. Not for a process that has the same file open: to close a file
// drops all locks that the process has on it.
func Check(ctx context.Context, dsn string) error {
	d, place, err := pick(dsn)
	if err != nil {
		return err
	}
	return d.check(ctx, place)
}

func checkPostgres(_ context.Context, address string) error {
	_, _, err := parsePostgres(address)
	return err
}

func checkSQLite(ctx context.Context, path string) error {
	if path == memory {
		return nil
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return checkFolder(filepath.Dir(path))
	case err != nil:
		return fmt.Errorf("the ledger's dsn: %w", err)
	case info.IsDir():
		return fmt.Errorf("%s is a folder: let the ledger's dsn name a file in it, such as %s", path, filepath.Join(path, "refundflow.db"))
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no file: let the ledger's dsn name a refundflow ledger or a new file", path)
	}
	// Immutable, SQLite makes no files beside this one, and does not look into the write-ahead
	// log. The mark and the list of tables begin on the same page: one is never seen without the other.
	db, err := connect(path, 1, "mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = ours(ctx, db, path)
	return err
}

func checkFolder(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case err != nil:
		return fmt.Errorf("the ledger's dsn: the file cannot be created, check its folder: %w", err)
	case !info.IsDir():
		return fmt.Errorf("the ledger's dsn: the file cannot be created, %s is no folder", folder)
	}
	return nil
}
