package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/providers"
)

// asked is a configuration whose ledger holds one question of Baidu's about a
// refund that nobody asked for here.
func asked(t *testing.T) (file string) {
	dir := t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	write(t, dir, "key.pem", private, 0o600)
	books, err := sqlstore.Open(context.Background(), filepath.Join(dir, "refundflow.db"))
	require.NoError(t, err)
	_, err = books.DecideAudit(context.Background(), ledger.AuditQuestion{
		Merchant: "baidu/MMM4hG", Account: "shop-baidu", PlatformRefundID: "149235070", OrderKey: "1068881223", Amount: 5000,
		At: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	})
	require.NoError(t, err)
	require.NoError(t, books.Close())
	return write(t, dir, "refundflow.yaml", `
accounts:
  shop-baidu:
    baidu: {transport: cashier, app_id: "10026", app_key: MMM4hG, private_key_file: key.pem}
`, 0o600)
}

func platform(t *testing.T, file string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command(&out)
	cmd.SetArgs(append([]string{"platform", "--config", file}, args...))
	err := cmd.Execute()
	return out.String(), err
}

func TestWhatPlatformsDidByThemselvesIsShownAndAnswered(t *testing.T) {
	file := asked(t)
	out, err := platform(t, file, "refunds")
	require.NoError(t, err)
	require.Regexp(t, `shop-baidu\s+149235070\s+1068881223\s+¥50.00\s+processing`, out)
	out, err = platform(t, file, "audits")
	require.NoError(t, err)
	require.Regexp(t, `149235070\s+1068881223\s+¥50.00\s+undecided\s+1×\s+\S+ \S+\s+-\s+.*a person must decide`, out)

	for _, wrong := range [][]string{
		{"decide", "shop-baidu", "149235070", "approve"},                       // by whom?
		{"decide", "shop-baidu", "149235070", "maybe", "--by", "finance-2"},    // what?
		{"decide", "shop-wechat", "149235070", "approve", "--by", "finance-2"}, // of whom?
		{"decide", "shop-baidu", "1", "approve", "--by", "finance-2"},          // which?
	} {
		_, err := platform(t, file, wrong...)
		require.Error(t, err, "%v", wrong)
	}
	out, err = platform(t, file, "decide", "shop-baidu", "149235070", "refuse", "--by", "finance-2", "--note", "not ours")
	require.NoError(t, err)
	require.Contains(t, out, "refuse")
	_, err = platform(t, file, "decide", "shop-baidu", "149235070", "approve", "--by", "finance-2")
	var decided *ledger.AuditDecidedError
	require.ErrorAs(t, err, &decided)
	out, err = platform(t, file, "audits", "--json")
	require.NoError(t, err)
	require.Contains(t, out, `"decision": "`+string(providers.AuditRefuse)+`"`)
	require.Contains(t, out, `"by": "finance-2"`)
}

func TestNothingToShowIsSaid(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "refundflow.yaml", "accounts: {a: {baidu: {transport: cashier}}}\n", 0o600)
	for _, what := range []string{"refunds", "audits"} {
		out, err := platform(t, file, what)
		require.NoError(t, err)
		require.Contains(t, out, "none")
	}
}
