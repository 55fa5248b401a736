package stage

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// knock calls a door that trusts door's authority, with a certificate if there is one, and returns the name the door saw.
func knock(t *testing.T, door, client *Authority, host, certPEM, keyPEM string) (string, error) {
	t.Helper()
	config, err := door.Door()
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, c := range r.TLS.PeerCertificates {
			_, _ = io.WriteString(w, c.Subject.CommonName)
		}
	}))
	server.TLS = config
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	trust := x509.NewCertPool()
	require.True(t, trust.AppendCertsFromPEM([]byte(client.CAPEM())))
	mine := &tls.Config{RootCAs: trust}
	if certPEM != "" {
		pair, err := tls.X509KeyPair([]byte(certPEM), []byte(keyPEM))
		require.NoError(t, err)
		// Given whatever the server asks for: a client may hold a certificate of another authority.
		mine.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	transport := &http.Transport{TLSClientConfig: mine}
	t.Cleanup(transport.CloseIdleConnections)
	res, err := (&http.Client{Transport: transport}).Get(strings.Replace(server.URL, "127.0.0.1", host, 1))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	require.Equal(t, 1, res.ProtoMajor)
	name, err := io.ReadAll(res.Body)
	return string(name), err
}

func TestTheDoorKnowsMerchantsByTheirCertificates(t *testing.T) {
	ours, theirs := New(time.Now, nil).Authority(), New(time.Now, nil).Authority()
	cert, key, err := ours.Issue("1230000109")
	require.NoError(t, err)
	foreign, foreignKey, err := theirs.Issue("1230000109")
	require.NoError(t, err)
	for name, c := range map[string]struct{ host, cert, key, want, problem string }{
		"with a certificate":         {"127.0.0.1", cert, key, "1230000109", ""},
		"without one":                {"localhost", "", "", "", ""},
		"with another authority's":   {"127.0.0.1", foreign, foreignKey, "", "certificate"},
		"by a name not on its plate": {"127.0.0.2", "", "", "", "127.0.0.2"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := knock(t, ours, ours, c.host, c.cert, c.key)
			if c.problem != "" {
				require.ErrorContains(t, err, c.problem)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	_, err = knock(t, theirs, ours, "127.0.0.1", "", "")
	require.ErrorContains(t, err, "unknown authority")
}

func TestTheAuthorityIsOneAndOutlivesTheRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "books.json")
	s := kept(t, path)
	cert, key, err := s.Authority().Issue("M1")
	require.NoError(t, err)
	require.Same(t, s.Authority(), s.Authority())
	require.NoError(t, s.commit())
	s.Clear()
	require.NoError(t, s.commit())
	again := kept(t, path)
	require.Equal(t, s.Authority().CAPEM(), again.Authority().CAPEM())
	name, err := knock(t, again.Authority(), s.Authority(), "127.0.0.1", cert, key)
	require.NoError(t, err)
	require.Equal(t, "M1", name, "a certificate of the first run opens the door of the second")
}

func TestCertificatesNeedAName(t *testing.T) {
	a := New(time.Now, nil).Authority()
	for _, name := range []string{"", strings.Repeat("x", 65)} {
		_, _, err := a.Issue(name)
		require.ErrorContains(t, err, "1 to 64")
	}
	_, _, err := (&Authority{}).Issue("M1")
	require.ErrorContains(t, err, "no key")
}
