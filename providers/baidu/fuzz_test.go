package baidu

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

func seeds(f *testing.F) {
	f.Helper()
	var file struct {
		Samples []struct {
			Response json.RawMessage `json:"response"`
		} `json:"samples"`
	}
	testdata(f, "baidu_samples.json", &file)
	for _, s := range file.Samples {
		if s.Response != nil {
			f.Add([]byte(s.Response))
		}
	}
	for _, s := range []string{"", "[]", "<html>", applyOK, unverified, tokenOK, `{"errno":"0"}`, `{"errno":null,"error_code":110}`} {
		f.Add([]byte(s))
	}
}

// FuzzNoAnswerIsTakenForMoreThanItSays feeds one body to every decoder.
func FuzzNoAnswerIsTakenForMoreThanItSays(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseReply(body)
		if err != nil {
			return
		}
		var loose map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(body, &loose))
		if r.failure(opApply) == nil {
			require.Contains(t, []string{"0", `"0"`}, unquoted(loose["errno"]), "only errno 0 is success")
		}
		for _, o := range allOps {
			var failure *refund.Failure
			if err := r.failure(o); err != nil {
				require.ErrorAs(t, err, &failure)
				require.Contains(t, refund.Classes, failure.Class)
				require.False(t, o.reads() && failure.Class == refund.ClassAmbiguous)
			}
		}
		if got, err := receipt(r); err == nil {
			require.NotEmpty(t, got.PlatformRefundID)
			require.GreaterOrEqual(t, got.Amount, refund.Fen(0))
			require.Contains(t, string(loose["data"]), "refundBatchId")
		} else {
			require.Equal(t, refund.ClassAmbiguous, failureOf(t, err).Class)
		}
		if state, err := orderState(r); err == nil {
			require.True(t, state.Asked)
		}
		_, _ = parseBatch(loose["data"])
		_, _, _ = wire.ReadToken(r.members, maxTokenLife)
	})
}

// unquoted undoes the escapes that JSON allows in a quoted 0.
func unquoted(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return `"` + s + `"`
	}
	return string(raw)
}

// FuzzOnlyTheSignedFieldsVerify changes a signed notification in every way.
func FuzzOnlyTheSignedFieldsVerify(f *testing.F) {
	all, keys := vectors(f)
	key := public(f, keys["platform_test_key"])
	signed := map[string]bool{}
	for _, v := range all {
		if v.Key == "platform_test_key" {
			f.Add(v.WireForm)
			f.Add(strings.ReplaceAll(v.WireForm, "%2B", "+"))
			signed[fingerprint(v.form())] = true
		}
	}
	f.Add("a=1&a=2&rsaSign=")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := url.ParseQuery(body)
		if err != nil || verify(key, form) != nil {
			return
		}
		require.True(t, signed[fingerprint(form)], "fields that nobody signed: %q", body)
	})
}

// fingerprint is a form without what is not signed, and without the ambiguity
// that a canonical string has.
func fingerprint(form url.Values) string {
	rest := url.Values{}
	for name, values := range form {
		if name != "rsaSign" && name != "sign" && name != "sign_type" {
			rest[name] = values
		}
	}
	return rest.Encode()
}

// FuzzTheCanonicalStringCanBeSplitAgain: for values without & and =, name and
// value come back as they went in.
func FuzzTheCanonicalStringCanBeSplitAgain(f *testing.F) {
	f.Add("appId", "1", "appKey", "MMM4hG")
	f.Add("b", "", "B", "充值")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		params := map[string]string{name1: value1, name2: value2}
		for name, value := range params {
			if name == "" || strings.ContainsAny(name+value, "&=") || strings.HasPrefix(name, "sign") || name == "rsaSign" {
				return
			}
		}
		got := map[string]string{}
		previous := ""
		for _, pair := range strings.Split(canonical.Text(params), "&") {
			name, value, ok := strings.Cut(pair, "=")
			require.True(t, ok)
			require.Less(t, previous, name, "sorted in byte order")
			previous, got[name] = name, value
		}
		require.Equal(t, params, got)
	})
}
