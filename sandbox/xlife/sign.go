package xlife

import (
	"crypto/hmac"
	"crypto/md5" // two of TOP's three signature methods rest on MD5, §3
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// canonical is the signed text of §3: names in byte order, each followed by its raw value, nothing between them; empty
// names and values and the signature itself left out.
func canonical(params map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != "" && name != "sign" && params[name] != "" {
			b.WriteString(name + params[name])
		}
	}
	return b.String()
}

// signature is what sign must hold, in upper-case hex; false for a sign_method TOP does not have. The English page describes
// hmac otherwise; the SDK and working clients use the plain HMAC (§3).
func signature(method, secret string, params map[string]string) (string, bool) {
	text := canonical(params)
	var sum []byte
	switch method {
	case "md5":
		of := md5.Sum([]byte(secret + text + secret))
		sum = of[:]
	case "hmac":
		mac := hmac.New(md5.New, []byte(secret))
		mac.Write([]byte(text))
		sum = mac.Sum(nil)
	case "hmac-sha256":
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(text))
		sum = mac.Sum(nil)
	default:
		return "", false
	}
	return strings.ToUpper(hex.EncodeToString(sum)), true
}

// system are the parameters that say how a call is made, not what it wants. Two of them change with every repeat.
var system = []string{"session", "timestamp", "format", "v", "sign_method", "sign", "simplify", "partner_id", "target_app_key"}

// digest is a short name for the business content of a call: equal content, equal digest.
func digest(params map[string]string) string {
	content := maps.Clone(params)
	for _, name := range system {
		delete(content, name)
	}
	sum := sha256.Sum256([]byte(canonical(content)))
	return hex.EncodeToString(sum[:8])
}
