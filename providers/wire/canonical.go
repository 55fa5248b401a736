package wire

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1"   // platforms that say "RSA" mean SHA-1
	_ "crypto/sha256" // and "RSA2" means SHA-256
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Canonical says how a platform makes the string it signs: name=value, raw and
// not percent-encoded, sorted by name in byte order, joined by &.
type Canonical struct {
	// Omit names parameters that are sent but not signed, such as the signature.
	Omit []string
	// OmitEmpty leaves out parameters without a value; otherwise they stay as
	// "name=".
	OmitEmpty bool
}

// Text makes the string to be signed.
func (c Canonical) Text(params map[string]string) string {
	pairs := make([]string, 0, len(params))
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if slices.Contains(c.Omit, name) || c.OmitEmpty && params[name] == "" {
			continue
		}
		pairs = append(pairs, name+"="+params[name])
	}
	return strings.Join(pairs, "&")
}

// SignRSA signs text with RSASSA-PKCS1-v1_5 over hash, crypto.SHA1 or
// crypto.SHA256, and returns padded base64. The same text always gives the same
// signature.
func SignRSA(key *rsa.PrivateKey, hash crypto.Hash, text string) (string, error) {
	sum, err := digest(hash, text)
	if err != nil {
		return "", err
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, hash, sum)
	if err != nil {
		return "", fmt.Errorf("signing with %s: %w", hash, err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// VerifyRSA returns nil when signature, decoded from base64, is key's over text.
func VerifyRSA(key *rsa.PublicKey, hash crypto.Hash, text string, signature []byte) error {
	sum, err := digest(hash, text)
	if err != nil {
		return err
	}
	return rsa.VerifyPKCS1v15(key, hash, sum, signature)
}

func digest(hash crypto.Hash, text string) ([]byte, error) {
	if hash != crypto.SHA1 && hash != crypto.SHA256 {
		return nil, fmt.Errorf("hash %s: want SHA-1 or SHA-256", hash)
	}
	h := hash.New()
	h.Write([]byte(text))
	return h.Sum(nil), nil
}
