package wire

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoWatchesSeesEachExchangeOnceAndNothingThatWasSaid(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Answer", secret)
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte(secret))
	}))
	t.Cleanup(server.Close)
	host := func(address string) string { return address[len("http://"):] }
	closing := "http://" + script(t, func(c net.Conn) { _ = c.Close() })
	for _, c := range []struct {
		name string
		call Call
		want Exchange
	}{
		{"an answer, whatever its status", post(server.URL + "/" + secret), Exchange{Method: "POST", Host: host(server.URL), Status: http.StatusTeapot}},
		{"a reading", Get(server.URL, url.Values{"access_token": {secret}}), Exchange{Method: "GET", Host: host(server.URL), Status: http.StatusTeapot}},
		{"no answer", post(closing), Exchange{Method: "POST", Host: host(closing), Failure: KindLost}},
		{"an address with a password", Get("http://user:"+secret+"@127.0.0.1:0", nil), Exchange{Method: "GET", Host: "127.0.0.1:0", Failure: KindConnect}},
		{"an address that cannot be read", Get("http://["+secret, nil), Exchange{Method: "GET", Failure: KindRequest}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen []Exchange
			ctx := WithWatcher(t.Context(), func(e Exchange) { seen = append(seen, e) })
			_, _ = NewClient(Options{}).Do(ctx, c.call)
			require.Len(t, seen, 1)
			require.NotContains(t, fmt.Sprintf("%+v", seen[0]), secret)
			require.Positive(t, seen[0].Took)
			require.False(t, seen[0].Started.IsZero())
			c.want.Took, c.want.Started = seen[0].Took, seen[0].Started
			require.Equal(t, c.want, seen[0])
		})
	}
}

// A token is fetched for all who wait, with a context of its own: it still belongs to
// the step that asked for it.
func TestWhoWatchesSeesTheFetchOfAToken(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	seen := 0
	ctx := WithWatcher(t.Context(), func(Exchange) { seen++ })
	_, _ = NewClient(Options{}).Do(context.WithoutCancel(ctx), Get(server.URL, nil))
	require.Equal(t, 1, seen)
}
