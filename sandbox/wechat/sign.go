package wechat

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// The values of sign_type (§4.1). The answer is signed the way the request asked for.
const (
	signMD5  = "MD5"
	signHMAC = "HMAC-SHA256"
)

// canonical is the text under a v2 signature before the key: everything but sign and empty values, sorted, raw (§8).
func canonical(values map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name != "sign" && values[name] != "" {
			pairs = append(pairs, name+"="+values[name])
		}
	}
	return strings.Join(pairs, "&")
}

func sign(values map[string]string, signType, key string) string {
	text := []byte(canonical(values) + "&key=" + key)
	var sum []byte
	if signType == signHMAC {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(text)
		sum = mac.Sum(nil)
	} else {
		md := md5.Sum(text)
		sum = md[:]
	}
	return strings.ToUpper(hex.EncodeToString(sum))
}

func signed(values map[string]string, key string) bool {
	want := sign(values, values["sign_type"], key)
	return subtle.ConstantTimeCompare([]byte(want), []byte(values["sign"])) == 1
}

// digest tells equal business contents from different ones. What changes between repetitions of one request stays out.
func digest(values map[string]string) string {
	content := maps.Clone(values)
	delete(content, "nonce_str")
	sum := sha256.Sum256([]byte(canonical(content)))
	return hex.EncodeToString(sum[:8])
}

// random is 32 characters in upper-case hex, as nonces and the opaque signatures of the cloud dialects look.
func random() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return strings.ToUpper(hex.EncodeToString(b))
}
