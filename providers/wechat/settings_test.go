package wechat

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/account"
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
		Transport: TransportV2, MchID: "12a", AppID: "w x", SubMchID: "x", SubAppID: strings.Repeat("w", 33), SignType: "RSA",
		APIKeyFile: readable, CertFile: "/nonexistent", KeyFile: "/nonexistent", RefundAccount: "MINE", NotifyURL: "https://a/?b=c", URL: "http://api.mch.weixin.qq.com",
		EnvID: "e", AppSecretFile: "hunter2", TrustCallback: true, Timeout: time.Hour, Poll: []time.Duration{time.Second, 0}, PollFor: -1, AbsenceInterval: -1,
	}
	inside := []string{
		"wechat.mch_id", "wechat.appid", "wechat.sub_mch_id", "wechat.sub_appid", "wechat.sign_type", "wechat.refund_account",
		"wechat.env_id", "wechat.app_secret_file", "wechat.trust_callback", "wechat.url", "wechat.notify_url",
		"wechat.timeout", "wechat.absence_interval", "wechat.poll_for", "wechat.poll[1]",
	}
	require.Equal(t, inside, fieldsOf(t, s.Validate()))
	_, err := New(s)
	require.Equal(t, append(inside, "wechat.cert_file", "wechat.key_file", "wechat.api_key_file"), fieldsOf(t, err), "the files are read in the same pass")
	require.Contains(t, err.Error(), "chmod 600")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestEachTransportWantsItsOwnSettings(t *testing.T) {
	for transport, want := range map[Transport][]string{
		"":                     {"wechat.transport"},
		"carrier-pigeon":       {"wechat.transport"},
		TransportV2:            {"wechat.mch_id", "wechat.appid", "wechat.api_key_file", "wechat.cert_file", "wechat.key_file"},
		TransportCloudRun:      {"wechat.sub_mch_id", "wechat.env_id", "wechat.service", "wechat.path"},
		TransportCloudFunction: {"wechat.appid", "wechat.sub_mch_id", "wechat.env", "wechat.function", "wechat.app_secret_file", "wechat.callback_function"},
	} {
		require.Equal(t, want, fieldsOf(t, Settings{Transport: transport}.Validate()), transport)
	}
	for _, transport := range transports {
		require.NoError(t, settings(t, transport, "http://localhost").Validate(), "%s: a stand-in here needs no certificate", transport)
		s := settings(t, transport, "https://10.0.0.1")
		if transport == TransportV2 {
			require.Equal(t, []string{"wechat.cert_file", "wechat.key_file"}, fieldsOf(t, s.Validate()))
			continue
		}
		require.NoError(t, s.Validate())
		s.MchID, s.NotifyURL, s.Poll = "1", "https://a", []time.Duration{}
		require.Equal(t, []string{"wechat.mch_id", "wechat.notify_url", "wechat.poll"}, fieldsOf(t, s.Validate()), "what a transport has no use for")
	}
	s := settings(t, TransportV2, "http://localhost")
	s.CertFile = "a"
	require.Equal(t, []string{"wechat.cert_file"}, fieldsOf(t, s.Validate()), "half a certificate")
	s = settings(t, TransportV2, "http://localhost")
	s.SubMchID = ""
	require.Equal(t, []string{"wechat.sub_appid"}, fieldsOf(t, s.Validate()), "a direct merchant")
	s = settings(t, TransportV2, "http://localhost")
	s.APIKeyFile = write(t, apiKey+"x")
	_, err := New(s)
	require.Equal(t, []string{"wechat.api_key_file"}, fieldsOf(t, err))
	require.Contains(t, err.Error(), "33 characters")
}

func TestANotificationAddressIsOneThatWeChatWouldCall(t *testing.T) {
	long := "https://a.example/" + strings.Repeat("n", 256-len("https://a.example/"))
	for address, good := range map[string]bool{
		"https://refund.example.com/n": true, "https://refund.example.com:8443/n": true, long: true, long + "n": false,
		"http://refund.example.com/n": false, "https://a.example/n?x=1": false, "https://a.example/n?": false, "https://a.example/n#x": false,
		"https://u:p@a.example/n": false, "a.example/n": false, "ftp://a.example/n": false,
	} {
		for _, base := range []string{"", "https://api.mch.weixin.qq.com"} {
			s := settings(t, TransportV2, base)
			s.CertFile, s.KeyFile, s.NotifyURL = "c", "k", address
			if good {
				require.NoError(t, s.Validate(), address)
				continue
			}
			require.Equal(t, []string{"wechat.notify_url"}, fieldsOf(t, s.Validate()), address)
		}
	}
	s := settings(t, TransportV2, "https://127.0.0.1:1")
	s.CertFile, s.KeyFile, s.NotifyURL = "c", "k", "http://127.0.0.1:2/n"
	require.NoError(t, s.Validate(), "a stand-in calls over plain http")
}

func TestPlainHTTPAwayFromThisMachineIsForWhatThePlatformIntercepts(t *testing.T) {
	for address, want := range map[string]map[Transport]bool{
		"http://api.weixin.qq.com":         {TransportCloudRun: true},
		"http://api.weixin.qq.com/":        {TransportCloudRun: true},
		"http://api.weixin.qq.com:8080":    {},
		"http://api.weixin.qq.com.evil.cn": {},
		"http://u@api.weixin.qq.com":       {},
		"http://api.mch.weixin.qq.com":     {},
	} {
		for _, transport := range transports {
			s := settings(t, transport, address)
			s.CertFile, s.KeyFile = "", ""
			err := s.Validate()
			refused := err != nil && strings.Contains(err.Error(), "wechat.url")
			require.Equal(t, want[transport], !refused, "%s %s", transport, address)
		}
	}
}

func TestSettingsAreReadFromYAML(t *testing.T) {
	var s Settings
	require.NoError(t, yaml.UnmarshalWithOptions([]byte(`
transport: v2
mch_id: "1900000109"
appid: wx1
sub_mch_id: 1900000111
sub_appid: wx2
sign_type: MD5
api_key_file: a
cert_file: b
key_file: c
ca_file: d
refund_account: REFUND_SOURCE_RECHARGE_FUNDS
notify_url: https://n
url: https://u
env_id: e
service: s
path: /p
trust_callback: true
env: f
function: g
app_secret_file: h
callback_function: i
callback_env: j
callback_secret_file: k
timeout: 3s
poll: [5s, 1m]
poll_for: 24h
absence_interval: 100ms
`), &s, yaml.Strict()))
	require.Equal(t, Settings{
		Transport: TransportV2, MchID: "1900000109", AppID: "wx1", SubMchID: "1900000111", SubAppID: "wx2", SignType: SignMD5,
		APIKeyFile: "a", CertFile: "b", KeyFile: "c", CAFile: "d", RefundAccount: AccountRecharge, NotifyURL: "https://n", URL: "https://u",
		EnvID: "e", Service: "s", Path: "/p", TrustCallback: true, Env: "f", Function: "g", AppSecretFile: "h",
		CallbackFunction: "i", CallbackEnv: "j", CallbackSecretFile: "k", Timeout: 3 * time.Second,
		Poll: []time.Duration{5 * time.Second, time.Minute}, PollFor: 24 * time.Hour, AbsenceInterval: 100 * time.Millisecond,
	}, s)
	in := s.In("/etc/refundflow")
	require.Equal(t, []string{"/etc/refundflow/a", "/etc/refundflow/b", "/etc/refundflow/c", "/etc/refundflow/d", "/etc/refundflow/h", "/etc/refundflow/k"},
		[]string{in.APIKeyFile, in.CertFile, in.KeyFile, in.CAFile, in.AppSecretFile, in.CallbackSecretFile})
	require.Equal(t, "a", s.APIKeyFile, "the caller's own stay as they are")
	require.Equal(t, "/abs", Settings{KeyFile: "/abs"}.In("/etc").KeyFile)
	require.Empty(t, Settings{}.In("/etc").CAFile, "a file that is not named stays unnamed")
}

func TestTheRulesAreWeChats(t *testing.T) {
	want := providers.Rules{
		Provider: "wechat", Merchant: "wechat/1900000109/1900000111", OrderKey: providers.OrderKeyMerchant, Number: numberFormat,
		Partial: true, MaxRefundsPerOrder: 50, OrderGap: time.Minute + 5*time.Second, Window: 8760 * time.Hour,
		Query: providers.QueryByNumber, AbsenceReads: 2, AbsenceInterval: time.Minute, MaxResends: 10, RepeatAnswers: true,
		Poll: defaultPoll[TransportV2], PollFor: 192 * time.Hour,
	}
	got := newProvider(t, settings(t, TransportV2, "http://localhost")).Rules()
	require.Equal(t, want, got)
	got.Poll[0] = 0
	require.Equal(t, time.Minute, defaultPoll[TransportV2][0], "nobody can change the schedule from outside")

	want.Merchant, want.Query, want.Poll = "wechat/1900000111", providers.QueryPresence, []time.Duration{30 * time.Minute}
	require.Equal(t, want, newProvider(t, settings(t, TransportCloudRun, "http://localhost")).Rules())
	s := settings(t, TransportCloudFunction, "http://localhost")
	s.Poll, s.PollFor, s.AbsenceInterval = []time.Duration{time.Millisecond}, time.Hour, time.Second
	want.Poll, want.PollFor, want.AbsenceInterval = s.Poll, s.PollFor, s.AbsenceInterval
	require.Equal(t, want, newProvider(t, s).Rules())

	for number, good := range map[string]bool{
		"RF-20260301_000001": true, strings.Repeat("a", 64): true, "": false, "a|b": false, "a*b": false, "a@b": false, strings.Repeat("a", 65): false, "退": false,
	} {
		require.Equal(t, good, want.Number.Accepts(number), number)
	}
}

func TestThePollScheduleReachesItsMarks(t *testing.T) {
	var at time.Duration
	reached := map[time.Duration]bool{}
	for n := 1; at < defaultPollFor; n++ {
		at += providers.Rules{Poll: defaultPoll[TransportV2]}.PollDelay(n)
		reached[at] = true
	}
	for _, mark := range []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute, 70 * time.Minute} {
		require.True(t, reached[mark], mark)
	}
	require.LessOrEqual(t, len(defaultPoll[TransportV2]), account.MaxPolls)
}

func TestTheDefaultsAreProduction(t *testing.T) {
	for transport, url := range map[Transport]string{
		TransportV2: "https://api.mch.weixin.qq.com", TransportCloudRun: "http://api.weixin.qq.com", TransportCloudFunction: "https://api.weixin.qq.com",
	} {
		s := Settings{Transport: transport, Env: "e"}.withDefaults()
		require.Equal(t, url, s.URL)
		require.Equal(t, SignHMACSHA256, s.SignType)
		require.Equal(t, "e", s.CallbackEnv)
		require.Equal(t, 8*time.Second, s.Timeout)
		require.False(t, s.TrustCallback)
	}
}

func TestAPrintedProviderShowsNoSecret(t *testing.T) {
	p := newProvider(t, settings(t, TransportV2, "http://localhost"))
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		require.Equal(t, "wechat/1900000109/1900000111", fmt.Sprintf(format, p))
	}
}
