package server

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// provider is an OpenID provider that describes itself and publishes one key.
type provider struct {
	*httptest.Server
	key   *rsa.PrivateKey
	away  atomic.Bool
	asked atomic.Int32 // for its description
	read  atomic.Int32 // for its keys
	keys  atomic.Value // what it answers to that, when it is another than its key
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p := &provider{key: key}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case p.away.Load():
			w.WriteHeader(http.StatusBadGateway)
		case r.URL.Path == "/.well-known/openid-configuration":
			p.asked.Add(1)
			_ = json.NewEncoder(w).Encode(map[string]any{
				"issuer": p.URL, "jwks_uri": p.URL + "/keys", "authorization_endpoint": p.URL, "token_endpoint": p.URL,
				"id_token_signing_alg_values_supported": []string{"RS256", "HS256"},
			})
		case p.read.Add(1) > 0 && p.keys.Load() != nil:
			http.Error(w, p.keys.Load().(string), http.StatusOK)
		default:
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k1", Algorithm: "RS256", Use: "sig"}}})
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) token(t *testing.T, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
	require.NoError(t, err)
	text, err := json.Marshal(claims)
	require.NoError(t, err)
	signed, err := signer.Sign(text)
	require.NoError(t, err)
	compact, err := signed.CompactSerialize()
	require.NoError(t, err)
	return compact
}

func (p *provider) claims(now time.Time, change map[string]any) map[string]any {
	all := map[string]any{"iss": p.URL, "aud": "temporal", "sub": "li.na", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	for name, value := range change {
		all[name] = value
	}
	return all
}

func TestWhoAnOpenIDProviderVouchesForIsLetIn(t *testing.T) {
	p := newProvider(t)
	s := newSite(t, func(o *Options) { o.Issuer, o.Audience = p.URL, "temporal" })
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	now := s.clock()
	for _, c := range []struct {
		name   string
		alg    jose.SignatureAlgorithm
		key    any
		claims map[string]any
		status int
	}{
		{"a good token", jose.RS256, p.key, nil, 200},
		{"for several audiences", jose.RS256, p.key, map[string]any{"aud": []string{"other", "temporal"}}, 200},
		{"for another audience", jose.RS256, p.key, map[string]any{"aud": "shop"}, 401},
		{"of another issuer", jose.RS256, p.key, map[string]any{"iss": "https://evil.example.com"}, 401},
		{"that has expired", jose.RS256, p.key, map[string]any{"exp": now.Add(-time.Second).Unix()}, 401},
		{"that is not valid yet", jose.RS256, p.key, map[string]any{"nbf": now.Add(time.Hour).Unix()}, 401},
		{"signed by somebody else", jose.RS256, stranger, nil, 401},
		{"signed with a shared secret", jose.HS256, []byte(strings.Repeat("k", 32)), nil, 401},
	} {
		r := s.send(http.MethodPost, "/decode", s.sealed(1), "Origin: "+webUI, "Authorization: Bearer "+p.token(t, c.alg, c.key, p.claims(now, c.claims)))
		if c.status == http.StatusOK {
			clear(t, r, 1)
			continue
		}
		require.Equal(t, c.status, r.StatusCode, c.name)
	}
	forged := strings.Split(p.token(t, jose.RS256, p.key, p.claims(now, nil)), ".")
	forged[0] = "eyJhbGciOiJub25lIn0" // {"alg":"none"}
	require.Equal(t, http.StatusUnauthorized, s.send(http.MethodPost, "/decode", s.sealed(1), "Authorization: Bearer "+strings.Join(forged, ".")).StatusCode)
	require.Contains(t, s.said(), `"who":"subject li.na"`)
	require.NotContains(t, s.said(), forged[2], "no token in the log")
	require.Equal(t, int32(1), p.asked.Load(), "its description is kept")
	clear(t, s.send(http.MethodPost, "/decode", s.sealed(1), "Authorization: Bearer "+finance), 1)
}

func TestAProviderThatIsAwayIsAskedAgainAndKeepsNobodyElseOut(t *testing.T) {
	p := newProvider(t)
	s := newSite(t, func(o *Options) { o.Issuer, o.Audience = p.URL, "temporal" })
	p.away.Store(true)
	ask := func(bearer string) *http.Response {
		return s.send(http.MethodPost, "/decode", s.sealed(1), "Authorization: Bearer "+bearer)
	}
	good := p.token(t, jose.RS256, p.key, p.claims(s.clock(), nil))
	r := ask(good)
	require.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	require.Contains(t, read(t, r), "try again")
	clear(t, ask(support), 1)
	require.Equal(t, http.StatusUnauthorized, ask("no.such-token").StatusCode)
	p.away.Store(false)
	require.Equal(t, http.StatusServiceUnavailable, ask(good).StatusCode, "it is left alone for a moment")
	s.pass(issuerPause)
	clear(t, ask(good), 1)
}

// Whoever knows issuer and audience, which are no secret, can make up such tokens.
func TestMadeUpTokensAreNoBurdenToTheProvider(t *testing.T) {
	p := newProvider(t)
	s := newSite(t, func(o *Options) { o.Issuer, o.Audience = p.URL, "temporal" })
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	forged, good := p.token(t, jose.RS256, stranger, p.claims(s.clock(), nil)), p.token(t, jose.RS256, p.key, p.claims(s.clock(), nil))
	ask := func(bearer string) *http.Response {
		return s.send(http.MethodPost, "/decode", s.sealed(1), "Authorization: Bearer "+bearer)
	}
	for round := range int32(3) {
		for range 2 * mostTries {
			require.GreaterOrEqual(t, ask(forged).StatusCode, 401)
		}
		require.Equal(t, round+1, p.read.Load(), "questions for its keys")
		clear(t, ask(good), 1)
		s.pass(issuerPause)
	}
}

func TestAKeyThatTheProviderBeginsToUseIsLookedUp(t *testing.T) {
	p := newProvider(t)
	s := newSite(t, func(o *Options) { o.Issuer, o.Audience = p.URL, "temporal" })
	ask := func() *http.Response {
		token := p.token(t, jose.RS256, p.key, p.claims(s.clock(), nil))
		return s.send(http.MethodPost, "/decode", s.sealed(1), "Authorization: Bearer "+token)
	}
	clear(t, ask(), 1)
	next, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	*p.key = *next
	s.pass(issuerPause)
	clear(t, ask(), 1)
	clear(t, ask(), 1)
	require.Equal(t, int32(2), p.read.Load())
}

func TestKeysThatCannotBeFetchedAreNotTheTokensFault(t *testing.T) {
	for name, answer := range map[string]string{"no keys": `{"keys":[]}`, "a page": "<html>maintenance</html>", "away": ""} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			s := newSite(t, func(o *Options) { o.Issuer, o.Audience = p.URL, "temporal" })
			ask := func(claims map[string]any) *http.Response {
				token := p.token(t, jose.RS256, p.key, p.claims(s.clock(), claims))
				return s.send(http.MethodPost, "/decode", s.sealed(1), "Authorization: Bearer "+token)
			}
			require.Equal(t, http.StatusUnauthorized, ask(map[string]any{"aud": "shop"}).StatusCode, "it describes itself")
			if p.away.Store(answer == ""); answer != "" {
				p.keys.Store(answer)
			}
			r := ask(nil)
			require.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
			require.Contains(t, read(t, r), "try again in a moment")
			require.Contains(t, s.said(), "codec: the issuer could not be asked")
			require.Equal(t, http.StatusUnauthorized, ask(map[string]any{"aud": "shop"}).StatusCode, "that this one is wrong needs no key")
			for range 2 * mostTries {
				require.Equal(t, http.StatusServiceUnavailable, ask(nil).StatusCode, "nobody is blamed")
			}
		})
	}
}
