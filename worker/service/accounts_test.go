package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/refund"
)

// folder holds a configuration and the files it names.
type folder struct {
	t   *testing.T
	dir string
}

func newFolder(t *testing.T) folder {
	f := folder{t: t, dir: t.TempDir()}
	f.write("secret", "not-a-secret")
	return f
}

func (f folder) write(name, content string) string {
	f.t.Helper()
	file := filepath.Join(f.dir, name)
	require.NoError(f.t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

// load reads a configuration in which every %x is an xlife block.
func (f folder) load(document string) *config.Config {
	f.t.Helper()
	block := `xlife: {app_key: "12345678", app_secret_file: secret, session_file: secret, store_id: "1", store_id_type: miaojie}`
	c, err := config.Load(f.write("refundflow.yaml", strings.ReplaceAll(document, "%x", block)))
	require.NoError(f.t, err)
	return c
}

func TestAnAccountIsWhatItsSettingsSay(t *testing.T) {
	f := newFolder(t)
	f.write("old.key", strings.Repeat("o", 32)+"\n")
	f.write("new.key", " "+strings.Repeat("n", 64))
	all, err := OpenAccounts(f.load(`
accounts:
  plain: {%x}
  strict:
    queue: slow
    number_prefix: test_
    approval: {above: 5000, twice_above: 9000, decision_key_files: [old.key, new.key], deadline: 48h, at_deadline: reject}
    limits: {daily_cap: 100, reserve: 200, on_daily_cap: ask, on_reserve: fail}
    %x
`))
	require.NoError(t, err)
	require.Equal(t, []string{"plain", "strict"}, all.Names())
	plain, err := all.Account("plain")
	require.NoError(t, err)
	require.Zero(t, plain.Approval.For(refund.Request{Amount: refund.MaxFen}).Approvers)
	require.False(t, plain.Approval.Signed)
	require.Empty(t, plain.DecisionKeys)

	strict, err := all.Account("strict")
	require.NoError(t, err)
	require.NotNil(t, strict.Provider)
	require.Equal(t, "slow", strict.Queue)
	require.Equal(t, "test_", strict.NumberPrefix)
	require.Equal(t, refund.Fen(100), strict.Limits.DailyCap)
	require.Equal(t, refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk, Reserve: refund.ExhaustedFail}, strict.Budget)
	asked := strict.Approval.For(refund.Request{Amount: 9001})
	asked.Why = ""
	require.Equal(t, refund.Approval{
		Approvers: 2, RemindEvery: 24 * time.Hour, Deadline: 48 * time.Hour, AtDeadline: refund.DeadlineReject, Signed: true,
	}, asked)

	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	sealed := refund.Sealed{Account: "strict", ID: "R1", Amount: 6000, Decision: "approve", By: "finance-2", Expires: now.Add(time.Hour)}
	for key, taken := range map[string]bool{
		strings.Repeat("o", 32): true, strings.Repeat("n", 64): true, " " + strings.Repeat("n", 64): false, strings.Repeat("x", 32): false,
	} {
		require.Equal(t, taken, sealed.Verify(sealed.Sign([]byte(key)), strict.DecisionKeys, now) == nil, "either key signs, its text trimmed")
	}
}

func TestADecisionKeyThatProtectsNothingIsRefusedByItsPlace(t *testing.T) {
	const place = "accounts.shop.approval.decision_key_files[1]: "
	secret := strings.Repeat("s3cr3t-", 6)
	for name, c := range map[string]struct {
		prepare func(file string) error
		wants   []string
	}{
		"missing": {func(file string) error { return os.Remove(file) }, []string{place, "b.key"}},
		"short":   {func(file string) error { return os.WriteFile(file, []byte(secret[:31]), 0o600) }, []string{place, "31 bytes", "openssl rand"}},
		"blank":   {func(file string) error { return os.WriteFile(file, []byte(" \n"), 0o600) }, []string{place, "is empty"}},
		"open":    {func(file string) error { return os.Chmod(file, 0o640) }, []string{place, "chmod 600"}},
		"two lines": {func(file string) error { return os.WriteFile(file, []byte(secret+"\n"+secret), 0o600) },
			[]string{place, "one secret on one line"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t)
			f.write("a.key", secret)
			document := f.load("accounts: {shop: {approval: {decision_key_files: [a.key, b.key]}, %x}}")
			require.NoError(t, c.prepare(f.write("b.key", secret)))
			_, err := OpenAccounts(document)
			for _, fragment := range c.wants {
				require.ErrorContains(t, err, fragment)
			}
			require.NotContains(t, err.Error(), "s3cr3t")
		})
	}
}

func TestEveryMistakeOfEveryAccountIsTold(t *testing.T) {
	f := newFolder(t)
	c := f.load("accounts: {a: {approval: {decision_key_files: [none]}, %x}, b: {number_prefix: a-b, %x}, c: {%x}}")
	require.NoError(t, os.Remove(filepath.Join(f.dir, "secret")))
	_, err := OpenAccounts(c)
	for _, place := range []string{"accounts.a: ", "accounts.a.approval.decision_key_files[0]: ", "accounts.b: ", "accounts.c: ", "xlife.session_file"} {
		require.ErrorContains(t, err, place)
	}
}
