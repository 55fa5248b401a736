package xlife

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
		AppKey: "hunter2", AppSecretFile: readable, SessionFile: write(t, ""), SignMethod: "rot13",
		URL: "http://eco.taobao.com/router/rest", StoreID: "a\tb", TerminalID: "a\nb", OperatorID: "a\x00",
		StoreIDType: "mine", Mos: []Entitlement{"isnewpayorder", MosQuery, MosQuery},
		Timeout: time.Hour, Window: -1, AbsenceInterval: -1, PollFor: -1, Poll: []time.Duration{time.Second, 0},
	}
	inside := []string{
		"xlife.app_key", "xlife.sign_method", "xlife.url", "xlife.store_id", "xlife.terminal_id", "xlife.operator_id",
		"xlife.store_id_type", "xlife.mos[0]", "xlife.mos[2]",
		"xlife.window", "xlife.timeout", "xlife.absence_interval", "xlife.poll_for", "xlife.poll[1]",
	}
	require.Equal(t, inside, fieldsOf(t, s.Validate()))
	_, err := New(s)
	require.Equal(t, append(inside, "xlife.app_secret_file", "xlife.session_file"), fieldsOf(t, err), "the files are read in the same pass")
	require.Contains(t, err.Error(), "chmod 600")
	require.NotContains(t, err.Error(), "hunter2")

	_, err = New(Settings{})
	for _, err := range []error{err, Settings{}.Validate()} {
		require.Equal(t, []string{"xlife.app_key", "xlife.app_secret_file", "xlife.session_file"}, fieldsOf(t, err), "what is required")
	}
	good := settings(t, "http://localhost", MosQuery, MosQueryRefund)
	require.NoError(t, good.Validate())
	good.StoreIDType, good.Poll = "", []time.Duration{}
	require.Equal(t, []string{"xlife.store_id_type", "xlife.poll"}, fieldsOf(t, good.Validate()), "whose number is the store's?")
}

func TestSettingsAreReadFromYAML(t *testing.T) {
	for _, key := range []string{"12345678", `"12345678"`} {
		var s Settings
		require.NoError(t, yaml.UnmarshalWithOptions([]byte(fmt.Sprintf(`
app_key: %s
app_secret_file: a
session_file: b
sign_method: hmac
url: https://a
store_id: "12345678"
store_id_type: out
terminal_id: NJ_T_001
operator_id: "7"
window: 2160h
mos: [query, queryrefund]
simplify: true
timeout: 3s
poll: [5s, 1m]
poll_for: 24h
absence_interval: 100ms
`, key)), &s, yaml.Strict()))
		require.Equal(t, Settings{
			AppKey: "12345678", AppSecretFile: "a", SessionFile: "b", SignMethod: SignHMAC, URL: "https://a",
			StoreID: "12345678", StoreIDType: StoreOut, TerminalID: "NJ_T_001", OperatorID: "7",
			Window: 2160 * time.Hour, Mos: []Entitlement{MosQuery, MosQueryRefund}, Simplify: true, Timeout: 3 * time.Second,
			Poll: []time.Duration{5 * time.Second, time.Minute}, PollFor: 24 * time.Hour, AbsenceInterval: 100 * time.Millisecond,
		}, s)
	}
}

func TestRelativeFileNamesAreCountedFromTheGivenFolder(t *testing.T) {
	s := Settings{AppSecretFile: "keys/secret", SessionFile: "/abs"}
	got := s.In("/etc/refundflow")
	require.Equal(t, "/etc/refundflow/keys/secret", got.AppSecretFile)
	require.Equal(t, "/abs", got.SessionFile)
	require.Equal(t, "keys/secret", s.AppSecretFile)
	require.Empty(t, Settings{}.In("/etc").SessionFile, "a file that is not named stays unnamed")
}

func TestTheRulesFollowTheEntitlements(t *testing.T) {
	s := settings(t, "http://localhost")
	want := providers.Rules{
		Provider: "xlife", Merchant: "xlife/12345678", OrderKey: providers.OrderKeyMerchant, Number: numberFormat,
		MaxRefundsPerOrder: 1, NoOrderQuery: true, Query: providers.QueryNone,
		AbsenceReads: 1, AbsenceInterval: 5 * time.Second, MaxResends: 200, RepeatAnswers: true,
		Poll:    []time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute},
		PollFor: 24 * time.Hour,
	}
	got := newProvider(t, s).Rules()
	require.Equal(t, want, got)
	got.Poll[0] = 0
	require.Equal(t, want, newProvider(t, s).Rules(), "nobody can change the schedule from outside")

	s.Mos, s.Window = []Entitlement{MosQueryRefund}, 720*time.Hour
	s.Poll, s.PollFor, s.AbsenceInterval = []time.Duration{time.Millisecond}, time.Hour, time.Second
	got = newProvider(t, s).Rules()
	require.Equal(t, providers.QueryByNumber, got.Query)
	require.Equal(t, 720*time.Hour, got.Window)
	require.Equal(t, []time.Duration{time.Millisecond}, got.Poll)
	require.Equal(t, time.Hour, got.PollFor)
	require.Equal(t, time.Second, got.AbsenceInterval)

	for _, number := range []string{"HZ01RF001", "a_B_9"} {
		require.True(t, got.Number.Accepts(number))
	}
	for _, number := range []string{"", "a-b", "退"} {
		require.False(t, got.Number.Accepts(number))
	}
	var any any = newProvider(t, s)
	_, notified := any.(providers.Notified)
	_, cancels := any.(providers.VerificationCanceller)
	require.False(t, notified || cancels, "Miaojie sends no word by itself, and knows no verification")
}

func TestTheDefaultsAreProduction(t *testing.T) {
	s := Settings{}.withDefaults()
	require.Equal(t, "https://eco.taobao.com/router/rest", s.URL)
	require.Equal(t, SignHMACSHA256, s.SignMethod)
	require.Equal(t, 8*time.Second, s.Timeout)
	require.False(t, s.Simplify)
	require.Empty(t, s.Mos)
}

func TestAPrintedProviderShowsNoSecret(t *testing.T) {
	p := newProvider(t, settings(t, "http://localhost"))
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		require.Equal(t, "xlife/12345678", fmt.Sprintf(format, p))
	}
}
