package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

// setting is the smallest configuration with one more setting of the account.
func setting(path, value string) string {
	document := "accounts:\n  shop:\n"
	indent := "    "
	parts := strings.Split(path, ".")
	for _, block := range parts[:len(parts)-1] {
		document += indent + block + ":\n"
		indent += "  "
	}
	if parts[0] != "baidu" {
		return document + indent + parts[len(parts)-1] + ": " + value + "\n    baidu: {}\n"
	}
	return document + indent + parts[len(parts)-1] + ": " + value + "\n"
}

func TestAnAmountIsWholeFenInPlainDigitsOrRefused(t *testing.T) {
	for _, path := range []string{"approval.above", "approval.twice_above", "limits.daily_cap", "limits.reserve"} {
		for _, value := range []string{"0", "1", "9800", "10000000000"} {
			_, err := Parse([]byte(setting(path, value)), ".")
			require.NoError(t, err, "%s: %s", path, value)
		}
		for _, value := range []string{
			"98.5", "98.0", "010000", "00", "0o10", "0b1", "0x64", "1e3", "1.0e2", "1_000", "1,000", "-0", "-1", "+1", ".inf", ".nan", "true",
			`"100"`, "100 yuan", "¥100", "999999999999999999", "9223372036854775808", "99999999999999999999999999",
			"", "~", "null", "[]", "{}", "!!int 100", "!!int '010'", "&a 100",
		} {
			_, err := Parse([]byte(setting(path, value)), ".")
			if strings.HasPrefix(path, "approval.") && value == "999999999999999999" {
				require.NoError(t, err, "no order is as large: nobody is asked")
				continue
			}
			require.ErrorContains(t, err, "accounts.shop."+path+":", value)
		}
	}
	c, err := Parse([]byte(setting("limits.daily_cap", "9800 # fen")), ".")
	require.NoError(t, err)
	require.Equal(t, refund.Fen(9800), c.Accounts["shop"].Limits.DailyCap)
}

func TestATextThatReadsAsANumberMustBeInQuotes(t *testing.T) {
	for _, path := range []string{"number_prefix", "queue", "approval.at_deadline", "limits.zone", "limits.payout", "limits.on_reserve", "baidu.app_id", "baidu.app_key", "baidu.openapi.client_id"} {
		for _, value := range []string{"0010026", "10026", "0x12", "1_0", "1.50", "1e5", "123456789012345678901", "true", ".inf", "-1"} {
			_, err := Parse([]byte(setting(path, value)), ".")
			require.ErrorContains(t, err, "accounts.shop."+path+":", value)
			require.ErrorContains(t, err, "put it in quotes", value)
		}
		for _, value := range []string{"", "~", "[a]", "{a: b}", "!!str 1", "&a b"} {
			_, err := Parse([]byte(setting(path, value)), ".")
			require.ErrorContains(t, err, "accounts.shop."+path+":", value)
		}
	}
	c, err := Parse([]byte(setting("number_prefix", `"0010026"`)), ".")
	require.NoError(t, err)
	require.Equal(t, "0010026", c.Accounts["shop"].NumberPrefix, "in quotes it is what was written")

	_, err = Parse([]byte("accounts:\n  0010026: {baidu: {}}\n"), ".")
	require.ErrorContains(t, err, "put it in quotes", "the name of an account is text too")
}

func TestWhatIsLeftEmptyIsNotWhatIsLeftOut(t *testing.T) {
	for _, path := range []string{"approval", "limits", "baidu.openapi", "baidu.poll", "baidu.timeout", "baidu.skip_audit", "baidu.send_amount_on_full"} {
		_, err := Parse([]byte(setting(path, "")), ".")
		require.ErrorContains(t, err, "accounts.shop."+path+": is empty")
	}
	for _, document := range []string{"accounts:\n", "accounts: {shop: }\n", "~\n", "log:\n" + smallest} {
		_, err := Parse([]byte(document), ".")
		require.ErrorContains(t, err, "is empty", document)
	}
}

func TestASettingIsOfItsOwnKindAndNoOther(t *testing.T) {
	for path, values := range map[string][]string{
		"baidu.timeout":             {"8", "8.5", `"8"`, "soon", "[8s]"}, // 8 would be nanoseconds
		"baidu.poll":                {"5s", "{a: 5s}"},
		"baidu.send_amount_on_full": {"1", "yes", `"true"`},
		"baidu.openapi":             {"abc", "[abc]", "1"},
		"limits":                    {"100", "none"},
	} {
		for _, value := range values {
			_, err := Parse([]byte(setting(path, value)), ".")
			require.ErrorContains(t, err, "accounts.shop."+path+":", value)
		}
	}
	_, err := Parse([]byte(setting("baidu.poll", "[5s, 10]")), ".")
	require.ErrorContains(t, err, "[4:18] accounts.shop.baidu.poll[1]:", "place and name are told")
}

func TestNoErrorRepeatsAValue(t *testing.T) {
	const secret = "Eighteen-Wooden-Ducks"
	for _, path := range []string{
		"number_prefix", "approval", "approval.above", "approval.initiators", "approval.deadline", "approval.at_deadline", "approval.decision_key_files", "limits", "limits.daily_cap", "limits.zone", "limits.payout", "limits.on_daily_cap", "baidu", "baidu.poll",
		"baidu.timeout", "baidu.skip_audit", "baidu.openapi", "baidu.openapi.client_secret", "baidu.secret", "secret",
	} {
		for _, value := range []string{secret, `"` + secret, secret + ": x: y", "[" + secret, "!" + secret + " x", "*" + secret, "\n" + secret, "|\n" + secret} {
			_, err := Parse([]byte(setting(path, value)), ".")
			if path == "number_prefix" && err == nil {
				continue
			}
			require.Error(t, err, "%s: %s", path, value)
			require.NotContains(t, err.Error(), secret, "%s: %s", path, value)
		}
	}
	for _, document := range []string{
		secret, "- " + secret, "ledger: " + secret, "log: {level: " + secret + ", format: " + secret + "}\n" + smallest,
		"log: " + secret + "\n" + smallest, "versioning: {deployment: '" + secret + ":', build_id: a, behavior: " + secret + "}\n" + smallest,
		"reconcile: {every: " + secret + "}\n" + smallest, "accounts: " + secret, "accounts: {shop: " + secret + "}",
		"ledger: x\nledger: " + secret, "task_queue: @" + secret, "%" + secret,
	} {
		_, err := Parse([]byte(document), ".")
		require.Error(t, err, document)
		require.NotContains(t, err.Error(), secret, document)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "---\n", "# nothing\n", "%YAML 1.2\n---\n" + smallest, "a: &x *x\n", smallest, setting("limits.daily_cap", "1")} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		c, err := Parse(document, ".")
		if err == nil {
			require.NotEmpty(t, c.Accounts)
		}
	})
}
