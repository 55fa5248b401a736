package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
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
	require.Zero(t, c.Temporal, "what the environment says, and then this machine")
	require.Equal(t, "refunds", c.TaskQueue)
	require.Equal(t, "sqlite:refundflow.db", c.Ledger)
	require.Equal(t, Log{Level: "info", Format: "text"}, c.Log)
	require.Equal(t, "/etc/refundflow", c.Dir())
	account := c.Accounts["shop-baidu"]
	require.Zero(t, account.Approval.Policy().For(refund.Request{Amount: refund.MaxFen, Initiator: refund.InitiatorSupport}).Approvers, "nobody is asked")
	limits, err := account.Limits.Ledger()
	require.NoError(t, err)
	require.Equal(t, "Asia/Shanghai", limits.Zone.String())
	limits.Zone = nil
	require.Equal(t, ledger.Limits{Payout: ledger.PayoutDaily}, limits, "no limits")
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

// Every example is read as it stands, and no setting is kept secret.
func TestTheDocumentedSettingsAreThoseThereAre(t *testing.T) {
	page, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	common, platforms, found := strings.Cut(string(page), "## `baidu`")
	require.True(t, found)
	examples := strings.Split(platforms, "```yaml\n")[1:]
	providers := reflect.TypeFor[registry.Settings]()
	require.Len(t, examples, providers.NumField())
	for i, example := range append(examples, strings.Split(common, "```yaml\n")[1:]...) {
		example, _, _ = strings.Cut(example, "```")
		_, err := Parse([]byte(example), ".")
		require.NoError(t, err)
		if i < providers.NumField() {
			requireNamed(t, common+example, providers.Field(i).Type.Elem())
		}
	}
	requireNamed(t, common, reflect.TypeFor[Config]())
	for name, blocks := range map[string][]reflect.Type{
		"temporal": {reflect.TypeFor[Temporal]()}, "approval": {reflect.TypeFor[Approval]()}, "limits": {reflect.TypeFor[Limits]()},
		"versioning": {reflect.TypeFor[Versioning]()}, "reconcile": {reflect.TypeFor[Reconcile]()}, "monitor": {reflect.TypeFor[Monitor]()},
		"tracing": {reflect.TypeFor[Tracing]()}, "callbacks": {reflect.TypeFor[Callbacks](), reflect.TypeFor[Log]()},
		"encryption": {reflect.TypeFor[Encryption](), reflect.TypeFor[CodecServer]()},
	} {
		_, section, found := strings.Cut(common, "\n## `"+name+"`")
		require.True(t, found, "a section for %s", name)
		section, _, _ = strings.Cut(section, "\n## ")
		for _, block := range blocks {
			requireNamed(t, section, block)
		}
	}
	_, roles, _ := strings.Cut(common, "\n## `roles`")
	roles, _, _ = strings.Cut(roles, "\n## ")
	for _, role := range append(registry.Names(), string(RoleWorkflows), string(RoleCallbacks)) {
		require.Contains(t, roles, "`"+role+"`")
	}
}

// requireNamed demands the name of every setting of a block.
func requireNamed(t *testing.T, text string, block reflect.Type) {
	t.Helper()
	for i := range block.NumField() {
		if name := block.Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			require.Contains(t, text, name, "of %s", block)
		}
	}
}

func TestEveryMistakeIsListedAtOnceByItsSetting(t *testing.T) {
	long := strings.Repeat("q", 201)
	_, err := Parse([]byte(`
task_queue: `+long+`
ledger: mysql:x
log: {level: loud, format: xml}
callbacks: {listen: here}
roles: [cooking]
monitor: {listen: there}
tracing: {endpoint: somewhere}
encryption: {server: {listen: x}}
versioning: {deployment: a.b, behavior: loose}
reconcile: {every: 1ms, ended_within: -1s}
accounts:
  Shop:
    queue: `+long+`
    inline: some
    number_prefix: "a b"
    approval: {above: -1, initiators: [robot], remind_every: 1s, deadline: -1s, at_deadline: approve, decision_key_files: []}
    limits: {daily_cap: -1, reserve: 10000000001, zone: Mars/Phobos, payout: hourly, on_daily_cap: pay, on_reserve: pay}
`), ".")
	require.Error(t, err)
	for _, setting := range []string{
		"task_queue:", "accounts.Shop.queue:", "accounts.Shop.inline:", "ledger:", "log.level:", "log.format:", "callbacks.listen:", "roles[0]:", "monitor.listen:", "tracing.endpoint:",
		"encryption.key_files:", "encryption.server.listen:", "encryption.server.origins:", "encryption.server:", "versioning.deployment:", "versioning.build_id:", "versioning.behavior:",
		"reconcile.every:", "reconcile.ended_within:", "accounts.Shop:", "accounts.Shop.number_prefix:", "accounts.Shop.approval.above:",
		"accounts.Shop.approval.initiators[0]:", "accounts.Shop.approval.remind_every:", "accounts.Shop.approval.deadline:",
		"accounts.Shop.approval.at_deadline:", "accounts.Shop.approval.decision_key_files:", "accounts.Shop.limits.on_daily_cap:",
		"accounts.Shop.limits.on_reserve:",
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

// TestFirstAttemptsInTheTaskAreForAccountsWithoutAQueueOfTheirOwn: they would go around its rate limit.
func TestFirstAttemptsInTheTaskAreForAccountsWithoutAQueueOfTheirOwn(t *testing.T) {
	for _, c := range []struct {
		settings string
		want     activities.Inline
		wrong    string
	}{
		{"limits: {}", activities.InlineNone, ""},
		{"inline: none", activities.InlineNone, ""},
		{"inline: reads", activities.InlineReads, ""},
		{"inline: all", activities.InlineAll, ""},
		{"queue: own\n    inline: none", activities.InlineNone, ""},
		{"queue: own\n    inline: reads", "", "around the account's queue"},
		{"queue: own\n    inline: all", "", "remove one of inline and queue"},
		{"inline: writes", "", "inline: want none, reads or all, got 6 characters"},
		{"inline: true", "", "want text"},
	} {
		t.Run(c.settings, func(t *testing.T) {
			parsed, err := Parse([]byte(strings.Replace(smallest, "    baidu:\n", "    "+c.settings+"\n    baidu:\n", 1)), ".")
			if c.wrong != "" {
				require.ErrorContains(t, err, c.wrong)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, parsed.Accounts["shop-baidu"].Inline)
		})
	}
}
