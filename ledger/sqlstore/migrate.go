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
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	folder, err := fs.Sub(migrations, d.folder)
	if err != nil {
		return fmt.Errorf("the ledger's migrations: %w", err)
	}
	steps, err := goose.NewProvider(d.goose, db, folder,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
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
	if _, err := steps.Up(ctx); err != nil {
		// Another process may have brought the same file up meanwhile.
		if current, _, again := steps.GetVersions(ctx); again == nil && current == known {
			return nil
		}
		return fmt.Errorf("bringing the ledger's schema from version %d to %d: %w", current, known, err)
	}
	return nil
}
