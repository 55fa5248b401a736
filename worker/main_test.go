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

func check(t *testing.T, file string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command(&out)
	cmd.SetArgs([]string{"check", "--config", file})
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
