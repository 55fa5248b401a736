package baidu

import (
	"crypto"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/wire"
)

func TestEveryVectorIsReproducedByteForByte(t *testing.T) {
	all, keys := vectors(t)
	signed, verified, mustFail := 0, 0, 0
	for _, v := range all {
		t.Run(v.ID, func(t *testing.T) {
			received := map[string]string{v.Name: v.Signature, "sign_type": "RSA"}
			for name, value := range v.Params {
				received[name] = value
			}
			require.Equal(t, v.Canonical, canonical.Text(received))
			if strings.HasPrefix(v.Kind, "sign") && !hasEmpty(v.Params) {
				signed++
				form, err := sign(private(t, keys[v.Key]), v.Name, v.Params)
				require.NoError(t, err)
				require.Equal(t, v.Signature, form.Get(v.Name))
				if v.WireForm != "" {
					require.Equal(t, v.WireForm, form.Encode())
				}
			}
			if strings.HasSuffix(v.Kind, "verify") {
				verified++
				require.NoError(t, verify(public(t, keys[v.Key]), v.form()))
			}
			if v.MustFail != "" {
				mustFail++
				raw, err := base64.StdEncoding.DecodeString(v.Signature)
				require.NoError(t, err)
				require.Error(t, wire.VerifyRSA(public(t, keys[v.Key]), crypto.SHA1, v.MustFail, raw))
				form := v.form()
				for name, value := range v.Params {
					if value == "" {
						form.Del(name)
					}
				}
				require.ErrorIs(t, verify(public(t, keys[v.Key]), form), errSignature)
			}
		})
	}
	require.Equal(t, []int{11, 8, 3}, []int{signed, verified, mustFail}, "a vector of the file was passed over")
}

func hasEmpty(params map[string]string) bool {
	for _, v := range params {
		if v == "" {
			return true
		}
	}
	return false
}

func (v vector) form() url.Values {
	form := url.Values{v.Name: {v.Signature}}
	for name, value := range v.Params {
		form.Set(name, value)
	}
	return form
}

func TestAnEmptyValueIsNeitherSentNorSigned(t *testing.T) {
	key := private(t, vectorKeys(t)["merchant_doc_key"])
	with, err := sign(key, signatureCashier, map[string]string{"a": "1", "b": ""})
	require.NoError(t, err)
	without, err := sign(key, signatureCashier, map[string]string{"a": "1"})
	require.NoError(t, err)
	require.Equal(t, without, with)
}

func TestACallbackHoldsOnlyAsItWasSigned(t *testing.T) {
	all, keys := vectors(t)
	key := public(t, keys["platform_test_key"])
	var notice vector
	for _, v := range all {
		if v.ID == "computed-notify-failure" {
			notice = v
		}
	}
	require.NoError(t, verify(key, notice.form()))
	require.Contains(t, notice.Signature, "+", "the vector must be able to lose its plus signs")
	require.True(t, strings.HasSuffix(notice.Signature, "="))

	for name, test := range map[string]struct {
		change func(url.Values)
		holds  bool
	}{
		"plus signs turned into spaces": {func(f url.Values) { f.Set("rsaSign", strings.ReplaceAll(notice.Signature, "+", " ")) }, true},
		"padding lost":                  {func(f url.Values) { f.Set("rsaSign", strings.TrimRight(notice.Signature, "=")) }, true},
		"both": {func(f url.Values) {
			f.Set("rsaSign", strings.TrimRight(strings.ReplaceAll(notice.Signature, "+", " "), "="))
		}, true},
		"sign_type is not signed":        {func(f url.Values) { f.Set("sign_type", "RSA") }, true},
		"another status":                 {func(f url.Values) { f.Set("refundStatus", "1") }, false},
		"a field more":                   {func(f url.Values) { f.Set("extra", "1") }, false},
		"an empty field more":            {func(f url.Values) { f.Set("extra", "") }, false},
		"a field less":                   {func(f url.Values) { f.Del("userId") }, false},
		"a name twice":                   {func(f url.Values) { f.Add("refundStatus", "2") }, false},
		"a name without values":          {func(f url.Values) { f["x"] = nil }, false},
		"the signature twice":            {func(f url.Values) { f.Add("rsaSign", notice.Signature) }, false},
		"no signature":                   {func(f url.Values) { f.Del("rsaSign") }, false},
		"an empty signature":             {func(f url.Values) { f.Set("rsaSign", "==") }, false},
		"a signature that is not base64": {func(f url.Values) { f.Set("rsaSign", "*") }, false},
		"a short signature":              {func(f url.Values) { f.Set("rsaSign", notice.Signature[:40]) }, false},
		"a field hidden in another's end": {func(f url.Values) {
			f.Set("refundBatchId", f.Get("refundBatchId")+"&refundStatus=2")
			f.Del("refundStatus")
		}, false},
		"a field hidden in a name": {func(f url.Values) {
			f.Set("orderId=1068881223&refundBatchId", f.Get("refundBatchId"))
			f.Del("orderId")
			f.Del("refundBatchId")
		}, false},
	} {
		form := notice.form()
		test.change(form)
		err := verify(key, form)
		if test.holds {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, errSignature, name)
	}
	require.ErrorIs(t, verify(public(t, keys["merchant_doc_key"]), notice.form()), errSignature)

	s := settings(t, TransportCashier, "http://localhost")
	require.NoError(t, newProvider(t, s).verifyCallback(notice.form()))
	s.PlatformPublicKeyFile = ""
	require.ErrorContains(t, newProvider(t, s).verifyCallback(notice.form()), "baidu.platform_public_key_file")
}
