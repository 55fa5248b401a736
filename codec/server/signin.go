package server

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
	"time"
)

// signin.html is the one page, with its style inside: nothing is fetched from anywhere.
//
//go:embed signin.html
var pageText string

//go:embed signin.css
var pageStyle string

var (
	pageTemplate = template.Must(template.New("").Parse(pageText))
	pagePolicy   = func() string {
		sum := sha256.Sum256([]byte(pageStyle))
		return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	}()
)

// shown is what the page says.
type shown struct {
	Style template.CSS
	// Origins are where to go on.
	Origins []string
	// Tokens: there is something to sign in with.
	Tokens bool
	// Who is signed in until when, "" for nobody.
	Who, Until string
	// Wrong is why the last try failed.
	Wrong string
}

func (s *Server) page(w http.ResponseWriter, r *http.Request) { s.show(w, r, http.StatusOK, "") }

func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	page := shown{Style: template.CSS(pageStyle), Origins: s.options.Origins, Tokens: len(s.options.Tokens) > 0, Wrong: wrong}
	if who, until, ok := s.cookies.read(r); ok {
		page.Who, page.Until = who, until.UTC().Format(time.RFC1123)
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Referrer-Policy", "same-origin")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := pageTemplate.Execute(w, page); err != nil {
		s.options.Logger.WithError(err).Debug("codec: the page was not delivered")
	}
}

// mostForm is far above any token.
const mostForm = 8 << 10

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	token := tokens(s.options.Tokens).find(strings.TrimSpace(r.PostFormValue("token")))
	switch {
	case token >= 0:
	case s.tooMany(r):
		w.Header().Set("Retry-After", retryAfter)
		s.show(w, r, http.StatusTooManyRequests, "That token is not known here, and too many like it came from your address. A right one is taken at once.")
		return
	default:
		s.log(r).Warn("codec: somebody tried to sign in with a wrong token")
		s.show(w, r, http.StatusUnauthorized, "That token is not known here. Ask whoever runs this server for the content of a file of encryption.server.token_files.")
		return
	}
	http.SetCookie(w, s.cookies.make(token, r))
	s.log(r).WithField("who", tokens(s.options.Tokens).name(token)).Info("codec: signed in")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// signOut forgets the cookie in this browser. One that was copied elsewhere holds until its end, or
// until its token is removed.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, s.cookies.cookie("", -1, r))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
