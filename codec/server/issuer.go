package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

const (
	// askIssuer is how long the issuer may take to answer.
	askIssuer = 5 * time.Second
	// issuerPause is how long it is left alone after it was asked, whatever came of it.
	issuerPause = 5 * time.Second
	// mostKeys bounds the list of its keys.
	mostKeys = 1 << 20
)

// issuer is an OpenID provider. What it says of itself and its keys are asked for once a token
// needs them, and kept: one that is away when the server starts must not keep tokens of files out.
type issuer struct {
	address, audience string
	now               func() time.Time

	described atomic.Pointer[description]
	describes question
	keys      atomic.Pointer[oidc.StaticKeySet]
	publishes question
}

// description is what is needed of what the provider says of itself.
type description struct {
	KeysAddress string   `json:"jwks_uri"`
	Algorithms  []string `json:"id_token_signing_alg_values_supported"`
}

func (i *issuer) open(ctx context.Context, bearer string) (string, error) {
	if strings.Count(bearer, ".") != 2 {
		return "", errStranger // no JWT: nothing to ask about
	}
	if err := i.describe(); err != nil {
		return "", err
	}
	keys := &keySet{issuer: i}
	token, err := oidc.NewVerifier(i.address, keys, &oidc.Config{
		ClientID: i.audience, Now: i.now, SupportedSigningAlgs: i.described.Load().Algorithms,
	}).Verify(ctx, bearer)
	switch {
	case keys.unasked != nil:
		return "", keys.unasked
	case err != nil:
		return "", fmt.Errorf("%w: OpenID: %w", errWrong, err)
	}
	return "subject " + shorten(token.Subject), nil
}

// client is how the provider is asked. No question has a request's context: whoever hangs up must
// not decide for the next one.
var client = &http.Client{Timeout: askIssuer}

func (i *issuer) describe() error {
	if i.described.Load() != nil {
		return nil
	}
	return i.describes.ask(i.now, func() error {
		provider, err := oidc.NewProvider(oidc.ClientContext(context.Background(), client), i.address)
		if err != nil {
			return err
		}
		var d description
		if err := provider.Claims(&d); err != nil {
			return err
		}
		i.described.Store(&d)
		return nil
	})
}

// keySet verifies one token. The verifier tells of its errors by their text alone, so it keeps
// the one that is not the token's fault.
type keySet struct {
	*issuer
	unasked error
}

// VerifySignature implements [oidc.KeySet]. Keys are asked for again when none of those that are
// here signed the token, since providers change them.
func (k *keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	if known := k.keys.Load(); known != nil {
		if payload, err := known.VerifySignature(ctx, jwt); err == nil {
			return payload, nil
		}
	}
	if k.unasked = k.publishes.ask(k.now, k.publish); k.unasked != nil {
		return nil, k.unasked
	}
	return k.keys.Load().VerifySignature(ctx, jwt)
}

func (i *issuer) publish() error {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, i.described.Load().KeysAddress, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("its keys: %s", response.Status)
	}
	var all jose.JSONWebKeySet
	if err := json.NewDecoder(io.LimitReader(response.Body, mostKeys)).Decode(&all); err != nil {
		return fmt.Errorf("its keys: %w", err)
	}
	keys := &oidc.StaticKeySet{}
	for _, key := range all.Keys {
		if key.IsPublic() { // a shared secret verifies nothing here
			keys.PublicKeys = append(keys.PublicKeys, key.Key)
		}
	}
	if len(keys.PublicKeys) == 0 {
		return errors.New("its keys: there is none")
	}
	i.keys.Store(keys)
	return nil
}

// question is asked once every issuerPause at most, and what came of it is the answer meanwhile:
// whoever sends made-up tokens must not make this server a burden to the provider.
type question struct {
	mutex  sync.Mutex
	asked  time.Time
	failed error
}

func (q *question) ask(now func() time.Time, ask func() error) error {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if !q.asked.IsZero() && now().Sub(q.asked) < issuerPause {
		return q.failed
	}
	err := ask()
	q.asked, q.failed = now(), nil
	if err != nil {
		q.failed = fmt.Errorf("%w: %s", errUnasked, shorten(err.Error()))
	}
	return q.failed
}
