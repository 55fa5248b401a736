package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const form = "Content-Type: application/x-www-form-urlencoded"

func TestWhoSignsInReadsForTwelveHoursAndTheCookieHoldsNoToken(t *testing.T) {
	s := newSite(t)
	r := s.send(http.MethodPost, "/sign-in", "token=+"+finance+"+", form, "Sec-Fetch-Site: same-origin")
	require.Equal(t, http.StatusSeeOther, r.StatusCode)
	require.Equal(t, "/", r.Header.Get("Location"))
	c := r.Cookies()[0]
	require.True(t, c.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, c.SameSite)
	require.Equal(t, 12*60*60, c.MaxAge)
	require.False(t, c.Secure, "over plain HTTP it would never come back")
	require.NotContains(t, c.Value, finance)
	behind := s.send(http.MethodPost, "/sign-in", "token="+finance, form, "X-Forwarded-Proto: https")
	require.True(t, behind.Cookies()[0].Secure)

	ask := func(s *site) *http.Response {
		return s.send(http.MethodPost, "/decode", s.sealed(1), "Origin: "+webUI, "Cookie: "+cookieName+"="+c.Value)
	}
	s.pass(signedInFor - time.Second)
	clear(t, ask(s), 1)
	clear(t, ask(newSite(t)), 1)
	removed := newSite(t, func(o *Options) { o.Tokens = []string{support} })
	require.Equal(t, http.StatusUnauthorized, ask(removed).StatusCode, "a token that is removed ends its cookies")
	s.pass(time.Second)
	require.Equal(t, http.StatusUnauthorized, ask(s).StatusCode)
	require.Contains(t, s.said(), `codec: signed in {"address":"192.0.2.1","who":"token 1"}`)
}

func TestThePageSaysWhatItIsForAndWhereToGoOn(t *testing.T) {
	s := newSite(t)
	r := s.send(http.MethodGet, "/", "")
	body := read(t, r)
	for _, part := range []string{`<html lang="en">`, "<title>Read encrypted refunds", `<label for="token">`, `type="password"`, "Who reads how many entries is logged"} {
		require.Contains(t, body, part)
	}
	require.Contains(t, r.Header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(t, r.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	for _, outside := range []string{"<script", "http://", "https://", "//"} {
		require.NotContains(t, strings.ReplaceAll(body, "<!DOCTYPE", ""), outside, "nothing comes from anywhere else")
	}
	body = read(t, s.send(http.MethodGet, "/", "", "Cookie: "+s.signedIn(support)))
	require.Contains(t, body, "signed in with token 2, until Sat, 21 Nov 2026 22:00:00 UTC")
	require.Contains(t, body, `<a href="`+webUI+`">`)

	out := s.send(http.MethodPost, "/sign-out", "", form)
	require.Equal(t, http.StatusSeeOther, out.StatusCode)
	require.Negative(t, out.Cookies()[0].MaxAge)

	body = read(t, newSite(t, func(o *Options) { o.Tokens, o.Issuer = nil, "https://id.example.com" }).send(http.MethodGet, "/", ""))
	require.NotContains(t, body, "<form", "without tokens there is nothing to sign in with")
}

func TestWhoBringsTooManyWrongTokensIsTurnedAwayAndARightOneAlwaysEnters(t *testing.T) {
	cookie := cookieName + "=4102444800.c2VhbA"
	for name, c := range map[string]struct {
		guess   func(s *site, token string) *http.Response
		entered int
	}{
		"at the page": {
			guess: func(s *site, token string) *http.Response {
				return s.send(http.MethodPost, "/sign-in", "token="+token, form)
			}, entered: http.StatusSeeOther,
		},
		"with a bearer token": {
			guess: func(s *site, token string) *http.Response {
				return s.send(http.MethodPost, "/decode", s.sealed(1), "Authorization: Bearer "+token)
			}, entered: http.StatusOK,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			for i := range 3 * mostTries {
				r := c.guess(s, fmt.Sprintf("guess-%d-<script>", i))
				require.Empty(t, r.Cookies())
				body := read(t, r)
				require.NotContains(t, body, "guess-", "what was typed is not shown again")
				if i < mostTries {
					require.Equal(t, http.StatusUnauthorized, r.StatusCode, body)
					continue
				}
				require.Equal(t, http.StatusTooManyRequests, r.StatusCode, body)
				require.Equal(t, "60", r.Header.Get("Retry-After"))
				require.Contains(t, body, "right one is taken at once")
			}
			require.Len(t, s.log.AllEntries(), mostTries+1, "nobody fills the log")
			require.Contains(t, s.said(), `codec: too many wrong tokens: those of the next minute are not logged {"address":"192.0.2.1"}`)
			require.NotContains(t, s.said(), "guess-")
			require.Equal(t, c.entered, c.guess(s, finance).StatusCode, "colleagues behind the same proxy are not locked out")
			require.Equal(t, http.StatusUnauthorized, s.send(http.MethodPost, "/decode", s.sealed(1), "Origin: "+webUI, "Cookie: "+cookie).StatusCode,
				"a cookie that has ended is no guess")
			s.pass(tryWindow)
			require.Equal(t, http.StatusUnauthorized, c.guess(s, "another").StatusCode)
		})
	}
}

func TestAFormOnAnotherPageSignsNobodyInOrOut(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/sign-in", "/sign-out"} {
		for _, headers := range [][]string{{form, "Sec-Fetch-Site: cross-site"}, {form, "Origin: https://evil.example.com"}} {
			r := s.send(http.MethodPost, path, "token="+finance, headers...)
			require.Equal(t, http.StatusForbidden, r.StatusCode)
			require.Empty(t, r.Cookies())
		}
	}
}

func TestWhatIsRememberedOfStrangersIsBounded(t *testing.T) {
	tries := tries{now: func() time.Time { return time.Unix(0, 0) }}
	for i := range 2*mostAddresses + 1 {
		tries.wrong(fmt.Sprint(i))
		require.LessOrEqual(t, len(tries.seen), mostAddresses)
	}
}
