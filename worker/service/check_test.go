package service

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const everything = `
temporal: {address: "127.0.0.1:7233", namespace: shop, config_file: temporal.toml, profile: prod}
ledger: postgres://books@db:5432/refunds?sslmode=disable&application_name=shop
ledger_password_file: db.pw
callbacks: {listen: "127.0.0.1:8088"}
monitor: {listen: "127.0.0.1:9464"}
tracing: {endpoint: "http://127.0.0.1:4318", one_in: 10}
encryption:
  key_files: [payload.key]
  server: {listen: "127.0.0.1:8089", origins: ["http://127.0.0.1:8233"], token_files: [people.token]}
accounts: {a: {queue: slow, approval: {decision_key_files: [a.key]}, %x}, b: {%x}}
`

func complete(t *testing.T) folder {
	f := newFolder(t)
	f.write("temporal.toml", "[profile.prod]\nnamespace = \"shop\"\napi_key = \"s3cr3t\"\n")
	f.write("db.pw", "s3cr3t")
	f.write("payload.key", strings.Repeat("0f", 32))
	f.write("people.token", strings.Repeat("t", 32))
	f.write("a.key", firstKey)
	return f
}

func TestACheckListsEveryMistakeOfEveryPart(t *testing.T) {
	f := complete(t)
	require.NoError(t, Check(f.load(everything)))
	for _, file := range []string{"temporal.toml", "db.pw", "payload.key", "people.token", "a.key", "secret"} {
		require.NoError(t, os.Chmod(filepath.Join(f.dir, file), 0o644))
	}
	err := Check(f.load(everything))
	for _, setting := range []string{
		"temporal.config_file: ", "ledger_password_file: ", "encryption.key_files: ", "encryption.server.token_files: ",
		"accounts.a: ", "accounts.a.approval.decision_key_files[0]: ", "accounts.b: ", "xlife.session_file",
	} {
		require.ErrorContains(t, err, setting)
	}
	require.NotContains(t, err.Error(), "s3cr3t")
}

func TestATokenIsNamedOnce(t *testing.T) {
	f := complete(t)
	f.write("again.token", strings.Repeat("t", 32))
	for _, more := range []string{"people.token", "again.token"} {
		c := f.load(strings.Replace(everything, "[people.token]", "[people.token, "+more+"]", 1))
		_, err := CodecTokens(c)
		require.ErrorContains(t, err, "encryption.server.token_files[1]: holds the token of another one")
		require.ErrorContains(t, Check(c), "token_files[1]")
	}
}

func TestACheckRefusesALedgerAndAServerThatAStartWouldRefuse(t *testing.T) {
	f := complete(t)
	f.write("other.db", strings.Repeat("of another program\n", 100))
	for setting, wrong := range map[string]string{
		"ledger: sqlite:none/a.db":                                    "check its folder",
		"ledger: 'sqlite:.'":                                          "is a folder",
		"ledger: sqlite:other.db":                                     "is not an SQLite file",
		"ledger: postgres://books@db/refunds":                         "add ?sslmode=verify-full",
		"ledger: postgres://books@db/refunds?sslmode=s3cr3t":          "values of sslmode",
		"ledger: postgres://books@localhost/refunds?pool_max_conns=1": "pool_max_conns",
		"temporal: {address: 'https://user:s3cr3t@temporal:7233'}":    "temporal.address: want",
		"temporal: {address: 's3cr3t@temporal:7233'}":                 "temporal.address: want",
		"temporal: {address: 'temporal:s3cr3t'}":                      "temporal.address: want",
	} {
		err := Check(f.load(setting + "\naccounts: {a: {%x}}"))
		require.ErrorContains(t, err, wrong, setting)
		require.NotContains(t, err.Error(), "s3cr3t", setting)
	}
	_, err := os.Stat(filepath.Join(f.dir, "refundflow.db"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, Check(f.load("accounts: {a: {%x}}")))
	_, err = os.Stat(filepath.Join(f.dir, "refundflow.db"))
	require.ErrorIs(t, err, os.ErrNotExist, "a check makes nothing")
}

func TestADescriptionTellsWhereEverythingIsAndNoSecret(t *testing.T) {
	f := complete(t)
	var out bytes.Buffer
	require.NoError(t, Describe(&out, f.load(everything)))
	for _, line := range []string{
		"temporal    127.0.0.1:7233, namespace shop, TLS, API key", "ledger      postgres://books@db:5432/refunds", "roles       everything",
		"queues      refunds, slow", "callbacks   127.0.0.1:8088", "monitor     127.0.0.1:9464", "traces      http://127.0.0.1:4318, one in 10",
		"encryption  on, keys: 1", "account     a, xlife, calls on slow", "account     b, xlife, calls on refunds",
	} {
		require.Contains(t, out.String(), line+"\n")
	}
	require.NotContains(t, out.String(), "s3cr3t")

	out.Reset()
	require.NoError(t, Describe(&out, f.load("roles: [xlife]\naccounts: {a: {queue: slow, %x}, b: {baidu: {}}}")))
	for _, line := range []string{
		"roles       xlife", "queues      slow", "callbacks   none are received", "monitor     nobody is told", "encryption  off",
		"ledger      sqlite:" + filepath.Join(f.dir, "refundflow.db"),
	} {
		require.Contains(t, out.String(), line+"\n")
	}
	require.NotContains(t, out.String(), "account     b")
}
