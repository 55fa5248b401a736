package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/refundflow/refundflow/providers/wire"
)

// door is a way to prove who one is.
type door interface {
	// open says who brings the bearer token. Errors hold no token.
	open(ctx context.Context, bearer string) (who string, err error)
}

var (
	// errWrong: there was a token, and it opens nothing.
	errWrong    = errors.New("a wrong token")
	errStranger = fmt.Errorf("%w, which nobody here knows", errWrong)
	errNobody   = errors.New("neither a bearer token nor a cookie")
	errNoPage   = errors.New("a cookie without an Origin: only a page of the Web UI may use it")
	// errUnasked: nothing is known about the token, since its issuer is away.
	errUnasked = errors.New("the OpenID provider cannot be reached, or is no such provider")
)

// who says who sends a request. A bearer token counts alone, without a look at the cookie.
func (s *Server) who(r *http.Request) (string, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, bearer, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", errNobody
		}
		for _, d := range s.doors {
			who, err := d.open(r.Context(), bearer)
			if !errors.Is(err, errStranger) {
				return who, err
			}
		}
		return "", errStranger
	}
	who, ok := s.cookies.owner(r)
	switch {
	case !ok:
		return "", errNobody
	case r.Header.Get("Origin") == "":
		return "", errNoPage
	}
	return who, nil
}

// shortestToken keeps tokens from being guessed.
const shortestToken = 32

// ReadTokens reads token files: each holds one token of at least 32 characters on one line, and
// can be used by its owner alone. The error lists every file with a mistake.
func ReadTokens(files []string) ([]string, error) {
	var all []string
	var bad []error
	for _, file := range files {
		token, err := wire.SecretFile(file)
		if err == nil && len(token) < shortestToken {
			err = fmt.Errorf("%s holds %d characters: want at least %d, as openssl rand -hex 32 makes them", file, len(token), shortestToken)
		}
		if err != nil {
			bad = append(bad, fmt.Errorf("codec server's token: %w", err))
		}
		all = append(all, token)
	}
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	return all, nil
}

type tokens []string

func (t tokens) open(_ context.Context, bearer string) (string, error) {
	if i := t.find(bearer); i >= 0 {
		return t.name(i), nil
	}
	return "", errStranger
}

// find compares with every token, in a time that tells nothing of how much of one was right.
func (t tokens) find(bearer string) int {
	found, sum := -1, sha256.Sum256([]byte(bearer))
	for i, token := range t {
		if known := sha256.Sum256([]byte(token)); subtle.ConstantTimeCompare(known[:], sum[:]) == 1 {
			found = i
		}
	}
	return found
}

func (t tokens) name(i int) string { return fmt.Sprintf("token %d", i+1) }
