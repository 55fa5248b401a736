package baidu

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

func fieldsOf(t *testing.T, err error) []string {
	t.Helper()
	var invalid *refund.InvalidError
	require.ErrorAs(t, err, &invalid)
	names := make([]string, len(invalid.Fields))
	for i, f := range invalid.Fields {
		names[i] = f.Field
		require.NotEmpty(t, f.Problem)
	}
	return names
}

func TestEveryMistakeInTheSettingsIsNamedAtOnce(t *testing.T) {
	readable := write(t, "hunter2")
	require.NoError(t, os.Chmod(readable, 0o644))
	s := Settings{
		Transport: "carrier-pigeon", AppID: "0x1F", AppKey: "MMM 4hG",
		PrivateKeyFile: readable, PlatformPublicKeyFile: write(t, "hunter2"),
		OpenAPI:    &OpenAPI{ClientSecretFile: write(t, "")},
		CashierURL: "http://etrade-api.baidu.com/cashier", LegacyURL: "nop.nuomi.com",
		OrderURL: "https://dianshang.baidu.com/?a=b", OpenAPIURL: "https://user:hunter2@openapi.baidu.com",
		SendReason: "poem", SkipAudit: true, Timeout: time.Hour,
		Poll: []time.Duration{time.Second, 0}, PollFor: -1, AbsenceInterval: -1,
	}
	inside := []string{
		"baidu.transport", "baidu.app_id", "baidu.app_key", "baidu.openapi.client_id", "baidu.skip_audit",
		"baidu.cashier_url", "baidu.legacy_url", "baidu.order_url", "baidu.openapi_url", "baidu.send_reason",
		"baidu.timeout", "baidu.absence_interval", "baidu.poll_for", "baidu.poll[1]",
	}
	require.Equal(t, inside, fieldsOf(t, s.Validate()))
	_, err := New(s)
	require.Equal(t, append(inside, "baidu.private_key_file", "baidu.platform_public_key_file", "baidu.openapi.client_secret_file"),
		fieldsOf(t, err), "the files are read in the same pass")
	require.Contains(t, err.Error(), "chmod 600")
	require.NotContains(t, err.Error(), "hunter2")

	require.Equal(t, []string{"baidu.transport", "baidu.app_id", "baidu.app_key", "baidu.private_key_file"},
		fieldsOf(t, Settings{}.Validate()), "what is required")
	good := settings(t, TransportOpenAPI, "http://localhost")
	require.NoError(t, good.Validate())
	good.OpenAPI, good.Poll = nil, []time.Duration{}
	require.Equal(t, []string{"baidu.openapi", "baidu.poll"}, fieldsOf(t, good.Validate()))
	good = settings(t, TransportCashier, "http://localhost")
	good.OpenAPI = &OpenAPI{}
	require.Equal(t, []string{"baidu.openapi.client_id", "baidu.openapi.client_secret_file"}, fieldsOf(t, good.Validate()))
}

func TestSettingsAreReadFromYAML(t *testing.T) {
	for _, id := range []string{"10026", `"10026"`} {
		var s Settings
		require.NoError(t, yaml.UnmarshalWithOptions([]byte(fmt.Sprintf(`
transport: cashier-legacy
app_id: %s
app_key: MMM4hG
private_key_file: a.pem
platform_public_key_file: b.pem
openapi: {client_id: c, client_secret_file: d}
cashier_url: https://a
legacy_url: https://b
order_url: https://c
openapi_url: https://d
send_amount_on_full: false
send_reason: raw
skip_audit: true
timeout: 3s
poll: [5s, 1m]
poll_for: 24h
absence_interval: 100ms
`, id)), &s, yaml.Strict()))
		no := false
		require.Equal(t, Settings{
			Transport: TransportCashierLegacy, AppID: "10026", AppKey: "MMM4hG", PrivateKeyFile: "a.pem", PlatformPublicKeyFile: "b.pem",
			OpenAPI:    &OpenAPI{ClientID: "c", ClientSecretFile: "d"},
			CashierURL: "https://a", LegacyURL: "https://b", OrderURL: "https://c", OpenAPIURL: "https://d",
			SendAmountOnFull: &no, SendReason: SendReasonRaw, SkipAudit: true, Timeout: 3 * time.Second,
			Poll: []time.Duration{5 * time.Second, time.Minute}, PollFor: 24 * time.Hour, AbsenceInterval: 100 * time.Millisecond,
		}, s)
	}
}

func TestRelativeFileNamesAreCountedFromTheGivenFolder(t *testing.T) {
	s := Settings{PrivateKeyFile: "keys/a.pem", OpenAPI: &OpenAPI{ClientSecretFile: "b"}}
	got := s.In("/etc/refundflow")
	require.Equal(t, "/etc/refundflow/keys/a.pem", got.PrivateKeyFile)
	require.Empty(t, got.PlatformPublicKeyFile, "a file that is not named stays unnamed")
	require.Equal(t, "/etc/refundflow/b", got.OpenAPI.ClientSecretFile)
	require.Equal(t, "b", s.OpenAPI.ClientSecretFile)
	require.Equal(t, "/abs", Settings{PrivateKeyFile: "/abs"}.In("/etc").PrivateKeyFile)
}

func TestTheRulesFollowTheCredentials(t *testing.T) {
	s := settings(t, TransportCashier, "http://localhost")
	want := providers.Rules{
		Provider: "baidu", Merchant: "baidu/MMM4hG", OrderKey: providers.OrderKeyPlatform, Number: numberFormat,
		Partial: true, PartialWantsVerified: true, FullWantsUnverified: true,
		Query: providers.QueryByNumber, AbsenceReads: 3, AbsenceInterval: 5 * time.Minute, MaxResends: 3,
		Poll: []time.Duration{5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
			5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour},
		PollFor: 360 * time.Hour,
	}
	got := newProvider(t, s).Rules()
	require.Equal(t, want, got)
	got.Poll[0] = 0
	require.Equal(t, want, newProvider(t, s).Rules(), "nobody can change the schedule from outside")

	s.OpenAPI = nil
	s.Poll, s.PollFor, s.AbsenceInterval = []time.Duration{time.Millisecond}, time.Hour, time.Second
	got = newProvider(t, s).Rules()
	require.Equal(t, providers.QueryByOrder, got.Query)
	require.Equal(t, 1, got.MaxResends)
	require.Equal(t, []time.Duration{time.Millisecond}, got.Poll)
	require.Equal(t, time.Hour, got.PollFor)
	require.Equal(t, time.Second, got.AbsenceInterval)

	for _, number := range []string{"12132434546634535", "abcXYZ0123456789abcXYZ0123456789"} {
		require.True(t, got.Number.Accepts(number))
	}
	for _, number := range []string{"", "a-b", "a_b", "abcXYZ0123456789abcXYZ0123456789a", "退"} {
		require.False(t, got.Number.Accepts(number))
	}
}

func TestTheDefaultsAreProduction(t *testing.T) {
	s := Settings{}.withDefaults()
	require.Equal(t, []string{
		"https://etrade-api.baidu.com/cashier", "https://nop.nuomi.com/nop/server/rest",
		"https://dianshang.baidu.com/platform/entity/openapi/queryorderdetail", "https://openapi.baidu.com",
	}, []string{s.CashierURL, s.LegacyURL, s.OrderURL, s.OpenAPIURL})
	require.True(t, *s.SendAmountOnFull)
	require.Equal(t, SendReasonCode, s.SendReason)
	require.False(t, s.SkipAudit)
	require.Equal(t, 8*time.Second, s.Timeout)
}

func TestAPrintedProviderShowsNoSecret(t *testing.T) {
	p := newProvider(t, settings(t, TransportOpenAPI, "http://localhost"))
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		require.Equal(t, "baidu/MMM4hG", fmt.Sprintf(format, p))
	}
}
