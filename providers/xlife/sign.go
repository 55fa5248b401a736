package xlife

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// beijing is fixed: the platform reads timestamps in GMT+8 whatever zone this
// machine is in, and refuses what is ten minutes off (§1).
var beijing = time.FixedZone("GMT+8", 8*60*60)

const timeLayout = "2006-01-02 15:04:05"

// canonical is the text to be signed: name and value of every parameter that is
// sent but the signature, raw, sorted by name in byte order, nothing between.
// What is empty does not count (§3).
func canonical(params map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if value := params[name]; name != "" && value != "" && name != "sign" {
			b.WriteString(name + value)
		}
	}
	return b.String()
}

// signature of params in upper-case hex. MD5 has the secret on both sides of the
// text; the two HMACs have it as their key alone (§3).
func signature(method SignMethod, secret string, params map[string]string) string {
	text := canonical(params)
	var digest hash.Hash
	switch method {
	case SignMD5:
		digest, text = md5.New(), secret+text+secret
	case SignHMAC:
		digest = hmac.New(md5.New, []byte(secret))
	case SignHMACSHA256:
		digest = hmac.New(sha256.New, []byte(secret))
	default: // settings were checked: the strongest is what the default says
		digest = hmac.New(sha256.New, []byte(secret))
	}
	digest.Write([]byte(text))
	return strings.ToUpper(hex.EncodeToString(digest.Sum(nil)))
}

// form is the body of a call at a moment: the system's parameters (§1), the
// operation's own, and the signature over both.
func (p *Provider) form(o op, own map[string]string, at time.Time) url.Values {
	params := map[string]string{
		"method":      string(o),
		"app_key":     p.settings.AppKey,
		"session":     p.session,
		"timestamp":   at.In(beijing).Format(timeLayout),
		"format":      "json", // the default is XML
		"v":           "2.0",
		"sign_method": string(p.settings.SignMethod),
	}
	if p.settings.Simplify {
		params["simplify"] = "true"
	}
	maps.Copy(params, own)
	params["sign"] = signature(p.settings.SignMethod, p.secret, params)
	form := url.Values{}
	for name, value := range params {
		if value != "" {
			form.Set(name, value)
		}
	}
	return form
}
