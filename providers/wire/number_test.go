package wire

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnIntIsExactWhetherNumberOrString(t *testing.T) {
	for text, want := range map[string]Int{
		`0`: 0, `"0"`: 0, `9800`: 9800, `"9800"`: 9800, `-1`: -1, `"-1024"`: -1024,
		`9007199254740993`: 9007199254740993, `"9007199254740993"`: 9007199254740993, // 2^53+1, lost by a float
		`9223372036854775807`: 9223372036854775807, `"-9223372036854775808"`: -9223372036854775808,
	} {
		var got Int
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		`""`, `" 1"`, `"1 "`, `"+1"`, `"007"`, `"-0"`, `"0x1F"`, `1e3`, `"1e3"`, `1.0`, `1.5`, `"1.5"`, `"1_000"`, `"一"`,
		`9223372036854775808`, `"9223372036854775808"`, `null`, `true`, `[]`, `{}`, `[1]`,
	} {
		var got Int
		require.Error(t, json.Unmarshal([]byte(text), &got), text)
		require.Zero(t, got)
	}
}

func TestAMissingOrNullIntIsNotZero(t *testing.T) {
	for _, text := range []string{`{}`, `{"n":null}`} {
		var got struct{ N *Int }
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Nil(t, got.N)
	}
}

func TestAnIDKeepsItsDigits(t *testing.T) {
	for text, want := range map[string]ID{
		`"152713835"`: "152713835", `152713835`: "152713835", `81341494729172`: "81341494729172",
		`123456789012345678901234567890`: "123456789012345678901234567890", `"007"`: "007", `"R-1_a"`: "R-1_a", `""`: "",
	} {
		var got ID
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{`1.5`, `8.00200451E8`, `null`, `true`, `[]`, `{}`, `"a\nb"`, `"一"`, `"` + strings.Repeat("1", 129) + `"`} {
		var got ID
		require.Error(t, json.Unmarshal([]byte(text), &got), text)
	}
}

func TestAnObjectMatchesNamesExactlyAndOnce(t *testing.T) {
	o, err := ParseObject([]byte(` {"errno":0,"ERRNO":7,"data":[],"none":null,"inner":{"a":1}} `))
	require.NoError(t, err)
	var n Int
	require.NoError(t, o.Read("errno", &n))
	require.Zero(t, n)
	require.ErrorContains(t, o.Read("Errno", &n), "Errno is missing")
	require.ErrorContains(t, o.Read("none", &n), "none is missing")
	require.ErrorContains(t, o.Read("data", &n), "data is not of the documented shape")
	require.False(t, o.Has("none"))
	inner, err := o.Object("inner")
	require.NoError(t, err)
	require.True(t, inner.Has("a"))
	for _, name := range []string{"data", "none", "absent", "errno"} {
		_, err := o.Object(name)
		require.ErrorContains(t, err, name)
	}
	for _, text := range []string{``, ` `, `null`, `[]`, `"a"`, `1`, `{`, `{"a":1`, `{"a":1}x`, `{"a":1}{"a":1}`, `{"a":1,"a":2}`, `{"a"}`, `<html>`} {
		_, err := ParseObject([]byte(text))
		require.Error(t, err, text)
	}
}

func FuzzIntIsExactOrRefused(f *testing.F) {
	for _, seed := range []string{`0`, `"9800"`, `9007199254740993`, `1e3`, `"007"`, `null`, `"-1"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var got Int
		if json.Unmarshal(raw, &got) != nil {
			return
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = strings.TrimSpace(string(raw))
		}
		want, ok := new(big.Int).SetString(text, 10)
		require.True(t, ok, "%q was taken for a number", raw)
		require.Equal(t, want.String(), big.NewInt(int64(got)).String())
	})
}

func FuzzParseObjectAgreesWithEncodingJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"b":[{}]}`, `{"a":1,"a":2}`, `[]`, `{"a":null}x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		object, err := ParseObject(raw)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(raw, &want))
		require.Len(t, object, len(want))
		for name := range want {
			require.JSONEq(t, string(want[name]), string(object[name]))
		}
	})
}

func FuzzKeysNeverPanicAndNeverShowContent(f *testing.F) {
	for _, seed := range []string{"", "-----BEGIN PRIVATE KEY-----\nMIIC\n-----END PRIVATE KEY-----", "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEw", "\ufeffAAAA"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, err := range []error{second(ParsePrivateKey(text)), second(ParsePublicKey(text))} {
			if err != nil && len(text) > 24 {
				require.NotContains(t, err.Error(), string(text))
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
