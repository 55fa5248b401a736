package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNothingIsDecryptedForWhoHasNotProvenWhoTheyAre(t *testing.T) {
	s := newSite(t)
	cookie, page := "Cookie: "+s.signedIn(finance), "Origin: "+webUI
	for _, c := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"a token", []string{"Authorization: Bearer " + finance}, 200},
		{"another token, from the Web UI", []string{"Authorization: bearer " + support, page}, 200},
		{"a cookie, from the Web UI", []string{cookie, page}, 200},
		{"a cookie, from its other address", []string{cookie, "Origin: http://127.0.0.1:8233"}, 200},
		{"nothing", nil, 401},
		{"nothing, from the Web UI", []string{page}, 401},
		{"a wrong token", []string{"Authorization: Bearer " + finance + "x"}, 401},
		{"half of a token", []string{"Authorization: Bearer " + finance[:20]}, 401},
		{"an empty token", []string{"Authorization: Bearer "}, 401},
		{"a token said otherwise", []string{"Authorization: Basic " + finance}, 401},
		{"a wrong token beside a good cookie", []string{"Authorization: Bearer x", cookie, page}, 401},
		{"a cookie from no page", []string{cookie}, 401},
		{"the token as a cookie", []string{"Cookie: refundflow_codec=" + finance, page}, 401},
		{"a cookie with another moment", []string{strings.Replace(cookie, "=1", "=2", 1), page}, 401},
		{"a cookie without a seal", []string{cookie[:strings.Index(cookie, ".")], page}, 401},
		{"a cookie, from another site", []string{cookie, "Origin: https://evil.example.com"}, 403},
		{"a token, from another site", []string{"Authorization: Bearer " + finance, "Origin: https://evil.example.com"}, 403},
		{"from a site that begins alike", []string{cookie, "Origin: " + webUI + ".evil.example"}, 403},
		{"from the same host without TLS", []string{cookie, "Origin: http://temporal.example.com"}, 403},
		{"from a page of nowhere", []string{cookie, "Origin: null"}, 403},
	} {
		r := s.send(http.MethodPost, "/decode?preserveStorageRefs=true", s.sealed(2), c.headers...)
		require.Equal(t, "Origin", r.Header.Get("Vary"), c.name)
		require.Equal(t, "no-store", r.Header.Get("Cache-Control"), c.name)
		if c.status == http.StatusOK {
			clear(t, r, 2)
			continue
		}
		body := read(t, r)
		require.Equal(t, c.status, r.StatusCode, "%s: %s", c.name, body)
		require.NotContains(t, body, "parcel", c.name)
		if c.status == http.StatusUnauthorized {
			require.Contains(t, body, "open this server's own page", c.name)
			require.Equal(t, "Bearer", r.Header.Get("WWW-Authenticate"))
		} else {
			require.Contains(t, body, "encryption.server.origins", c.name)
			require.Empty(t, r.Header.Get("Access-Control-Allow-Origin"), c.name)
		}
	}
	for _, private := range []string{"parcel", "2250333905", finance, support, finance[:20], strings.Split(cookie, ".")[1]} {
		require.NotContains(t, s.said(), private)
	}
}

func TestABrowserIsToldWhichPagesMayAsk(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/decode", "/encode", "/default/decode", "/default/encode"} {
		r := s.send(http.MethodOptions, path, "", "Origin: "+webUI, "Access-Control-Request-Method: POST")
		require.Equal(t, http.StatusNoContent, r.StatusCode, path)
		require.Equal(t, webUI, r.Header.Get("Access-Control-Allow-Origin"))
		require.Equal(t, "true", r.Header.Get("Access-Control-Allow-Credentials"))
		require.Equal(t, "POST", r.Header.Get("Access-Control-Allow-Methods"))
		for _, name := range []string{"Authorization", "Authorization-Extras", "Content-Type", "X-Namespace"} {
			require.Contains(t, r.Header.Get("Access-Control-Allow-Headers"), name)
		}
		for _, origin := range []string{"https://evil.example.com", "null", ""} {
			r = s.send(http.MethodOptions, path, "", "Origin: "+origin)
			require.Equal(t, http.StatusForbidden, r.StatusCode, origin)
			require.Empty(t, r.Header.Values("Access-Control-Allow-Origin"))
			require.Empty(t, r.Header.Values("Access-Control-Allow-Credentials"))
			require.Equal(t, "Origin", r.Header.Get("Vary"))
		}
	}
	r := s.send(http.MethodPost, "/decode", s.sealed(1), "Origin: "+webUI, "Authorization: Bearer "+finance)
	require.Equal(t, webUI, r.Header.Get("Access-Control-Allow-Origin"))
	clear(t, r, 1)
}

func TestWhatIsTypedInTheWebUIIsEncrypted(t *testing.T) {
	s := newSite(t)
	plain := `{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"eyJieSI6ImZpbmFuY2UtMiJ9"}]}`
	for _, path := range []string{"/encode", "/default/encode"} {
		r := s.send(http.MethodPost, path, plain, "Authorization: Bearer "+finance, "X-Namespace: default")
		body := read(t, r)
		require.Equal(t, http.StatusOK, r.StatusCode, body)
		require.NotContains(t, body, "eyJieSI6", "nothing of it is plain")
		back := s.send(http.MethodPost, "/decode", body, "Authorization: Bearer "+finance)
		require.Contains(t, read(t, back), "eyJieSI6ImZpbmFuY2UtMiJ9")
		require.Equal(t, http.StatusUnauthorized, s.send(http.MethodPost, path, plain).StatusCode)
	}
}

func TestTheLogSaysWhoReadHowMuchAndNotWhat(t *testing.T) {
	s := newSite(t)
	clear(t, s.send(http.MethodPost, "/decode", s.sealed(3), "Authorization: Bearer "+support, "X-Namespace: default"), 3)
	require.Contains(t, s.said(), `"address":"192.0.2.1","decoded":3,"encoded":0,"namespace":"default","who":"token 2"`)
	require.NotContains(t, s.said(), "parcel")

	other := `{"payloads":[{"metadata":{"encoding":"YmluYXJ5L2VuY3J5cHRlZA==","encryption-key-id":"bm8gc3VjaCBrZXk="},"data":"AAAA"}]}`
	r := s.send(http.MethodPost, "/decode", other, "Authorization: Bearer "+finance, "X-Namespace: "+strings.Repeat("n", 5000))
	require.Equal(t, http.StatusBadRequest, r.StatusCode)
	require.Contains(t, read(t, r), `key "no such key"`, "who may read is told which key is missing")
	require.Contains(t, s.said(), "codec: not readable")
	require.Less(t, len(s.said()), 2000, "what a stranger wrote does not fill the log")
}

func TestTheLogNamesWhomTheProxyNamesAndBelievesItInNothing(t *testing.T) {
	s := newSite(t)
	clear(t, s.send(http.MethodPost, "/decode", s.sealed(1), "Authorization: Bearer "+finance,
		"X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: claimed by the browser, 198.51.100.7"), 1)
	require.Contains(t, s.said(), `"address":"192.0.2.1","decoded":1,"encoded":0,"forwarded_for":"198.51.100.7"`)
	for i := range mostTries + 1 {
		r := s.send(http.MethodPost, "/decode", s.sealed(1), "Authorization: Bearer wrong", fmt.Sprintf("X-Forwarded-For: 203.0.113.%d", i))
		require.Equal(t, i == mostTries, r.StatusCode == http.StatusTooManyRequests, "who claims to be somebody else each time is counted all the same")
	}
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	s := newSite(t)
	for name, body := range map[string]string{"no JSON": "decode this", "a payload that is null": `{"payloads":[null]}`, "too much": strings.Repeat(" ", maxBody+1)} {
		require.Equal(t, http.StatusBadRequest, s.send(http.MethodPost, "/decode", body, "Authorization: Bearer "+finance).StatusCode, name)
	}
	require.Contains(t, s.said(), `"status":400`)
	require.NotContains(t, s.said(), "answered")
	require.Equal(t, http.StatusMethodNotAllowed, s.send(http.MethodGet, "/decode", "").StatusCode)
	require.Equal(t, http.StatusNotFound, s.send(http.MethodPost, "/a/b/decode", "").StatusCode)
	require.Equal(t, http.StatusNoContent, s.send(http.MethodGet, "/livez", "").StatusCode, "to be alive is told to everybody")
}

func TestAServerThatNobodyOrEverybodyCouldUseIsNotMade(t *testing.T) {
	_, err := New(Options{Origins: []string{webUI}})
	require.ErrorContains(t, err, "nobody could be let in")
	_, err = New(Options{Tokens: []string{finance}})
	require.ErrorContains(t, err, "origin")
}

func TestEveryTokenFileWithAMistakeIsNamedAndNoTokenIsShown(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), mode))
		return file
	}
	good, short, open := write("good", finance+"\n", 0o600), write("short", "hunter2hunter2", 0o600), write("open", support, 0o644)
	all, err := ReadTokens([]string{good})
	require.NoError(t, err)
	require.Equal(t, []string{finance}, all)
	_, err = ReadTokens([]string{good, short, open, filepath.Join(dir, "nowhere")})
	for _, part := range []string{short + " holds 14 characters: want at least 32", open, "chmod 600", "nowhere"} {
		require.ErrorContains(t, err, part)
	}
	require.NotContains(t, err.Error(), "hunter2")
	require.NotContains(t, err.Error(), support)
}

func TestItServesUntilItIsStopped(t *testing.T) {
	s := newSite(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	client := http.Client{Timeout: 30 * time.Second}
	r, err := client.Get("http://" + l.Addr().String() + "/livez")
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	require.Equal(t, http.StatusNoContent, r.StatusCode)
	stop()
	require.NoError(t, <-served)
	require.ErrorContains(t, s.Serve(t.Context(), l), "codec server on 127.0.0.1", "its listener is closed")
}
