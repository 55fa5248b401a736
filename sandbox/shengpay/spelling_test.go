package shengpay_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

// §5.3: clients leave a null out of what they sign, Shengpay's own PHP signs it as "name=".
func TestANullIsSignedInEitherWay(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	w.order(nil)
	nulls := func(signed string) fields {
		in := with(with(wanted(), "sign", nil), "refundDesc", "")
		in["sign"] = w.signText(strings.Replace(signedText(in), "&refundFee", signed+"&refundFee", 1))
		in["refundAccount"], in["refundDesc"] = nil, nil
		return in
	}
	require.Equal(t, "SUCCESS", w.send(refundPath, text(nulls("")))["resultCode"], "left out")
	require.Equal(t, "SUCCESS", w.send(refundPath, text(nulls("&refundAccount=&refundDesc=")))["resultCode"], "as Shengpay's PHP")
	require.Equal(t, "SIGN_ERROR", w.send(refundPath, text(nulls("&refundDesc=")))["errorCode"], "one way or the other, not both")
	require.Equal(t, "SIGN_ERROR", w.send(refundPath, text(with(nulls("&refundAccount=&refundDesc="), "refundDesc", "")))["errorCode"], "an empty text is no null")
	require.EqualValues(t, 100, w.book().Refunded)
}

// What PHP and Java make of the same request: escaped slashes and characters, another order, blanks, upper-case charset.
func TestAnySpellingOfTheSameJSONIsTheSameRequest(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	w.order(nil)
	plain := text(w.sign(wanted()))
	first := w.send(refundPath, plain)
	for _, spelt := range []string{
		strings.ReplaceAll(plain, "/", `\/`), strings.ReplaceAll(plain, "测试退款", `\u6d4b\u8bd5\u9000\u6b3e`),
		" \r\n" + strings.ReplaceAll(plain, `","`, "\" ,\n\t\"") + "\n", strings.ReplaceAll(plain, `"100"`, `100`),
		strings.Replace(plain, "{", `{"refundAccount":"","transactionId":"","zzz":null,`, 1),
		strings.Replace(plain, `"93745648"`, `93745648`, 1),
	} {
		require.NotEqual(t, plain, spelt)
		require.Equal(t, first["refundId"], w.send(refundPath, spelt)["refundId"], spelt)
	}
}
