package main

import (
	"bytes"
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger/sqlstore"
)

// moving is a configuration with an empty ledger, and the address of an old one.
func moving(t *testing.T) (file, old string) {
	t.Helper()
	file = asked(t)
	dir := filepath.Dir(file)
	write(t, dir, "next.yaml", `
ledger: sqlite:next.db
accounts:
  shop-baidu:
    baidu: {transport: cashier, app_id: "10026", app_key: MMM4hG, private_key_file: key.pem}
`, 0o600)
	return filepath.Join(dir, "next.yaml"), "sqlite:" + filepath.Join(dir, "refundflow.db")
}

func TestALedgerIsMovedByACommand(t *testing.T) {
	file, old := moving(t)
	before, err := ask(t, "platform", "audits", "--config", filepath.Join(filepath.Dir(file), "refundflow.yaml"))
	require.NoError(t, err)

	var out, progress bytes.Buffer
	cmd := command(&out)
	cmd.SetErr(&progress)
	cmd.SetArgs([]string{"ledger", "copy", "--from", old, "--config", file})
	require.NoError(t, cmd.Execute())
	require.Contains(t, out.String(), "copied and compared: 0 refunds, 4 lines in all")
	require.Contains(t, progress.String(), "audits: 1 lines")

	after, err := ask(t, "platform", "audits", "--config", file)
	require.NoError(t, err)
	require.Equal(t, before, after)
	said, err := ask(t, "ledger", "audit", "--config", file)
	require.NoError(t, err)
	require.Equal(t, "the sums agree\n", said)

	_, err = ask(t, "platform", "audits", "--config", filepath.Join(filepath.Dir(file), "refundflow.yaml"))
	require.ErrorContains(t, err, "this ledger has moved to sqlite:"+filepath.Join(filepath.Dir(file), "next.db"))
	for _, again := range []string{"copy", "unlock"} {
		_, err = ask(t, "ledger", again, "--from", old, "--config", file)
		require.ErrorContains(t, err, "has moved to")
	}
}

func TestAnAuditThatFindsSomethingFails(t *testing.T) {
	file := asked(t)
	db, err := sql.Open("sqlite", filepath.Join(filepath.Dir(file), "refundflow.db"))
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO accounts (account) VALUES ('shop-baidu');
		INSERT INTO usage_counters (account, kind, period, used) VALUES ('shop-baidu', 'cap', '2026-11-21', 7)`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	said, err := ask(t, "ledger", "audit", "--config", file)
	require.ErrorContains(t, err, "the sums do not agree: 1 of the above")
	require.Contains(t, said, "account shop-baidu, cap of 2026-11-21: counter and holds differ by 7 fen")
}

func TestWhatKeepsALedgerFromBeingMoved(t *testing.T) {
	file, old := moving(t)
	open, err := sqlstore.Open(context.Background(), old)
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no old ledger is named", []string{"copy"}, `"from" not set`},
		{"a password in the address", []string{"copy", "--from", "postgres://refunds:s3cret@db/refunds"}, "--from-password-file"},
		{"a password among its settings", []string{"copy", "--from", "postgres://refunds@db/refunds?password=s3cret"}, "--from-password-file"},
		{"a password file that is not there", []string{"copy", "--from", old, "--from-password-file", "none"}, "--from-password-file"},
		{"a worker is running", []string{"copy", "--from", old}, "stop every worker"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ask(t, append([]string{"ledger", "--config", file}, c.args...)...)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
	require.NoError(t, open.Close())
	_, err = ask(t, "ledger", "unlock", "--from", old, "--config", file)
	require.ErrorContains(t, err, "name an SQLite file that is there", "the new ledger is not made to prove something")
	_, err = ask(t, "ledger", "audit", "--config", file)
	require.NoError(t, err)
	_, err = ask(t, "ledger", "unlock", "--from", old, "--config", file)
	require.ErrorContains(t, err, "is not being copied")
}
