package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func check(t *testing.T, file string, more ...string) (string, error) {
	t.Helper()
	return ask(t, append([]string{"check", "--config", file}, more...)...)
}

// ask runs one command line.
func ask(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func write(t *testing.T, dir, name, content string, mode os.FileMode) string {
	t.Helper()
	file := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(file, []byte(content), mode))
	return file
}

func TestCheckOpensEveryKeyFileAndStops(t *testing.T) {
	dir := t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	file := write(t, dir, "refundflow.yaml", `
accounts:
  shop-baidu:
    baidu: {transport: cashier, app_id: "10026", app_key: MMM4hG, private_key_file: key.pem}
`, 0o644)

	_, err = check(t, file)
	require.ErrorContains(t, err, "baidu.private_key_file", "the key is missing")

	write(t, dir, "key.pem", private, 0o644)
	_, err = check(t, file)
	require.ErrorContains(t, err, "chmod", "others may read the key: say how to repair it")
	require.NotContains(t, err.Error(), private[60:100], "a message never shows a key")

	require.NoError(t, os.Chmod(filepath.Join(dir, "key.pem"), 0o600))
	out, err := check(t, file)
	require.NoError(t, err)
	require.Contains(t, out, "shop-baidu")

	file = write(t, dir, "prefix.yaml", `
accounts:
  shop-baidu:
    number_prefix: test_
    baidu: {transport: cashier, app_id: "10026", app_key: MMM4hG, private_key_file: key.pem}
`, 0o644)
	_, err = check(t, file)
	require.ErrorContains(t, err, "accounts.shop-baidu.number_prefix", "Baidu takes letters and digits only")
}

func TestCheckListsTheMistakesOfTheFileAndOfWhatItNamesTogether(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "refundflow.yaml", `
temporal: {config_file: none.toml}
log: {level: loud}
ledger: postgres://books@db/refunds
ledger_password_file: none.pw
encryption: {key_files: [none.key]}
accounts:
  shop: {xlife: {app_key: "12345678", app_secret_file: none.secret, session_file: none.session, store_id: "1", store_id_type: miaojie}}
`, 0o644)
	out, err := check(t, file)
	for _, mistake := range []string{
		"log.level: ", "temporal.config_file: ", "ledger: ", "ledger_password_file: ", "encryption.key_files: ", "xlife.app_secret_file", "xlife.session_file",
	} {
		require.ErrorContains(t, err, mistake)
	}
	require.Empty(t, out)
	_, err = check(t, write(t, dir, "broken.yaml", "accounts: [", 0o644))
	require.ErrorContains(t, err, "broken.yaml")
}

func TestCheckSpeaksOfTheRolesThatAreGiven(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "top.secret", "s3cr3t", 0o600)
	file := write(t, dir, "refundflow.yaml", `
roles: [workflows]
accounts:
  here: {queue: lane, xlife: {app_key: "12345678", app_secret_file: top.secret, session_file: top.secret, store_id: "1", store_id_type: miaojie}}
  there: {queue: other, baidu: {transport: cashier, app_id: "10026", app_key: MMM4hG, private_key_file: none.pem}}
`, 0o644)
	_, err := check(t, file)
	require.ErrorContains(t, err, "accounts.there: ", "workflows need every account's keys")
	out, err := check(t, file, "--role", "xlife")
	require.NoError(t, err, "a lane needs its own")
	require.Regexp(t, `roles +xlife\n`, out)
	require.Regexp(t, `queues +lane\n`, out)
	require.NotContains(t, out, "there")
	_, err = check(t, file, "--role", "shengpay", "--role", "cooking")
	require.ErrorContains(t, err, "shengpay has no account")
	require.ErrorContains(t, err, "roles[1]: want one of")
}

func TestSeveralProcessesOfOneFileTellOfThemselvesAtAddressesOfTheirOwn(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "top.secret", "s3cr3t", 0o600)
	file := write(t, dir, "refundflow.yaml", `
monitor: {listen: "127.0.0.1:9464"}
accounts:
  shop: {xlife: {app_key: "12345678", app_secret_file: top.secret, session_file: top.secret, store_id: "1", store_id_type: miaojie}}
`, 0o644)
	out, err := check(t, file)
	require.NoError(t, err)
	require.Regexp(t, `monitor +127\.0\.0\.1:9464\n`, out)
	out, err = check(t, file, "--monitor", "127.0.0.1:1")
	require.NoError(t, err)
	require.Regexp(t, `monitor +127\.0\.0\.1:1\n`, out)
	_, err = check(t, file, "--monitor", "s3cr3t")
	require.ErrorContains(t, err, "--monitor")
	require.ErrorContains(t, err, "monitor.listen: want")
	require.NotContains(t, err.Error(), "s3cr3t")
	_, err = ask(t, "health", "--config", file, "--monitor", "127.0.0.1:1")
	require.ErrorContains(t, err, "no answer at monitor.listen 127.0.0.1:1", "health asks the same process")
	_, err = ask(t, "--config", file, "--monitor", "s3cr3t")
	require.ErrorContains(t, err, "--monitor", "the worker itself")
}

func TestTheHelpNamesEverySignalThatIsHeard(t *testing.T) {
	var out bytes.Buffer
	cmd := command(&out)
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--help"})
	require.NoError(t, cmd.Execute())
	for _, signal := range []string{"SIGTERM", "Ctrl-C", "SIGHUP"} {
		require.Contains(t, out.String(), signal)
	}
}
