package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// migrate brings the schema up to date, and refuses one that is newer than this
// program: an old program would write it wrongly.
//
// A version means the same to all engines: PostgreSQL came when the schema of SQLite
// had version 5, so that its first migration is number 5, and makes in one step what
// the five did. From 6 on each number is in both folders.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	folder, err := fs.Sub(migrations, d.folder)
	if err != nil {
		return fmt.Errorf("the ledger's migrations: %w", err)
	}
	choices := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger())}
	if d.locker != nil {
		locker, err := d.locker()
		if err != nil {
			return fmt.Errorf("the ledger's migrations: %w", err)
		}
		choices = append(choices, goose.WithSessionLocker(locker))
	}
	steps, err := goose.NewProvider(d.goose, db, folder, choices...)
	if err != nil {
		return fmt.Errorf("the ledger's migrations: %w", err)
	}
	current, known, err := steps.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading the version of the ledger's schema: %w", err)
	}
	if current > known {
		return fmt.Errorf("the ledger's schema has version %d, this program knows versions up to %d: "+
			"run the newer refundflow that wrote it", current, known)
	}
	for current < known {
		_, failed := steps.Up(ctx)
		if failed == nil {
			return nil
		}
		// Another process may be bringing the same ledger up: as long as that gets on,
		// this one goes on from there.
		reached, _, err := steps.GetVersions(ctx)
		if err != nil || reached <= current {
			return fmt.Errorf("bringing the ledger's schema from version %d to %d: %w", current, known, failed)
		}
		current = reached
	}
	return nil
}
