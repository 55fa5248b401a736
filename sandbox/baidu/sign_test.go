package baidu

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPublishedSignatureVectorsVerify(t *testing.T) {
	var file struct {
		Keys map[string]struct {
			Public  string `json:"public_pem"`
			Private string `json:"private_pkcs8_pem"`
		}
		Vectors []struct {
			ID, Key, Canonical, Signature string
			Params                        map[string]string
			SignatureParam                string `json:"signature_param"`
			MustFail                      string `json:"must_fail_canonical"`
		}
	}
	b, err := os.ReadFile("testdata/baidu_signature_vectors.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &file))
	require.Len(t, file.Vectors, 15)
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			key, err := parsePublicKey(file.Keys[v.Key].Public)
			require.NoError(t, err)
			require.Equal(t, v.Canonical, canonical(v.Params))
			received := map[string]string{v.SignatureParam: v.Signature, "sign_type": "RSA"}
			for name, value := range v.Params {
				received[name] = value
			}
			require.True(t, signed(key, received, v.SignatureParam), "the signature is taken out of what it signs, sign_type too")
			for name, value := range v.Params {
				received[name] = value + "1"
				require.False(t, signed(key, received, v.SignatureParam), "%s is covered by the signature", name)
				received[name] = value
				if value == "" {
					delete(received, name)
					require.False(t, signed(key, received, v.SignatureParam), "the empty %s is covered too", name)
					received[name] = value
				}
			}
			if block, _ := pem.Decode([]byte(file.Keys[v.Key].Private)); block != nil {
				private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
				require.NoError(t, err)
				require.Equal(t, v.Signature, signature(private.(*rsa.PrivateKey), v.Params), "what the platform signs itself")
			}
			received["added"] = "1"
			require.False(t, signed(key, received, v.SignatureParam), "nothing can be added")
		})
	}
}

func TestDigestSeesContentAndNothingElse(t *testing.T) {
	one := map[string]string{"orderId": "1", "rsaSign": "a", "access_token": "x"}
	require.Equal(t, digest(one), digest(map[string]string{"orderId": "1", "rsaSign": "b", "access_token": "y"}))
	require.NotEqual(t, digest(one), digest(map[string]string{"orderId": "2"}))
}

func TestPublicKeysThatCannotServeAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty":       "",
		"no PEM":      "MIGfMA0",
		"wrong block": "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
		"not PKIX":    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parsePublicKey(text)
			require.ErrorContains(t, err, "public_key_pem")
		})
	}
}
