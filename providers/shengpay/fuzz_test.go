package shengpay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// seeds returns the seeds too.
func seeds(f *testing.F) (all [][]byte) {
	f.Helper()
	add := func(body []byte) {
		f.Add(body)
		all = append(all, body)
	}
	var file struct {
		Samples []struct {
			Response json.RawMessage `json:"response"`
			Body     json.RawMessage `json:"body"`
		} `json:"samples"`
	}
	testdata(f, "shengpay_samples.json", &file)
	for _, s := range file.Samples {
		for _, body := range []json.RawMessage{s.Response, s.Body} {
			if body != nil {
				add(body)
				add([]byte(signed(f, string(body))))
			}
		}
	}
	for _, s := range []string{"", "[]", "<html>", accepted, found, order, notice, signed(f, found), signed(f, notice),
		with(f, accepted, changes{"couponRefundFee0": 1, "n": json.RawMessage("null")}), refusal("ORDER_CLOSED")} {
		add([]byte(s))
	}
	return all
}

// FuzzNoAnswerIsTakenForMoreThanItSays feeds one body to every reader.
func FuzzNoAnswerIsTakenForMoreThanItSays(f *testing.F) {
	seeds(f)
	p := newProvider(f, settings(f, "https://localhost"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := p.parseReply(body)
		if err != nil {
			return
		}
		var loose map[string]any
		require.NoError(t, json.Unmarshal(body, &loose))
		if !r.refused() {
			require.Equal(t, []any{"SUCCESS", "SUCCESS"}, []any{loose["returnCode"], loose["resultCode"]})
		}
		for _, o := range []op{opRefund, opQuery, opOrder} {
			if err := p.failure(o, r); err != nil {
				failure := failureOf(t, err)
				require.Contains(t, refund.Classes, failure.Class)
				require.False(t, o.reads() && failure.Class == refund.ClassAmbiguous)
				require.False(t, !r.proven && failure.Class == refund.ClassRejected, "an unsigned refusal is final")
			}
		}
		if got, err := p.receipt(r, instruction()); err == nil {
			require.Equal(t, refund.Fen(100), got.Amount)
			require.Contains(t, []any{loose["outRefundNo"], loose["refundOrderNo"]}, any(number))
		}
		if got, err := p.resultOf(r, instruction()); err == nil && final(got.State) {
			require.True(t, r.proven, "an unsigned result is final")
			require.Contains(t, []any{loose["outRefundNo"], loose["refundOrderNo"]}, any(number))
		}
	})
}

// FuzzOnlyWhatWasSignedIsBelieved changes a signed notification in every way.
func FuzzOnlyWhatWasSignedIsBelieved(f *testing.F) {
	p := newProvider(f, settings(f, "https://localhost"))
	known := map[string]bool{}
	for _, body := range seeds(f) {
		known[content(body)] = true
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := p.Notification(providers.Callback{Body: body})
		if err != nil {
			require.Equal(t, refund.ClassAmbiguous, failureOf(t, err).Class)
			require.Zero(t, n)
			return
		}
		require.True(t, known[content(body)], "members that nobody signed: %q", body)
	})
}

// content is what a signature must cover: the members that are neither empty nor
// nested, whether as texts or as numbers.
func content(body []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var members map[string]any
	if decoder.Decode(&members) != nil {
		return "none"
	}
	rest := map[string]string{}
	for name, value := range members {
		switch value.(type) {
		case string, json.Number, bool:
			if text := fmt.Sprint(value); text != "" && name != "sign" {
				rest[name] = text
			}
		}
	}
	return fmt.Sprintf("%q", rest)
}

// FuzzWhatIsSentIsWhatWasSigned: any text that can be sent comes back from the
// wire as it was signed.
func FuzzWhatIsSentIsWhatWasSigned(f *testing.F) {
	f.Add("not <delivered> & \"late\"", "100")
	f.Add("测试退款\u2028", "0")
	_, keys := vectors(f)
	key := keys["platform_test_key"].private(f)
	f.Fuzz(func(t *testing.T, reason, account string) {
		params := map[string]string{"refundDesc": description(reason), "attach": description(account), "totalFee": "100"}
		if strings.Contains(fmt.Sprint(params), "&") {
			return // what looks like another field is refused on receipt
		}
		signature, err := sign(key, params)
		require.NoError(t, err)
		params["sign"] = signature
		for _, amounts := range []Amounts{AmountsText, AmountsNumber} {
			body, err := encode(params, amounts)
			require.NoError(t, err)
			members, err := wire.ParseObject([]byte(body))
			require.NoError(t, err)
			require.NoError(t, verify(&key.PublicKey, members), body)
		}
	})
}
