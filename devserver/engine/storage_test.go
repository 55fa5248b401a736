package engine

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
)

// schemaHash is the server's SQLite schema that schemaVersion stands for.
const schemaHash = "86bfb651ff625320"

func TestNewTablesNeedANewSchemaVersion(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new.db")
	s, err := openStorage(t.Context(), file)
	require.NoError(t, err)
	require.NoError(t, s.close())

	rows, err := openSQLite(t, file).Query("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
	require.NoError(t, err)
	defer rows.Close()
	hash, statements := sha256.New(), 0
	for rows.Next() {
		var statement string
		require.NoError(t, rows.Scan(&statement))
		hash.Write([]byte(statement))
		statements++
	}
	require.NoError(t, rows.Err())
	require.Greater(t, statements, 20)
	require.Equal(t, schemaHash, hex.EncodeToString(hash.Sum(nil))[:16],
		"the server's tables have changed: raise schemaVersion, or old files are misread, and put the new hash here")
}

func TestANewFileIsItsOwnersAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "private.db")
	s, err := openStorage(t.Context(), file)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func openSQLite(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func execute(t *testing.T, file string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	for _, statement := range statements {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())
}

func TestOnlyOurOwnFilesAreOpened(t *testing.T) {
	mark := fmt.Sprintf("PRAGMA application_id = %d", applicationID)
	table := "CREATE TABLE notes (text TEXT)"
	for name, c := range map[string]struct {
		make func(t *testing.T, file string)
		want error // nil: opened
	}{
		"no file":            {make: func(*testing.T, string) {}},
		"an empty file":      {make: func(t *testing.T, file string) { require.NoError(t, os.WriteFile(file, nil, 0o600)) }},
		"killed at creation": {make: func(t *testing.T, file string) { execute(t, file, mark) }},
		"ours": {make: func(t *testing.T, file string) {
			s, err := openStorage(t.Context(), file)
			require.NoError(t, err)
			require.NoError(t, s.close())
		}},
		"a text file": {want: ErrNotOurs, make: func(t *testing.T, file string) {
			require.NoError(t, os.WriteFile(file, []byte("a shopping list, long enough to be taken for a page of a database"), 0o600))
		}},
		"another program's database": {want: ErrNotOurs, make: func(t *testing.T, file string) { execute(t, file, table) }},
		"another application's mark": {want: ErrNotOurs, make: func(t *testing.T, file string) { execute(t, file, "PRAGMA application_id = 7") }},
		"a folder":                   {want: ErrNotOurs, make: func(t *testing.T, file string) { require.NoError(t, os.Mkdir(file, 0o700)) }},
		"older tables":               {want: ErrOtherVersion, make: func(t *testing.T, file string) { execute(t, file, mark, table) }},
		"newer tables": {want: ErrOtherVersion, make: func(t *testing.T, file string) {
			execute(t, file, mark, table, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion+1))
		}},
		"a file in use": {want: ErrFileInUse, make: func(t *testing.T, file string) {
			s, err := openStorage(t.Context(), file)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.close()) })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "some.db")
			c.make(t, file)
			before, _ := os.ReadFile(file) // nothing for no file and for a folder

			s, err := openStorage(t.Context(), file)
			if c.want == nil {
				require.NoError(t, err)
				require.NoError(t, s.close())
				return
			}
			require.ErrorIs(t, err, c.want)
			var fileErr *FileError
			require.ErrorAs(t, err, &fileErr)
			require.Equal(t, file, fileErr.File)
			require.ErrorContains(t, err, "--db")
			after, _ := os.ReadFile(file)
			require.Equal(t, before, after, "a refused file must stay as it is")
		})
	}
}

func TestAFolderThatIsMissingIsNamed(t *testing.T) {
	_, err := openStorage(t.Context(), filepath.Join(t.TempDir(), "missing", "some.db"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "folder")
}

func TestAnEngineHoldsItsFileUntilItStops(t *testing.T) {
	options := Options{DBFile: filepath.Join(t.TempDir(), "held.db")}
	first, err := Start(t.Context(), options)
	require.NoError(t, err)

	_, err = Start(t.Context(), options)
	require.ErrorIs(t, err, ErrFileInUse)
	db := openSQLite(t, options.DBFile)
	var mode string
	require.NoError(t, db.QueryRow("PRAGMA journal_mode").Scan(&mode))
	require.Equal(t, "wal", mode)

	require.NoError(t, first.Stop())
	info, err := os.Stat(options.DBFile + "-wal")
	if err == nil {
		require.Zero(t, info.Size(), "after Stop the file is whole by itself")
	} else {
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	again, err := Start(t.Context(), options)
	require.NoError(t, err)
	require.NoError(t, again.Stop())
}
