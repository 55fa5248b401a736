package wire

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	return key
}

func file(t *testing.T, mode os.FileMode, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	require.NoError(t, os.Chmod(path, mode))
	return path
}

// forms writes one key in every form in which people keep keys.
func forms(der []byte, label string) map[string]string {
	text := string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	bare := base64.StdEncoding.EncodeToString(der)
	wrapped := strings.Join(strings.Split(text, "\n")[1:strings.Count(text, "\n")-1], "\n")
	return map[string]string{
		"PEM":                        text,
		"PEM with CRLF":              strings.ReplaceAll(text, "\n", "\r\n"),
		"PEM with BOM":               bom + text,
		"PEM pasted on one line":     strings.ReplaceAll(text, "\n", " "),
		"base64":                     bare,
		"base64 without padding":     strings.TrimRight(bare, "="),
		"base64 with a line end":     bare + "\n",
		"base64 wrapped":             wrapped,
		"base64 wrapped, CRLF, BOM":  bom + strings.ReplaceAll(wrapped, "\n", "\r\n") + "\r\n",
		"PEM under a wrong heading":  strings.ReplaceAll(text, label, "RSA PRIVATE KEY"),
		"PEM indented in a document": "  " + strings.ReplaceAll(text, "\n", "\n  "),
	}
}

func TestAPrivateKeyIsReadInEveryFormPeopleKeepIt(t *testing.T) {
	key := newKey(t)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for kind, all := range map[string]map[string]string{
		"PKCS#1": forms(x509.MarshalPKCS1PrivateKey(key), "RSA PRIVATE KEY"),
		"PKCS#8": forms(pkcs8, "PRIVATE KEY"),
	} {
		for form, text := range all {
			for _, mode := range []os.FileMode{0o600, 0o400} {
				got, err := PrivateKeyFile(file(t, mode, text))
				require.NoError(t, err, "%s as %s", kind, form)
				require.True(t, key.Equal(got), "%s as %s", kind, form)
			}
		}
	}
}

func TestTheKeyOfAClientCertificateMayBeRSAOrElliptic(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	ofCurve, err := x509.MarshalPKCS8PrivateKey(curve)
	require.NoError(t, err)
	sec1, err := x509.MarshalECPrivateKey(curve)
	require.NoError(t, err)
	whole := newKey(t)
	for label, c := range map[string]struct {
		der  []byte
		want interface{ Equal(crypto.PrivateKey) bool }
	}{"PRIVATE KEY": {ofCurve, curve}, "EC PRIVATE KEY": {sec1, curve}, "RSA PRIVATE KEY": {x509.MarshalPKCS1PrivateKey(whole), whole}} {
		got, err := SignerFile(file(t, 0o600, forms(c.der, label)["PEM"]))
		require.NoError(t, err, label)
		require.True(t, c.want.Equal(got), label)
		_, err = SignerFile(file(t, 0o644, forms(c.der, label)["PEM"]))
		require.ErrorContains(t, err, "chmod 600", label)
	}
	_, err = SignerFile(file(t, 0o600, "no key"))
	require.Error(t, err)
}

func TestAPublicKeyIsReadInEveryFormPeopleKeepIt(t *testing.T) {
	key := &newKey(t).PublicKey
	pkix, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(t, err)
	for kind, all := range map[string]map[string]string{
		"PKCS#1": forms(x509.MarshalPKCS1PublicKey(key), "RSA PUBLIC KEY"),
		"PKIX":   forms(pkix, "PUBLIC KEY"),
	} {
		for form, text := range all {
			got, err := PublicKeyFile(file(t, 0o644, text))
			require.NoError(t, err, "%s as %s", kind, form)
			require.True(t, key.Equal(got), "%s as %s", kind, form)
		}
	}
}

func TestAPrivateFileThatOthersCanUseIsRefusedWithTheCommandToType(t *testing.T) {
	key := forms(x509.MarshalPKCS1PrivateKey(newKey(t)), "RSA PRIVATE KEY")["PEM"]
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o610, 0o644, 0o666} {
		path := file(t, mode, key)
		_, err := PrivateKeyFile(path)
		require.ErrorContains(t, err, "chmod 600 "+path)
		path = file(t, mode, "hunter2")
		_, err = SecretFile(path)
		require.ErrorContains(t, err, "chmod 600 "+path)
	}
}

func TestABadKeyFileIsNamedAndItsContentIsNotShown(t *testing.T) {
	key := newKey(t)
	pkix, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	ec, err := x509.MarshalPKCS8PrivateKey(elliptical)
	require.NoError(t, err)
	ecPublic, err := x509.MarshalPKIXPublicKey(&elliptical.PublicKey)
	require.NoError(t, err)
	t.Setenv("GODEBUG", "rsa1024min=0")
	small, err := rsa.GenerateKey(rand.Reader, 768)
	require.NoError(t, err)
	one := forms(x509.MarshalPKCS1PrivateKey(key), "RSA PRIVATE KEY")["PEM"]
	cut := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(key)[:200])

	for name, test := range map[string]struct{ text, want string }{
		"empty":         {"", "is empty"},
		"only headings": {"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", "is empty"},
		"text":          {"my secret words!", "not one key"},
		"two keys":      {one + one, "holds 2 blocks"},
		"cut":           {cut, "no RSA private key"},
		"public":        {base64.StdEncoding.EncodeToString(pkix), "holds a public key"},
		"elliptic":      {base64.StdEncoding.EncodeToString(ec), "want an RSA private key"},
		"encrypted":     {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----", "without a passphrase"},
		"too small":     {base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(small)), "768 bits"},
	} {
		_, err := PrivateKeyFile(file(t, 0o600, test.text))
		require.ErrorContains(t, err, test.want, name)
		if len(test.text) > 12 {
			require.NotContains(t, err.Error(), test.text[:12], name)
		}
	}
	for name, test := range map[string]struct{ text, want string }{
		"empty":    {" \r\n", "is empty"},
		"text":     {"??", "not one key"},
		"cut":      {cut, "no RSA public key"},
		"elliptic": {base64.StdEncoding.EncodeToString(ecPublic), "want an RSA public key"},
	} {
		_, err := PublicKeyFile(file(t, 0o644, test.text))
		require.ErrorContains(t, err, test.want, name)
	}
	_, err = PrivateKeyFile(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = PublicKeyFile(t.TempDir())
	require.ErrorContains(t, err, "not a regular file")
	_, err = SecretFile(file(t, 0o600, strings.Repeat("x", maxKeyFile+1)))
	require.ErrorContains(t, err, "at most 65536 bytes")
}

func TestASecretIsOneWordOfItsFile(t *testing.T) {
	for _, text := range []string{"hunter2", "hunter2\n", "\ufeff hunter2 \r\n"} {
		got, err := SecretFile(file(t, 0o600, text))
		require.NoError(t, err)
		require.Equal(t, "hunter2", got)
	}
	for text, want := range map[string]string{"": "is empty", " \n": "is empty", "hunter2\nhunter3": "one secret on one line", "hunter\x002": "one secret"} {
		_, err := SecretFile(file(t, 0o600, text))
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "hunter")
	}
}

func TestTheCanonicalStringIsSortedByNameInByteOrder(t *testing.T) {
	params := map[string]string{"b": "2", "appKey": "k", "appId": "1", "B": "", "sign": "x", "ä": "& ="}
	require.Equal(t, "B=&appId=1&appKey=k&b=2&sign=x&ä=& =", Canonical{}.Text(params))
	require.Equal(t, "appId=1&appKey=k&b=2&ä=& =", Canonical{Omit: []string{"sign"}, OmitEmpty: true}.Text(params))
	require.Empty(t, Canonical{}.Text(nil))
}

func TestASignatureHoldsForItsTextKeyAndHashOnly(t *testing.T) {
	key, other := newKey(t), newKey(t)
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		text, err := SignRSA(key, hash, "a=1")
		require.NoError(t, err)
		signature, err := base64.StdEncoding.DecodeString(text)
		require.NoError(t, err)
		require.NoError(t, VerifyRSA(&key.PublicKey, hash, "a=1", signature))
		require.Error(t, VerifyRSA(&key.PublicKey, hash, "a=2", signature))
		require.Error(t, VerifyRSA(&other.PublicKey, hash, "a=1", signature))
		require.Error(t, VerifyRSA(&key.PublicKey, crypto.SHA1+crypto.SHA256-hash, "a=1", signature))
		require.Error(t, VerifyRSA(&key.PublicKey, hash, "a=1", signature[1:]))
	}
	_, err := SignRSA(key, crypto.MD5, "a=1")
	require.ErrorContains(t, err, "want SHA-1 or SHA-256")
}
