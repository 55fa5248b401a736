package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/pressly/goose/v3/database"
	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// memory is the address of a ledger that ends with its Store, for tests.
const memory = ":memory:"

// applicationID stands in the file's header ("rflw") and tells a ledger from
// any other SQLite database. It never changes.
const applicationID = 0x72666c77

var sqlite = dialect{
	open:    openSQLite,
	check:   checkSQLite,
	goose:   database.DialectSQLite3,
	folder:  "migrations/sqlite",
	reading: sql.TxOptions{ReadOnly: true},
	rebind:  func(query string) string { return query },
	busy:    busySQLite,
	pause:   pauseSQLite,
}

// pauseSQLite is short: a process that writes without rest leaves gaps of
// microseconds, and whoever looks rarely never meets one.
const pauseSQLite = 4 * time.Millisecond

func busySQLite(err error) bool {
	code := codeOf(err)
	return code == codes.SQLITE_BUSY || code == codes.SQLITE_LOCKED
}

// codeOf is SQLite's primary result code, 0 when the error holds none.
func codeOf(err error) int {
	var failure *driver.Error
	if errors.As(err, &failure) {
		return failure.Code() & 0xff
	}
	return 0
}

func openSQLite(ctx context.Context, path string, o options) (writer, reader *sql.DB, err error) {
	if path == memory {
		writer, err = connect(memory, 1, "_foreign_keys=1&_txlock=immediate")
		return writer, writer, err
	}
	if o.existing {
		err = existingFile(ctx, path)
	} else if err = createFile(path); err == nil {
		err = claim(ctx, path)
	}
	if err != nil {
		return nil, nil, err
	}
	// SQLite itself waits only briefly for another process, since it looks less
	// and less often; again does the rest. FULL means that a commit which was
	// reported survives a loss of power.
	const common = "_busy_timeout=20&_foreign_keys=1&_journal_mode=WAL&_synchronous=FULL"
	if writer, err = connect(path, 1, common+"&_txlock=immediate"); err != nil {
		return nil, nil, err
	}
	if reader, err = connect(path, 4, common+"&_query_only=1"); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	return writer, reader, nil
}

func connect(path string, most int, settings string) (*sql.DB, error) {
	if path != memory {
		path = (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()
	}
	connector, err := driver.NewConnector(path + "?" + settings)
	if err != nil {
		return nil, fmt.Errorf("opening SQLite: %w", err)
	}
	db := sql.OpenDB(preparing{connector})
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db, nil
}

// creating keeps createFile from closing a descriptor while another Store of
// this process opens the same new file: closing one drops all of the process's
// locks on the file.
var creating sync.Mutex

// createFile makes a missing file readable by its owner alone, before SQLite
// would make it readable by all. An existing one keeps its permissions and is
// not touched.
func createFile(path string) error {
	creating.Lock()
	defer creating.Unlock()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the ledger's dsn: the file cannot be created, check its folder: %w", err)
	}
	return file.Close()
}

// claim makes an empty file a ledger and refuses what is none. It goes through
// SQLite, with no setting that would change somebody else's file, since the
// mark may still be in the write-ahead log.
func claim(ctx context.Context, path string) error {
	creating.Lock()
	defer creating.Unlock()
	db, err := connect(path, 1, "_busy_timeout=10000&_txlock=immediate")
	if err != nil {
		return err
	}
	defer db.Close()
	if marked, err := ours(ctx, db, path); err != nil || marked {
		return err
	}
	return again(ctx, pauseSQLite, busySQLite, func() error {
		if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
			return fmt.Errorf("marking %s as a ledger: %w", path, err)
		}
		return nil
	})
}

// existingFile refuses a path at which there is no ledger, and leaves it as it is.
func existingFile(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("name an SQLite file that is there: %w", err)
	}
	creating.Lock()
	defer creating.Unlock()
	db, err := connect(path, 1, "_busy_timeout=10000")
	if err != nil {
		return err
	}
	defer db.Close()
	marked, err := ours(ctx, db, path)
	if err == nil && !marked {
		err = fmt.Errorf("%s is empty: name a ledger that is there", path)
	}
	return err
}

// ours tells whether a file is a ledger, or empty and about to be one. What is neither
// is an error.
func ours(ctx context.Context, db *sql.DB, path string) (marked bool, err error) {
	var mark, tables int
	read := func() error {
		return db.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id),
			(SELECT count(*) FROM sqlite_schema)`).Scan(&mark, &tables)
	}
	if err := again(ctx, pauseSQLite, busySQLite, read); err != nil {
		if codeOf(err) == codes.SQLITE_NOTADB {
			return false, fmt.Errorf("%s is not an SQLite file: let the ledger's dsn name a refundflow ledger or a new file: %w", path, err)
		}
		return false, fmt.Errorf("opening the ledger %s: %w", path, err)
	}
	if mark != applicationID && (mark != 0 || tables != 0) {
		return false, fmt.Errorf("%s is an SQLite file of another program (application id %#x, %d tables and indexes): "+
			"let the ledger's dsn name a refundflow ledger or a new file", path, mark, tables)
	}
	return mark == applicationID, nil
}
