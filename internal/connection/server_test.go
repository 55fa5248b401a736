package connection

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// authority makes the certificates of a test.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	root *x509.Certificate
	made int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.root = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.root, a.root, a.key.Public(), a.key)
	require.NoError(t, err)
	a.root, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return a
}

// issue makes a certificate for this machine, and its key.
func (a *authority) issue(name string) (cert, key []byte) {
	a.t.Helper()
	a.made++
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1 + a.made), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"temporal.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.root, private.Public(), a.key)
	require.NoError(a.t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(a.t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// frontend is as much of a Temporal server as a client asks when it connects.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer
	address string

	mu                      sync.Mutex
	keys, certificates, own []string // of each call: API key, client certificate, header x-own
}

// serve starts a frontend: without settings in clear text.
func serve(t *testing.T, settings *tls.Config) *frontend {
	t.Helper()
	var options []grpc.ServerOption
	if settings != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(settings)))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f, server := &frontend{address: l.Addr().String()}, grpc.NewServer(options...)
	workflowservice.RegisterWorkflowServiceServer(server, f)
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() { server.Stop(); require.NoError(t, <-done) })
	return f
}

func (f *frontend) GetSystemInfo(ctx context.Context, _ *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sent, _ := metadata.FromIncomingContext(ctx)
	first := func(name string) string { return append(sent.Get(name), "")[0] }
	f.keys, f.own = append(f.keys, first("authorization")), append(f.own, first("x-own"))
	name := ""
	if from, ok := peer.FromContext(ctx); ok {
		if info, ok := from.AuthInfo.(credentials.TLSInfo); ok && len(info.State.PeerCertificates) > 0 {
			name = info.State.PeerCertificates[0].Subject.CommonName
		}
	}
	f.certificates = append(f.certificates, name)
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func last(all []string) string { return all[len(all)-1] }

// bed is a folder of keys with a TLS server that accepts them.
type bed struct {
	t   *testing.T
	dir string
	*authority
}

func newBed(t *testing.T) *bed {
	b := &bed{t: t, dir: t.TempDir(), authority: newAuthority(t)}
	b.write("ca.pem", b.pem())
	return b
}

// serveTLS demands a client certificate where mutual.
func (b *bed) serveTLS(mutual bool) *frontend {
	b.t.Helper()
	cert, key := b.issue("server")
	pair, err := tls.X509KeyPair(cert, key)
	require.NoError(b.t, err)
	settings := &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: b.pool()}
	if mutual {
		settings.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return serve(b.t, settings)
}

// write puts a file in another's place, as careful programs do.
func (b *bed) write(name string, content []byte) string {
	b.t.Helper()
	file := filepath.Join(b.dir, name)
	require.NoError(b.t, os.WriteFile(file+".new", content, 0o600))
	require.NoError(b.t, os.Rename(file+".new", file))
	return file
}

func (b *bed) file(name string) string { return filepath.Join(b.dir, name) }

func dial(t *testing.T, s *Server) client.Client {
	t.Helper()
	var o client.Options
	s.ClientOptions(&o)
	c, err := client.DialContext(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// variables are an environment.
type variables map[string]string

func (v variables) LookupEnv(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

func (v variables) Environ() (all []string) {
	for name, value := range v {
		all = append(all, name+"="+value)
	}
	return all
}
