package shengpay

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"strings"
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
		AppID: "a b", MchID: "0123", PrivateKeyFile: readable, PlatformPublicKeyFile: write(t, "hunter2"),
		URL: "http://mchapi.shengpay.com", RefundPath: "pay/refund", QueryPath: "/q?a=b", OrderPath: "None",
		NotifyURL: "https://shop.example/x?account=1", RefundAccount: "PIGGYBANK", Amounts: "yuan",
		ApplyMchID: "x", ApplyType: "AGENT", Timeout: time.Hour,
		Statuses: map[string]providers.ResultState{"A B": providers.ResultFailed, "REFUND_SUCCESS": providers.ResultFailed, "X": "done"},
		Codes:    map[string]refund.Class{"": refund.ClassAmbiguous, "SYSTEM_ERROR": refund.ClassRejected, "X": refund.ClassTransient, "Y": "succeeded"},
		Poll:     []time.Duration{time.Second, 0}, PollFor: -1, AbsenceInterval: -1,
	}
	inside := []string{
		"app_id", "mch_id", "url", "refund_path", "query_path", "order_path", "notify_url", "refund_account", "amounts",
		"apply_mch_id", "apply_type", "statuses", "statuses.REFUND_SUCCESS", "statuses.X",
		"codes", "codes.SYSTEM_ERROR", "codes.X", "codes.Y", "timeout", "absence_interval", "poll_for", "poll[1]",
	}
	for i := range inside {
		inside[i] = "shengpay." + inside[i]
	}
	require.Equal(t, inside, fieldsOf(t, s.Validate()))
	_, err := New(s)
	require.Equal(t, append(inside, "shengpay.private_key_file", "shengpay.platform_public_key_file"), fieldsOf(t, err))
	require.Contains(t, err.Error(), "chmod 600")
	require.NotContains(t, err.Error(), "hunter2")

	require.Equal(t, []string{"shengpay.app_id", "shengpay.mch_id", "shengpay.private_key_file", "shengpay.platform_public_key_file", "shengpay.notify_url"},
		fieldsOf(t, Settings{}.Validate()), "what is required")
	require.NoError(t, settings(t, "http://localhost").Validate())
}

func TestASettingIsTakenOrRefused(t *testing.T) {
	type statuses = map[string]providers.ResultState
	type classes = map[string]refund.Class
	for _, test := range []struct {
		name   string
		change func(*Settings)
		field  string
	}{
		{"no order query", func(s *Settings) { s.OrderPath = NoOrderQuery }, ""},
		{"none is an order path only", func(s *Settings) { s.QueryPath = NoOrderQuery }, "query_path"},
		{"http for this machine", func(s *Settings) { s.URL = "http://127.0.0.1:8080/x" }, ""},
		{"http for another", func(s *Settings) { s.URL = "http://127.0.0.1.example.com" }, "url"},
		{"a user in the address", func(s *Settings) { s.URL = "https://u:p@a" }, "url"},
		{"no host", func(s *Settings) { s.URL = "https://" }, "url"},
		{"a notify address of 300", func(s *Settings) { s.NotifyURL = "https://a/" + strings.Repeat("x", 290) }, ""},
		{"a notify address of 301", func(s *Settings) { s.NotifyURL = "https://a/" + strings.Repeat("x", 291) }, "notify_url"},
		{"a notify address with a bare ?", func(s *Settings) { s.NotifyURL = "https://a/?" }, "notify_url"},
		{"a notify address in Chinese", func(s *Settings) { s.NotifyURL = "https://a/退" }, "notify_url"},
		{"a notify address without scheme", func(s *Settings) { s.NotifyURL = "shop.example/x" }, "notify_url"},
		{"a proxy", func(s *Settings) { s.ApplyMchID, s.ApplyType = "1", ApplyTypeProxy }, ""},
		{"half a proxy", func(s *Settings) { s.ApplyType = ApplyTypeProxy }, "apply_type"},
		{"further statuses", func(s *Settings) { s.Statuses = statuses{"DONE": "succeeded", "WAIT": "processing", "NO": "failed"} }, ""},
		{"an expected status with more care", func(s *Settings) { s.Statuses = statuses{"REFUND_CLOSED": "processing"} }, ""},
		{"a status confirmed", func(s *Settings) { s.Statuses = statuses{"REFUND_SUCCESS": "succeeded"} }, ""},
		{"success turned round", func(s *Settings) { s.Statuses = statuses{"REFUND_SUCCESS": "processing"} }, "statuses.REFUND_SUCCESS"},
		{"a failure turned into success", func(s *Settings) { s.Statuses = statuses{"REFUND_FAIL": "succeeded"} }, "statuses.REFUND_FAIL"},
		{"further codes", func(s *Settings) {
			s.Codes = classes{"A": "rejected", "B": "insufficient_funds", "C": "throttled", "D": "needs_human", "E": "ambiguous", "F": "misconfigured"}
		}, ""},
		{"a listed code with more care", func(s *Settings) { s.Codes = classes{"ORDER_CLOSED": "needs_human"} }, ""},
		{"a listed code with less", func(s *Settings) { s.Codes = classes{"OUT_TRADE_NO_USED": "rejected"} }, "codes.OUT_TRADE_NO_USED"},
		{"an empty schedule", func(s *Settings) { s.Poll = []time.Duration{} }, "poll"},
	} {
		s := settings(t, "https://localhost")
		test.change(&s)
		if test.field == "" {
			require.NoError(t, s.Validate(), test.name)
			continue
		}
		require.Equal(t, []string{"shengpay." + test.field}, fieldsOf(t, s.Validate()), test.name)
	}
}

func TestAMerchantKeyWhoseSignatureDoesNotFitIsRefused(t *testing.T) {
	for bits, fits := range map[int]bool{1024: true, 2048: true, 3072: false} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		require.NoError(t, err)
		s := settings(t, "https://localhost")
		s.PrivateKeyFile = write(t, base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(key)))
		p, err := New(s)
		if !fits {
			require.Equal(t, []string{"shengpay.private_key_file"}, fieldsOf(t, err))
			require.ErrorContains(t, err, "500 characters")
			continue
		}
		require.NoError(t, err)
		signature, err := sign(p.key, map[string]string{"a": "1"})
		require.NoError(t, err)
		require.LessOrEqual(t, len(signature), 500)
	}
}

func TestSettingsAreReadFromYAML(t *testing.T) {
	for _, id := range []string{"93745648", `"93745648"`} {
		var s Settings
		require.NoError(t, yaml.UnmarshalWithOptions([]byte(fmt.Sprintf(`
app_id: a
mch_id: %s
private_key_file: a.pem
platform_public_key_file: b.pem
url: https://a
refund_path: /r
query_path: /q
order_path: none
notify_url: https://b/c
refund_account: UNSETTLED
apply_mch_id: "1"
apply_type: PROXY
amounts: number
require_signed_answers: true
statuses: {DONE: succeeded}
codes: {NOT_ENOUGH: insufficient_funds}
timeout: 3s
poll: [5s, 1m]
poll_for: 24h
absence_interval: 100ms
`, id)), &s, yaml.Strict()))
		require.Equal(t, Settings{
			AppID: "a", MchID: "93745648", PrivateKeyFile: "a.pem", PlatformPublicKeyFile: "b.pem", URL: "https://a",
			RefundPath: "/r", QueryPath: "/q", OrderPath: NoOrderQuery, NotifyURL: "https://b/c", RefundAccount: RefundAccountUnsettled,
			ApplyMchID: "1", ApplyType: ApplyTypeProxy, Amounts: AmountsNumber, RequireSignedAnswers: true,
			Statuses: map[string]providers.ResultState{"DONE": providers.ResultSucceeded},
			Codes:    map[string]refund.Class{"NOT_ENOUGH": refund.ClassInsufficientFunds},
			Timeout:  3 * time.Second, Poll: []time.Duration{5 * time.Second, time.Minute}, PollFor: 24 * time.Hour, AbsenceInterval: 100 * time.Millisecond,
		}, s)
		require.NoError(t, s.Validate())
		got := s.In("/etc/refundflow")
		require.Equal(t, []string{"/etc/refundflow/a.pem", "/etc/refundflow/b.pem", "a.pem"}, []string{got.PrivateKeyFile, got.PlatformPublicKeyFile, s.PrivateKeyFile})
	}
	require.Equal(t, Settings{PrivateKeyFile: "/abs"}, Settings{PrivateKeyFile: "/abs"}.In("/etc"))
}

func TestTheRulesAndDefaultsAreThoseOfTheNotes(t *testing.T) {
	s := settings(t, "http://localhost")
	p := newProvider(t, s)
	got := p.Rules()
	poll := got.Poll
	require.Equal(t, []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}, poll[:6])
	require.Equal(t, 24, len(poll)-6, "hourly for a day")
	require.Equal(t, 6*time.Hour, poll[len(poll)-1])
	got.Poll = nil
	require.Equal(t, providers.Rules{
		Provider: "shengpay", Merchant: "shengpay/93745648", OrderKey: providers.OrderKeyMerchant, Number: numberFormat, Partial: true,
		Query: providers.QueryByNumber, AbsenceReads: 3, AbsenceInterval: time.Minute, MaxResends: 1, RepeatAnswers: true, PollFor: 360 * time.Hour,
	}, got)
	poll[0] = 0
	require.Equal(t, 10*time.Second, p.Rules().Poll[0], "nobody can change the schedule from outside")

	s.Poll, s.PollFor, s.AbsenceInterval = []time.Duration{time.Millisecond}, time.Hour, time.Second
	got = newProvider(t, s).Rules()
	require.Equal(t, []any{s.Poll, s.PollFor, s.AbsenceInterval}, []any{got.Poll, got.PollFor, got.AbsenceInterval})

	d := Settings{}.withDefaults()
	require.Equal(t, []string{"https://mchapi.shengpay.com", "/pay/refund", "/refund/queryRefundOrder", "/pay/queryOrder", "text", "8s"},
		[]string{d.URL, d.RefundPath, d.QueryPath, d.OrderPath, string(d.Amounts), d.Timeout.String()})
	require.False(t, d.RequireSignedAnswers)

	require.True(t, got.Number.Accepts(number))
	for _, bad := range []string{"", "a-b", strings.Repeat("a", 33), "退"} {
		require.False(t, got.Number.Accepts(bad))
	}
	require.False(t, slices.Contains(poll[1:], 0))
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		require.Equal(t, "shengpay/93745648", fmt.Sprintf(format, p), "a printed provider shows no key")
	}
}
