package refund

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestYuanAreReadExactly(t *testing.T) {
	for in, want := range map[string]Fen{"98": 9800, "98.5": 9850, "98.00": 9800, "0.01": 1, "100000000": MaxFen} {
		got, err := ParseYuan(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for _, in := range []string{"", ".", "98.", ".5", "98.001", "-1", "+1", "1e3", "１", "98,00", "0x10", " 1", "100000000.01", "99999999999999999999"} {
		_, err := ParseYuan(in)
		require.Error(t, err, in)
	}
}

func TestFenAreShownInYuan(t *testing.T) {
	for in, want := range map[Fen]string{0: "¥0.00", 1: "¥0.01", 9800: "¥98.00", -150: "-¥1.50", math.MinInt64: "-9223372036854775808 fen"} {
		require.Equal(t, want, in.String())
	}
}

func TestWorkflowIDsAreReadBack(t *testing.T) {
	id := WorkflowID("shop-baidu", "R_1-a")
	require.Equal(t, "refund/shop-baidu/R_1-a", id)
	account, refundID, ok := ParseWorkflowID(id)
	require.True(t, ok)
	require.Equal(t, [2]string{"shop-baidu", "R_1-a"}, [2]string{account, refundID})
	for _, bad := range []string{"", "refund/a", "refund/a/b/c", "other/a/b", "refund/A/b", "refund/a/", "refund//b"} {
		_, _, ok := ParseWorkflowID(bad)
		require.False(t, ok, bad)
	}
	longest := WorkflowID(strings.Repeat("a", 64), strings.Repeat("b", 32))
	require.LessOrEqual(t, len(longest), 200)
}

func TestProviderNumbersFitAndNeverChange(t *testing.T) {
	baidu := NumberFormat{Alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", Max: 32}
	for name, c := range map[string]struct{ account, prefix, id, want string }{
		"fits as it is":       {"shop", "", "R1", "R1"},
		"with the prefix":     {"shop", "T", "R1", "TR1"},
		"a dash does not fit": {"shop", "", "R-1", "2e96bb5330aa59cb893fd02eb1b46f44"},
		"too long a prefix":   {"shop", strings.Repeat("9", 16), strings.Repeat("a", 17), "cc57e1ca7f48503cb97559f93d3ef193"},
		"a dash and a prefix": {"shop", "T", "R-1", "d8c9b9ab4d7a50ed937046c47c896f83"},
		"of another account":  {"shop2", "", "R-1", "dfea5794b2bd5b38a436b5c18749b9ce"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ProviderNumber(c.account, c.prefix, c.id, baidu)
			require.Equal(t, c.want, got)
			require.True(t, baidu.Accepts(got))
		})
	}
	require.Regexp(t, `^[0-9a-f]{32}$`, NewID())
	require.NotEqual(t, NewID(), NewID())
}

func TestTwoPrefixesNeverGiveOneRefundTheSameNumber(t *testing.T) {
	baidu := NumberFormat{Alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", Max: 32}
	prefixes := []string{"", "P", "S", "PS", "P-", "_", "a", strings.Repeat("9", 15), strings.Repeat("9", 16)}
	for _, id := range []string{"R1", "R-1", "R20261121-0001", "a", strings.Repeat("a", 16), strings.Repeat("a", 17), strings.Repeat("a", 32), strings.Repeat("-", 32)} {
		seen := map[string]string{}
		for _, prefix := range prefixes {
			number := ProviderNumber("shop", prefix, id, baidu)
			require.True(t, baidu.Accepts(number))
			require.NotContains(t, seen, number, "%s with prefix %q", id, prefix)
			seen[number] = prefix
		}
	}
	// The dash keeps all of these from being sent as they are: account, prefix and
	// ID stay apart in the name of the UUID too.
	require.NotEqual(t, ProviderNumber("a", "b", "c-", baidu), ProviderNumber("a", "", "b-c-", baidu))
	require.NotEqual(t, ProviderNumber("a", "b", "-c", baidu), ProviderNumber("a", "b-", "c", baidu))
}

func TestEveryStatusIsEitherFinalOrOnItsWay(t *testing.T) {
	final := map[Status]bool{StatusSucceeded: true, StatusFailed: true, StatusRejected: true, StatusCancelled: true}
	require.Len(t, Statuses, 13)
	for _, s := range Statuses {
		require.Equal(t, final[s], s.Final(), s)
	}
}

func TestPayloadsTypedByHandAreCheckedByField(t *testing.T) {
	d, err := Parse[Decision]([]byte(`{"by":"finance-2","note":"ok"}`))
	require.NoError(t, err)
	require.Equal(t, Decision{By: "finance-2", Note: "ok"}, d)
	for _, bad := range []string{``, `null`, `"finance-2"`, `{}`, `{"by":""}`, `{"By":"x"}`, `{"by":"x","notes":""}`, `{"by":"x","by":"y"}`} {
		_, err := Parse[Decision]([]byte(bad))
		require.Error(t, err, bad)
	}

	r, err := Parse[Resolution]([]byte(`{"action":"succeeded","by":"ops","evidence":"receipt 1"}`))
	require.NoError(t, err)
	require.Equal(t, ResolveSucceeded, r.Action)
	for _, bad := range []string{`{"action":"succeeded","by":"ops"}`, `{"action":"failed","by":"ops"}`, `{"action":"ok","by":"ops"}`, `{"action":"retry"}`} {
		_, err := Parse[Resolution]([]byte(bad))
		require.Error(t, err, bad)
	}
	_, err = Parse[Resolution]([]byte(`{"action":"retry","by":"ops"}`))
	require.NoError(t, err)
}

func TestFailuresAreFoundByType(t *testing.T) {
	var f *Failure
	err := fmt.Errorf("wrapped: %w", &Failure{Class: ClassAmbiguous, Op: "applyOrderRefund", Code: "timeout", Hint: "ask"})
	require.True(t, errors.As(err, &f))
	require.Equal(t, ClassAmbiguous, f.Class)
	require.Contains(t, err.Error(), "applyOrderRefund")
	require.Contains(t, err.Error(), "ask")
}

func TestProviderTextsAreMadeSafe(t *testing.T) {
	require.Equal(t, "a b", CleanText("a\n\tb"))
	require.Equal(t, "系统错误", CleanText("系统错误"))
	require.LessOrEqual(t, len([]rune(CleanText(strings.Repeat("长", 500)))), 121)
	require.Equal(t, "a�b", CleanText("a\xffb"))
}

func TestOfManyWrongFieldsFiftyAreNamedAndTheRestIsMentioned(t *testing.T) {
	for wrong, want := range map[int]int{0: 0, 49: 49, 50: 50, 51: 51, 5000: 51} {
		var bad InvalidError
		for i := range wrong {
			bad.Add(fmt.Sprintf("f%d", i), "unknown")
		}
		require.Len(t, bad.Fields, want, "%d wrong fields", wrong)
		require.Equal(t, wrong > 50, strings.Contains(bad.Error(), "and more fields are wrong"))
		require.Equal(t, wrong == 0, bad.OrNil() == nil)
	}
}
