package wechat

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSignaturesAreTheNotesVectorsByteForByte(t *testing.T) {
	var file struct {
		Vectors []struct {
			Name      string `json:"name"`
			Key       string `json:"key"`
			Params    fields `json:"params"`
			Canonical string `json:"canonical"`
			MD5       string `json:"md5"`
			HMAC      string `json:"hmac_sha256"`
		} `json:"vectors"`
	}
	testdata(t, "wechat_v2_sign_vectors.json", &file)
	require.NotEmpty(t, file.Vectors)
	for _, v := range file.Vectors {
		require.Equal(t, v.Canonical, canonical.Text(v.Params)+"&key="+v.Key, v.Name)
		require.Equal(t, v.MD5, signer{SignMD5, v.Key}.sign(v.Params), v.Name)
		require.Equal(t, v.HMAC, signer{SignHMACSHA256, v.Key}.sign(v.Params), v.Name)
	}
}

func TestASignatureCoversEveryFieldAndMustBeThere(t *testing.T) {
	s := signer{SignMD5, apiKey}
	good, err := parseXML(sample(t, "wechat_v2_refund_response_success.xml"), "xml")
	require.NoError(t, err)
	require.NoError(t, s.verify(good))
	for name, change := range map[string]fields{
		"an unknown field": {"new_field": "1"}, "another amount": {"refund_fee": "301"}, "a zero that is lost": {"coupon_refund_fee": ""},
		"no signature": {"sign": ""}, "another signature": {"sign": strings.Repeat("0", 32)}, "lower case": {"sign": strings.ToLower(good["sign"])},
	} {
		f := fields{}
		for k, v := range good {
			f[k] = v
		}
		for k, v := range change {
			f[k] = v
		}
		require.ErrorIs(t, s.verify(f), errSignature, name)
	}
	require.ErrorIs(t, signer{SignHMACSHA256, apiKey}.verify(good), errSignature, "the algorithm is the request's")
	require.ErrorIs(t, signer{SignMD5, strings.Repeat("0", 32)}.verify(good), errSignature)
	good["refund_channel"] = ""
	require.NoError(t, s.verify(good), "an empty element is not signed")
}

type notifyVector struct {
	Name         string `json:"name"`
	APIKey       string `json:"api_key"`
	AESKey       string `json:"aes_key_ascii_32"`
	Plaintext    string `json:"plaintext"`
	Info         string `json:"req_info"`
	Notification string `json:"notification_xml"`
}

func notifyVectors(t testing.TB) []notifyVector {
	t.Helper()
	var file struct {
		Vectors []notifyVector `json:"vectors"`
	}
	testdata(t, "wechat_v2_refund_notify_vectors.json", &file)
	require.NotEmpty(t, file.Vectors)
	return file.Vectors
}

func TestReqInfoIsDecryptedAsInTheNotesVectors(t *testing.T) {
	names := map[string]bool{}
	for _, v := range notifyVectors(t) {
		names[v.Name] = true
		sum := md5.Sum([]byte(v.APIKey))
		require.Equal(t, v.AESKey, hex.EncodeToString(sum[:]))
		plain, err := decryptInfo(v.APIKey, v.Info)
		require.NoError(t, err, v.Name)
		require.Equal(t, v.Plaintext, string(plain), v.Name)

		other := append([]byte(v.APIKey[1:]), 'x')
		_, err = decryptInfo(string(other), v.Info)
		require.ErrorIs(t, err, errDecrypt, "a wrong key")
		for name, info := range map[string]string{
			"nothing": "", "no base64": "***", "unpadded": strings.TrimRight(v.Info, "=") + "=x", "half a block": v.Info[:20],
			"the last block gone": v.Info[:len(v.Info)/2/64*64], "url alphabet": strings.ReplaceAll(v.Info, "+", "-"),
		} {
			_, err := decryptInfo(v.APIKey, info)
			require.ErrorIs(t, err, errDecrypt, name)
		}
	}
	require.True(t, names["md5_with_leading_zeros"])
	for name, tail := range map[string]string{
		"padding of nothing": "\x00", "padding beyond a block": "\x11", "padding that is not the same throughout": "\x01\x03\x03",
	} {
		// A multiple of the block, so that a whole block of true padding follows: it is cut off.
		sealed, err := base64.StdEncoding.DecodeString(encryptInfo(apiKey, strings.Repeat("x", 32-len(tail))+tail))
		require.NoError(t, err)
		_, err = decryptInfo(apiKey, base64.StdEncoding.EncodeToString(sealed[:32]))
		require.ErrorIs(t, err, errDecrypt, name)
	}
}

func TestANonceIsNewForEveryAttempt(t *testing.T) {
	a, b := newNonce(), newNonce()
	require.Len(t, a, 32)
	require.NotEqual(t, a, b)
}
