package server

import (
	"cmp"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

// maxBody is the largest request, far above what the Web UI sends at once: Temporal itself
// takes no payload above 2 MB, and no answer above 4 MB.
const maxBody = 16 << 20

// Options say whom the server serves.
type Options struct {
	// Codec does the work.
	Codec converter.PayloadCodec
	// Origins are the addresses of the Web UI as a browser writes them, such as
	// https://temporal.example.com: scheme, host and port alone.
	Origins []string
	// Tokens let in whoever knows one; see [ReadTokens]. The log calls them by their place,
	// "token 1".
	Tokens []string
	// Issuer is the address of an OpenID provider whose tokens for Audience let in; "" for none.
	Issuer, Audience string
	// Logger hears who asked, and who was refused.
	Logger logrus.FieldLogger
	// Now is the clock; nil means the machine's.
	Now func() time.Time
}

// Server answers the Web UI. It is safe for concurrent use.
type Server struct {
	options Options
	doors   []door // in the order in which they are tried
	cookies cookies
	tries   tries
	mux     *http.ServeMux
}

// New makes a server. It asks nobody: an OpenID provider is looked up when the first of its
// tokens comes.
func New(o Options) (*Server, error) {
	if len(o.Tokens) == 0 && o.Issuer == "" {
		return nil, errors.New("codec server: want tokens or an issuer: without either nobody could be let in")
	}
	if len(o.Origins) == 0 {
		return nil, errors.New("codec server: want the Web UI's address as an origin")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{options: o, cookies: newCookies(o.Tokens, o.Now), tries: tries{now: o.Now}, mux: http.NewServeMux()}
	s.doors = []door{tokens(o.Tokens)}
	if o.Issuer != "" {
		s.doors = append(s.doors, &issuer{address: o.Issuer, audience: o.Audience, now: o.Now})
	}
	// The Web UI asks /decode and /encode; a namespace's own address may have its name before that.
	for _, path := range []string{"/decode", "/encode", "/{namespace}/decode", "/{namespace}/encode"} {
		s.mux.HandleFunc("OPTIONS "+path, s.preflight)
		s.mux.HandleFunc("POST "+path, s.payloads)
	}
	s.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s.mux.HandleFunc("GET /{$}", s.page)
	// A form on somebody else's page must not sign anybody in or out.
	own := http.NewCrossOriginProtection()
	s.mux.Handle("POST /sign-in", own.Handler(http.HandlerFunc(s.signIn)))
	s.mux.Handle("POST /sign-out", own.Handler(http.HandlerFunc(s.signOut)))
	return s, nil
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	s.mux.ServeHTTP(w, r)
}

// allow answers a browser's question whether a page may read this answer, and reports whether the
// request comes from no page at all, or from one of the Web UI's.
func (s *Server) allow(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Add("Vary", "Origin") // also of a refusal: a cache must not hand it to another page
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	if !slices.Contains(s.options.Origins, origin) {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	return true
}

func (s *Server) preflight(w http.ResponseWriter, r *http.Request) {
	if !s.allow(w, r) || r.Header.Get("Origin") == "" {
		http.Error(w, badOrigin, http.StatusForbidden)
		return
	}
	// Authorization-Extras carries the Web UI's ID token beside the access token.
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Authorization-Extras, Content-Type, X-Namespace")
	w.Header().Set("Access-Control-Allow-Methods", http.MethodPost)
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// What a refused request is told.
const (
	// retryAfter is tryWindow, in seconds.
	retryAfter = "60"

	badOrigin = "this codec server does not serve pages of that address: add it to encryption.server.origins if it is the Web UI's"
	tooOften  = "too many tokens that are not known here came from your address: a right one is taken at once; " + unknown
	unknown   = "sign in first: open this server's own page (/) in the same browser, or send Authorization: Bearer with a token that it takes"
	notHere   = "the OpenID provider could not be asked about this token: try again in a moment; if it stays so, whoever runs this server finds why in its log"
)

func (s *Server) payloads(w http.ResponseWriter, r *http.Request) {
	if !s.allow(w, r) {
		http.Error(w, badOrigin, http.StatusForbidden)
		return
	}
	log := s.log(r)
	who, err := s.who(r)
	switch {
	case errors.Is(err, errUnasked):
		log.WithError(err).Error("codec: the issuer could not be asked")
		http.Error(w, notHere, http.StatusServiceUnavailable)
		return
	case errors.Is(err, errWrong) && s.tooMany(r):
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, tooOften, http.StatusTooManyRequests)
		return
	case err != nil:
		log.WithField("reason", shorten(err.Error())).Info("codec: refused")
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, unknown, http.StatusUnauthorized)
		return
	}
	counted := &counter{PayloadCodec: s.options.Codec}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	told := &answer{ResponseWriter: w, status: http.StatusOK}
	converter.NewPayloadCodecHTTPHandler(counted).ServeHTTP(told, r)
	log = log.WithFields(logrus.Fields{
		"who": who, "decoded": counted.decoded, "encoded": counted.encoded,
		"namespace": shorten(cmp.Or(r.PathValue("namespace"), r.Header.Get("X-Namespace"))),
	})
	switch {
	case counted.err != nil:
		log.WithError(counted.err).Warn("codec: not readable")
	case told.status != http.StatusOK:
		log.WithField("status", told.status).Warn("codec: a request that is none")
	default:
		log.Info("codec: answered")
	}
}

// answer keeps what was answered.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// counter counts what one request was given.
type counter struct {
	converter.PayloadCodec
	decoded, encoded int
	err              error
}

func (c *counter) Decode(p []*commonpb.Payload) ([]*commonpb.Payload, error) {
	p, c.err = c.PayloadCodec.Decode(p)
	if c.err == nil {
		c.decoded = len(p)
	}
	return p, c.err
}

func (c *counter) Encode(p []*commonpb.Payload) ([]*commonpb.Payload, error) {
	p, c.err = c.PayloadCodec.Encode(p)
	if c.err == nil {
		c.encoded = len(p)
	}
	return p, c.err
}

// log names who asks. Behind a proxy that is the proxy, and whom it names counts for people who
// read the log alone: whoever reaches this server without it can claim to be anybody.
func (s *Server) log(r *http.Request) logrus.FieldLogger {
	log := s.options.Logger.WithField("address", remote(r))
	if hops := r.Header.Values("X-Forwarded-For"); len(hops) > 0 {
		last := hops[len(hops)-1]
		log = log.WithField("forwarded_for", shorten(strings.TrimSpace(last[strings.LastIndex(last, ",")+1:])))
	}
	return log
}

func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// shorten keeps what a stranger wrote from filling the log.
func shorten(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
