package shengpay

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/wire"
)

func TestEveryVectorIsReproducedByteForByte(t *testing.T) {
	all, keys := vectors(t)
	require.Len(t, all, 4)
	for _, v := range all {
		t.Run(v.ID, func(t *testing.T) {
			require.Equal(t, v.Canonical, canonical.Text(v.Params))
			got, err := sign(keys[v.Key].private(t), v.Params)
			require.NoError(t, err)
			require.Equal(t, v.Signature, got)

			params := map[string]string{"sign": v.Signature}
			for name, value := range v.Params {
				params[name] = value
			}
			body, err := encode(params, AmountsNumber) // amounts are signed in their digits
			require.NoError(t, err)
			members, err := wire.ParseObject([]byte(body))
			require.NoError(t, err)
			require.NoError(t, verify(keys[v.Key].public(t), members))
			for name, other := range keys {
				if name != v.Key {
					require.ErrorIs(t, verify(other.public(t), members), errSignature)
				}
			}
		})
	}
}

func TestAMessageHoldsOnlyAsItWasSigned(t *testing.T) {
	_, keys := vectors(t)
	key := keys["platform_test_key"].public(t)
	const plain = `{"a":"1","mchId":93745648,"returnMsg":"测试 <&>"}`
	good := signatureOf(t, `a=1&mchId=93745648&returnMsg=测试 <&>`)
	nullSigned := signatureOf(t, `a=1&mchId=93745648&n=&returnMsg=测试 <&>`)
	nestedSigned := signatureOf(t, `a=1&mchId=93745648&n={"x": [1]}&returnMsg=测试 <&>`)
	long := signatureOf(t, `n=12345678901234567890123`)
	for name, test := range map[string]struct {
		message, signature string
		want               error
	}{
		"as it is":                            {plain, good, nil},
		"numbers as texts":                    {`{"a":1,"mchId":"93745648","returnMsg":"测试 <&>"}`, good, nil},
		"an empty value more":                 {`{"a":"1","b":"","mchId":93745648,"returnMsg":"测试 <&>"}`, good, nil},
		"null that was left out":              {`{"a":"1","n":null,"mchId":93745648,"returnMsg":"测试 <&>"}`, good, nil},
		"null signed as n=":                   {`{"a":"1","n":null,"mchId":93745648,"returnMsg":"测试 <&>"}`, nullSigned, nil},
		"the same beside an empty value":      {`{"a":"1","b":"","n":null,"mchId":93745648,"returnMsg":"测试 <&>"}`, nullSigned, nil},
		"n= signed and left out":              {plain, nullSigned, errSignature},
		"nested that was left out":            {`{"a":"1","n":{"x": [1]},"mchId":93745648,"returnMsg":"测试 <&>"}`, good, nil},
		"nested signed as its text":           {`{"a":"1","n":{"x": [1]},"mchId":93745648,"returnMsg":"测试 <&>"}`, nestedSigned, errSignature},
		"nested beside null signed as n=":     {`{"a":"1","m":["x"],"n":null,"mchId":93745648,"returnMsg":"测试 <&>"}`, nullSigned, nil},
		"nested text that looks like a field": {`{"a":"1","n":["x&refundFee=1"],"mchId":93745648,"returnMsg":"测试 <&>"}`, good, errSignature},
		"a number that a float would lose":    {`{"n":12345678901234567890123}`, long, nil},
		"the same with an exponent":           {`{"n":1.2345678901234567890123e22}`, long, errSignature},
		"another value":                       {`{"a":"2","mchId":93745648,"returnMsg":"测试 <&>"}`, good, errSignature},
		"a member more":                       {`{"a":"1","b":"2","mchId":93745648,"returnMsg":"测试 <&>"}`, good, errSignature},
		"a member less":                       {`{"a":"1","mchId":93745648}`, good, errSignature},
		"a name in capitals":                  {`{"A":"1","mchId":93745648,"returnMsg":"测试 <&>"}`, good, errSignature},
		"a field hidden in another's end":     {`{"a":"1&mchId=93745648","returnMsg":"测试 <&>"}`, good, errSignature},
		"a field hidden in a name":            {`{"a=1&mchId":93745648,"returnMsg":"测试 <&>"}`, good, errSignature},
		"a short signature":                   {plain, good[:40], errSignature},
		"a signature that is not base64":      {plain, "*", errSignature},
		"no signature":                        {plain, "", errUnsigned},
	} {
		members, err := wire.ParseObject([]byte(withSign(test.message, test.signature)))
		require.NoError(t, err, name)
		if test.want == nil {
			require.NoError(t, verify(key, members), name)
			continue
		}
		require.ErrorIs(t, verify(key, members), test.want, name)
	}
	for sign, want := range map[string]error{`null`: errUnsigned, `1`: errSignature, `["` + good + `"]`: errSignature, `{}`: errSignature} {
		members, err := wire.ParseObject([]byte(strings.TrimSuffix(plain, "}") + `,"sign":` + sign + `}`))
		require.NoError(t, err)
		require.ErrorIs(t, verify(key, members), want, sign)
	}
	members, err := wire.ParseObject([]byte(plain))
	require.NoError(t, err)
	require.ErrorIs(t, verify(key, members), errUnsigned)
	// What a merchant wrote into an order may look like parameters.
	text := `attach=x=1&y=2`
	members, err = wire.ParseObject([]byte(withSign(`{"attach":"x=1&y=2"}`, signatureOf(t, text))))
	require.NoError(t, err)
	require.NoError(t, verify(key, members))
}
