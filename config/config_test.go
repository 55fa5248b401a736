package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers/registry"
	"github.com/refundflow/refundflow/refund"
)

const smallest = `
accounts:
  shop-baidu:
    baidu:
      transport: cashier
`

func TestWhatIsLeftOutHasASafeDefault(t *testing.T) {
	c, err := Parse([]byte(smallest), "/etc/refundflow")
	require.NoError(t, err)
	require.Equal(t, Temporal{Address: "127.0.0.1:7233", Namespace: "default"}, c.Temporal)
	require.Equal(t, "refunds", c.TaskQueue)
	require.Equal(t, "sqlite:refundflow.db", c.Ledger)
	require.Equal(t, Log{Level: "info", Format: "text"}, c.Log)
	require.Equal(t, "/etc/refundflow", c.Dir())
	account := c.Accounts["shop-baidu"]
	require.Nil(t, account.Approval.Above, "nobody is asked")
	require.Equal(t, Limits{Zone: "Asia/Shanghai", Payout: ledger.PayoutDaily}, account.Limits, "no limits")
}

func TestTheREADMEsConfigurationIsRead(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(readme), "```yaml\n")
	require.True(t, found)
	example, _, found := strings.Cut(after, "```")
	require.True(t, found)

	c, err := Parse([]byte(example), ".")
	require.NoError(t, err)
	account := c.Accounts["shop-baidu"]
	require.Equal(t, refund.Fen(50000), *account.Approval.Above)
	limits, err := account.Limits.Ledger()
	require.NoError(t, err)
	require.Equal(t, refund.Fen(1000000), limits.DailyCap)
	require.Equal(t, "2026-11-22", limits.Day(time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC)), "the business day is Shanghai's")
	require.Equal(t, "abc", account.Baidu.OpenAPI.ClientID)
	require.Equal(t, "127.0.0.1:8088", c.Callbacks.Listen)
	require.Len(t, c.Accounts, 4)
}

// Every example is read as it stands, and no setting of a provider is kept
// secret.
func TestTheDocumentedSettingsAreThoseThereAre(t *testing.T) {
	page, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	examples := strings.Split(string(page), "```yaml\n")[1:]
	providers := reflect.TypeFor[registry.Settings]()
	require.Len(t, examples, providers.NumField())
	for i, example := range examples {
		example, _, _ = strings.Cut(example, "```")
		_, err := Parse([]byte(example), ".")
		require.NoError(t, err)
		common, _, _ := strings.Cut(string(page), "## `baidu`")
		settings := providers.Field(i).Type.Elem()
		for j := range settings.NumField() {
			if name := settings.Field(j).Tag.Get("yaml"); name != "" && name != "-" {
				require.Contains(t, common+example, name, "of %s", providers.Field(i).Name)
			}
		}
	}
}

func TestEveryMistakeIsListedAtOnceByItsSetting(t *testing.T) {
	_, err := Parse([]byte(`
ledger: mysql:x
log: {level: loud, format: xml}
accounts:
  Shop:
    number_prefix: "a b"
    approval: {above: -1}
    limits: {daily_cap: -1, reserve: 10000000001, zone: Mars/Phobos, payout: hourly}
`), ".")
	require.Error(t, err)
	for _, setting := range []string{
		"ledger:", "log.level:", "log.format:", "accounts.Shop:", "accounts.Shop.number_prefix:", "accounts.Shop.approval.above:",
		"accounts.Shop.limits.daily_cap:", "accounts.Shop.limits.reserve:", "accounts.Shop.limits.zone:", "accounts.Shop.limits.payout:",
		"a block named baidu",
	} {
		require.ErrorContains(t, err, setting)
	}
}

func TestNothingUnknownIsPassedOver(t *testing.T) {
	for name, document := range map[string]string{
		"at the top":            smallest + "acounts: {}\n",
		"in an account":         strings.Replace(smallest, "baidu:\n", "limit: {}\n    baidu:\n", 1),
		"in the provider block": smallest + "      app_secret: x\n",
		"an unknown provider":   "accounts:\n  a:\n    paypal: {}\n",
		"given twice":           "task_queue: a\ntask_queue: b\n" + smallest,
		"yuan with a fraction":  strings.Replace(smallest, "baidu:\n", "limits: {daily_cap: 98.50}\n    baidu:\n", 1),
		"no accounts":           "task_queue: a\n",
		"nothing at all":        "",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(document), ".")
			require.Error(t, err)
		})
	}
}

func TestAFileThatIsMissingIsNamed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "nowhere.yaml")
	_, err := Load(missing)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, missing)
}
