package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	cookieName = "refundflow_codec"
	// signedInFor is how long a person stays signed in: a working day.
	signedInFor = 12 * time.Hour
)

// cookies are sealed moments until which somebody may read. They hold no token, and are sealed
// with a key of the token they were given for: a token that is removed ends its cookies, and any
// process with the same token files takes them.
type cookies struct {
	names []string
	keys  [][]byte
	now   func() time.Time
}

func newCookies(known tokens, now func() time.Time) cookies {
	c := cookies{now: now}
	for i, token := range known {
		c.names = append(c.names, known.name(i))
		c.keys = append(c.keys, mac([]byte(token), "refundflow codec server cookie"))
	}
	return c
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// make is the cookie for whoever knows a token.
func (c cookies) make(token int, r *http.Request) *http.Cookie {
	until := strconv.FormatInt(c.now().Add(signedInFor).Unix(), 10)
	return c.cookie(until+"."+base64.RawURLEncoding.EncodeToString(mac(c.keys[token], until)), int(signedInFor/time.Second), r)
}

// cookie is sent to this server alone, and only from pages of the same site: the Web UI must be
// served under the same registered domain, whatever its port.
func (c cookies) cookie(value string, maxAge int, r *http.Request) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		// Over plain HTTP a browser would never send a secure one back.
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	}
}

// owner says for which token the request's cookie was given.
func (c cookies) owner(r *http.Request) (who string, ok bool) {
	who, _, ok = c.read(r)
	return who, ok
}

func (c cookies) read(r *http.Request) (who string, until time.Time, ok bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return "", until, false
	}
	moment, seal, _ := strings.Cut(cookie.Value, ".")
	given, err := base64.RawURLEncoding.DecodeString(seal)
	if err != nil {
		return "", until, false
	}
	for i, key := range c.keys {
		if !hmac.Equal(mac(key, moment), given) {
			continue
		}
		seconds, err := strconv.ParseInt(moment, 10, 64)
		until = time.Unix(seconds, 0)
		return c.names[i], until, err == nil && c.now().Before(until)
	}
	return "", until, false
}
