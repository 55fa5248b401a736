package wechat

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// identity is a certificate and its key, made for one test.
type identity struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

func (i identity) certPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw}))
}

func (i identity) keyPEM(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// issue makes an identity signed by a parent, or by itself.
func issue(t *testing.T, name string, parent *identity) identity {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: parent == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	signer := identity{template, key}
	if parent != nil {
		signer = *parent
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.cert, &key.PublicKey, signer.key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return identity{cert, key}
}

func TestOnlyTheRefundShowsTheCertificateAndTheServerIsChecked(t *testing.T) {
	root := issue(t, "test root", nil)
	server, client := issue(t, "server", &root), issue(t, "merchant", &root)
	roots := x509.NewCertPool()
	roots.AddCert(root.cert)

	shown := map[string]string{}
	wechat := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown[r.URL.Path] = "nobody"
		if len(r.TLS.VerifiedChains) > 0 {
			shown[r.URL.Path] = r.TLS.VerifiedChains[0][0].Subject.CommonName
		}
		switch r.URL.Path {
		case "/secapi/pay/refund":
			w.Write(sample(t, "wechat_v2_refund_response_success.xml"))
		case "/pay/refundquery":
			w.Write(sample(t, "wechat_v2_refundquery_response_success.xml"))
		default:
			w.Write(sample(t, "wechat_v2_orderquery_response_paid.xml"))
		}
	}))
	wechat.TLS = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{server.cert.Raw}, PrivateKey: server.key}},
		ClientAuth:   tls.VerifyClientCertIfGiven, ClientCAs: roots,
	}
	wechat.Config.ErrorLog = log.New(io.Discard, "", 0)
	wechat.StartTLS()
	t.Cleanup(wechat.Close)

	s := settings(t, TransportV2, wechat.URL)
	s.CertFile, s.KeyFile, s.CAFile = write(t, client.certPEM()), write(t, client.keyPEM(t)), write(t, root.certPEM())
	p := newProvider(t, s)
	for o, call := range calls {
		require.NoError(t, call(t.Context(), p), o)
	}
	require.Equal(t, map[string]string{"/secapi/pay/refund": "merchant", "/pay/refundquery": "nobody", "/pay/orderquery": "nobody"}, shown)

	s.CAFile = ""
	p = newProvider(t, s)
	for o, call := range calls {
		f := failureOf(t, call(t.Context(), p))
		require.Equal(t, transient, f.Class, "%s: a server nobody vouches for hears nothing", o)
		require.Equal(t, "tls", f.Code)
	}
}

func TestTheCertificateFilesAreCheckedAtTheStart(t *testing.T) {
	root := issue(t, "test root", nil)
	a, b := issue(t, "a", &root), issue(t, "b", &root)
	open := write(t, a.keyPEM(t))
	require.NoError(t, os.Chmod(open, 0o644))
	for name, test := range map[string]struct {
		cert, key, ca string
		fields        []string
	}{
		"right":             {write(t, a.certPEM()+root.certPEM()), write(t, a.keyPEM(t)), write(t, root.certPEM()), nil},
		"another's key":     {write(t, a.certPEM()), write(t, b.keyPEM(t)), "", []string{"wechat.key_file"}},
		"a key for all":     {write(t, a.certPEM()), open, "", []string{"wechat.key_file"}},
		"the key as cert":   {write(t, a.keyPEM(t)), write(t, a.keyPEM(t)), "", []string{"wechat.cert_file"}},
		"a broken one":      {write(t, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), write(t, a.keyPEM(t)), "", []string{"wechat.cert_file"}},
		"not there":         {"/nonexistent/a", "/nonexistent/b", "/nonexistent/c", []string{"wechat.cert_file", "wechat.key_file", "wechat.ca_file"}},
		"no root in ca":     {write(t, a.certPEM()), write(t, a.keyPEM(t)), write(t, "x"), []string{"wechat.ca_file"}},
		"none of the files": {"", "", "", []string{"wechat.cert_file", "wechat.key_file"}},
	} {
		s := settings(t, TransportV2, "https://127.0.0.1")
		s.CertFile, s.KeyFile, s.CAFile = test.cert, test.key, test.ca
		_, err := New(s)
		if test.fields == nil {
			require.NoError(t, err, name)
			continue
		}
		require.Equal(t, test.fields, fieldsOf(t, err), name)
		require.NotContains(t, err.Error(), "BEGIN")
	}
}
