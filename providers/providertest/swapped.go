package providertest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// swappedAnswers gives the provider genuine answers, signatures and all, that were
// meant for another refund of the same merchant.
func swappedAnswers(t *testing.T, transport Transport) {
	between := &switchboard{answers: map[string]answered{}}
	b := Stand(t, transport, func(g *Ground) { g.Address = between.before(t, g.Address) })
	theirs, ours := b.NewOrder(t, control.NewOrder{Total: 9800}), b.NewOrder(t, control.NewOrder{Total: 5000})
	b.ready(t, theirs)
	b.ready(t, ours)
	other, mine := b.instruction(theirs, 9800, "R1"), b.instruction(ours, 5000, "R2")

	_, err := b.Provider.Apply(t.Context(), other)
	require.NoError(t, err)
	between.swap(true)
	receipt, err := b.Provider.Apply(t.Context(), mine)
	// Baidu's answer names no refund of ours: there the amount tells, and the refund
	// is not settled.
	require.True(t, err != nil || receipt.Amount != 0 && receipt.Amount != 5000, "taken for ours: %+v", receipt)
	if err != nil {
		require.Contains(t, []refund.Class{refund.ClassAmbiguous, refund.ClassNeedsHuman}, classOf(t, err), "%v", err)
	}
	require.Empty(t, b.Refunds(t, ours))
	if b.Provider.Rules().Query != providers.QueryByNumber {
		return // the answer speaks of no refund, or there is none
	}
	between.swap(false)
	_, err = b.Provider.Query(t.Context(), other)
	require.NoError(t, err)
	between.swap(true)
	result, err := b.Provider.Query(t.Context(), mine)
	require.True(t, err != nil || result.State == providers.ResultUnknown || result.State == providers.ResultAbsent, "taken for ours: %+v", result)
}

// switchboard stands before a platform. It remembers the last answer on each path
// and, when told so, gives that instead of asking.
type switchboard struct {
	mu      sync.Mutex
	swapped bool
	answers map[string]answered
}

type answered struct {
	status int
	header http.Header
	body   []byte
}

func (s *switchboard) swap(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swapped = on
}

// before opens it before the platform at address, and returns its own.
func (s *switchboard) before(t *testing.T, address string) string {
	t.Helper()
	platform, err := url.Parse(address)
	require.NoError(t, err)
	pass := httputil.NewSingleHostReverseProxy(platform)
	pass.ModifyResponse = func(r *http.Response) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.Header.Set("Content-Length", strconv.Itoa(len(body)))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.answers[r.Request.URL.Path] = answered{r.StatusCode, r.Header.Clone(), body}
		return nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		known, found := s.answers[r.URL.Path]
		swapped := s.swapped
		s.mu.Unlock()
		if !swapped || !found {
			pass.ServeHTTP(w, r)
			return
		}
		for name, values := range known.header {
			w.Header()[name] = values
		}
		w.WriteHeader(known.status)
		_, _ = w.Write(known.body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
