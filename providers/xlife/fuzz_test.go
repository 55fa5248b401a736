package xlife

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

func seeds(f *testing.F) {
	f.Helper()
	for _, name := range []string{
		"xlife_refund_response.json", "xlife_refund_response_replay.json", "xlife_refund_response_simplify.json",
		"xlife_mos_queryrefund_response.json", "xlife_mos_trade_query_response.json", "xlife_mos_trade_query_response_simplify.json",
	} {
		f.Add([]byte(sample(f, name)))
	}
	for _, s := range []string{"", "[]", "<html>", refused(7, "accesscontrol.*", "This ban will last for 999999999 more seconds"),
		refused(50, "isp.EXISTS_REFUNDING_ORDER", "&apos;"), `{"error_response":{"code":"15"}}`} {
		f.Add([]byte(s))
	}
}

// FuzzNoAnswerIsTakenForMoreThanItSays feeds one body to every decoder.
func FuzzNoAnswerIsTakenForMoreThanItSays(f *testing.F) {
	seeds(f)
	in := instruction()
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, o := range allOps {
			r, err := parseReply(o, body)
			if err != nil {
				continue
			}
			if r.refused {
				failure := failureOf(t, r.failure(o, 0))
				require.Contains(t, refund.Classes, failure.Class)
				require.False(t, o.reads() && (failure.Class == refund.ClassAmbiguous || failure.Class == refund.ClassRejected))
				require.GreaterOrEqual(t, failure.RetryAfter.Nanoseconds(), int64(0))
				require.Nil(t, r.members)
				continue
			}
			if got, err := receipt(in, r.members); err == nil {
				got.Parts, got.Repeated = nil, false // told, not relied on
				require.Equal(t, providers.Receipt{State: providers.ResultSucceeded, Amount: in.Request.Amount}, got)
				requireOurs(t, r.members["trade_no"], in.Request.Order.PlatformID)
				requireOurs(t, r.members["out_trade_no"], in.Request.Order.MerchantID)
			}
			if state, err := orderState(r.members, in.Request.Order); err == nil {
				require.True(t, state.Asked)
				requireOurs(t, r.members["out_trade_no"], in.Request.Order.MerchantID)
			}
			if got, err := refundData(r.members, in); err == nil {
				require.Equal(t, in.Request.Amount, got.Amount)
			}
		}
	})
}

// requireOurs allows for the escapes of JSON and for a number without quotes.
func requireOurs(t *testing.T, raw json.RawMessage, want string) {
	t.Helper()
	var s string
	if json.Unmarshal(raw, &s) != nil {
		s = string(raw)
	}
	require.Equal(t, want, s)
}

// FuzzTheBusinessTextSurvivesItsTravel: whatever people write, the text that is
// signed decodes to it again, on one line and without HTML's escapes.
func FuzzTheBusinessTextSurvivesItsTravel(f *testing.F) {
	f.Add("正常退款", "12345678")
	f.Add(`<a href="x">&amp;`, `\"`)
	f.Add("\u2028\x00", "\n")
	f.Fuzz(func(t *testing.T, reason, store string) {
		sent := refundRequest{OutTradeNo: "1", RefundAmount: 1, OutRequestNo: "2", RefundReason: reason, StoreID: store, StoreIDType: "out"}
		text := compact(sent)
		require.NotContains(t, text, "\n")
		require.NotContains(t, text, `\u003c`+"a href")
		var got refundRequest
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		sent.RefundReason, sent.StoreID = strings.ToValidUTF8(reason, "�"), strings.ToValidUTF8(store, "�")
		require.Equal(t, strings.ReplaceAll(sent.RefundReason, "�", ""), strings.ReplaceAll(got.RefundReason, "�", ""))
		require.Equal(t, strings.ReplaceAll(sent.StoreID, "�", ""), strings.ReplaceAll(got.StoreID, "�", ""))
	})
}

// FuzzTheSignatureCoversEveryCharacter: a changed value has another text to sign.
func FuzzTheSignatureCoversEveryCharacter(f *testing.F) {
	f.Add("fields", "num_iid,title", "nick")
	f.Add("session", "test", "")
	f.Fuzz(func(t *testing.T, name, value, other string) {
		if name == "" || name == "sign" || value == other {
			return
		}
		a, b := canonical(map[string]string{"v": "2.0", "x" + name: value}), canonical(map[string]string{"v": "2.0", "x" + name: other})
		require.NotEqual(t, a, b)
		require.Equal(t, a, canonical(map[string]string{"sign": other, "x" + name: value, "v": "2.0", "y": ""}))
	})
}
