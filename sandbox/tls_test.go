package sandbox_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox"
)

// trusting is a client that trusts one authority and nothing else.
func trusting(t *testing.T, ca string) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM([]byte(ca)))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func get(t *testing.T, c *http.Client, address string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	res, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body), nil
}

func TestBothDoorsLeadToTheSamePlatforms(t *testing.T) {
	srv, ctl := start(t, sandbox.Options{TLSAddr: "127.0.0.1:0"})
	door, err := ctl.TLS(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{srv.TLSURL(), srv.CAPEM()}, []string{door.URL, door.CAPEM})
	client := trusting(t, door.CAPEM)
	token := "/oauth/2.0/token?" + url.Values{"grant_type": {"client_credentials"}}.Encode()
	plain, err := get(t, http.DefaultClient, srv.URL()+token)
	require.NoError(t, err)
	for _, address := range []string{door.URL, strings.Replace(door.URL, "127.0.0.1", "localhost", 1)} {
		secure, err := get(t, client, address+token)
		require.NoError(t, err)
		require.Equal(t, plain, secure)
	}
	_, err = get(t, &http.Client{Transport: &http.Transport{}}, door.URL+token)
	require.ErrorContains(t, err, "unknown authority")
	require.NoError(t, srv.Close())
	_, err = get(t, client, door.URL+token)
	require.Error(t, err, "the second door closes with the first")
}

func TestTheAuthorityOfABooksFileStays(t *testing.T) {
	o := sandbox.Options{TLSAddr: "127.0.0.1:0", File: filepath.Join(t.TempDir(), "books.json")}
	srv, _ := start(t, o)
	ca := srv.CAPEM()
	require.NoError(t, srv.Close())
	srv, _ = start(t, o)
	require.Equal(t, ca, srv.CAPEM())
	_, err := get(t, trusting(t, ca), srv.TLSURL()+"/sandbox/v1/")
	require.NoError(t, err)
}

func TestTheTLSAddressIsCheckedLikeTheOther(t *testing.T) {
	_, err := sandbox.Start(t.Context(), sandbox.Options{TLSAddr: "0.0.0.0:0"})
	require.ErrorIs(t, err, sandbox.ErrNotLoopback)
	first, _ := start(t, sandbox.Options{})
	taken := strings.TrimPrefix(first.URL(), "http://")
	_, err = sandbox.Start(t.Context(), sandbox.Options{TLSAddr: taken})
	require.ErrorContains(t, err, "free the port")
	require.Empty(t, first.TLSURL())
}
