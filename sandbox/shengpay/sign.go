package shengpay

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // the platform signs with SHA-1 and nothing else, §5.1
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

// canonical is the signed string of §5.1: names in byte order, raw values, empty ones and sign left out. The names in nulls
// are written with nothing behind them.
func canonical(params map[string]string, nulls ...string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(nulls), maps.Keys(params)))) {
		if name == "sign" || params[name] == "" && !slices.Contains(nulls, name) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name + "=" + params[name])
	}
	return b.String()
}

// signed tells whether sign fits the parameters. Clients leave a null out of the signed string, Shengpay's own PHP writes it
// there as "name=" (§5.3): where nulls were sent, either reading will do.
func signed(key *rsa.PublicKey, params map[string]string, nulls []string) bool {
	signature, err := base64.StdEncoding.Strict().DecodeString(params["sign"])
	if err != nil || len(signature) == 0 {
		return false
	}
	holds := func(text string) bool {
		sum := sha1.Sum([]byte(text))
		return rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature) == nil
	}
	return holds(canonical(params)) || len(nulls) > 0 && holds(canonical(params, nulls...))
}

// sign gives the value of sign.
func sign(key *rsa.PrivateKey, params map[string]string) (string, error) {
	sum := sha1.Sum([]byte(canonical(params)))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign with the platform key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// digest is a short name for the business content of a call: equal content, equal digest. The nonce is fresh with every
// repeat, and the signature with it.
func digest(params map[string]string) string {
	content := maps.Clone(params)
	delete(content, "nonceStr")
	delete(content, "signType")
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

// publicPEM is what merchants install to check answers and notifications with.
func publicPEM(key *rsa.PrivateKey) string {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil { // impossible for an RSA key made here
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
