package baidu

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // the platform signs with SHA-1 and nothing else, §9.1
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unsigned are the names that never take part in the signed string (§9.1).
var unsigned = map[string]bool{"rsaSign": true, "sign": true, "sign_type": true}

// canonical is the signed string of §9.1: names in byte order, raw values, empty ones included as received (§9.3).
func canonical(params map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if unsigned[name] {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name + "=" + params[name])
	}
	return b.String()
}

// signed tells whether the signature under name fits the parameters. It is as strict as base64 allows: a "+" that a client
// forgot to percent-encode arrives as a space and fails, as it may at the real platform.
func signed(key *rsa.PublicKey, params map[string]string, name string) bool {
	signature, err := base64.StdEncoding.Strict().DecodeString(params[name])
	if err != nil || len(signature) == 0 {
		return false
	}
	sum := sha1.Sum([]byte(canonical(params)))
	return rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature) == nil
}

// signature is the rsaSign of a letter: over all fields as sent, the empty ones included.
func signature(key *rsa.PrivateKey, fields map[string]string) string {
	sum := sha1.Sum([]byte(canonical(fields)))
	text, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, sum[:])
	if err != nil { // not with a key that was made or checked here; the merchant then refuses the letter, as it should
		return ""
	}
	return base64.StdEncoding.EncodeToString(text)
}

// digest is a short name for the business content of a call: equal content, equal digest. Tokens and the SDK's own marks
// are left out, since they may differ between two sendings of the same request.
func digest(params map[string]string) string {
	content := maps.Clone(params)
	for _, name := range []string{"access_token", "sp_sdk_ver", "sp_sdk_lang"} {
		delete(content, name)
	}
	sum := sha256.Sum256([]byte(canonical(content)))
	return hex.EncodeToString(sum[:8])
}

// parsePublicKey reads a merchant's public key.
func parsePublicKey(text string) (*rsa.PublicKey, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, fmt.Errorf("public_key_pem is not one PEM block \"PUBLIC KEY\"; make it with openssl rsa -in key.pem -pubout")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("public_key_pem is not a PKIX public key: %w", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("public_key_pem holds a %T; the platform knows RSA only", parsed)
	}
	if key.N.BitLen() < 1024 {
		return nil, fmt.Errorf("public_key_pem has %d bits; use 1024 or more", key.N.BitLen())
	}
	return key, nil
}
