package stage

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

// The certificates hold at any time a sandbox clock may show; nothing here tests their expiry.
var (
	certsFrom  = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	certsUntil = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Authority issues the certificates of one sandbox: that of its own TLS door and those by which merchants are known there.
// Its key is made at run time and kept in the books file, so issued certificates outlive a restart.
type Authority struct {
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
	caPEM  string
	keyPEM string
}

type savedAuthority struct {
	CertPEM string `json:"cert_pem"`
	KeyPEM  string `json:"key_pem"` // PKCS #8
}

// lazyAuthority is made when first asked for: most sandboxes never speak TLS.
type lazyAuthority struct {
	mu   sync.Mutex
	made *Authority
}

// Authority is the sandbox's certificate authority, the same one each time. A reset leaves it as it is.
func (s *Stage) Authority() *Authority {
	s.authority.mu.Lock()
	defer s.authority.mu.Unlock()
	if s.authority.made == nil {
		a, err := newAuthority()
		if err != nil {
			return &Authority{} // impossible with the fixed template; Issue then says that there is no key
		}
		s.authority.made = a
	}
	return s.authority.made
}

// CAPEM is the certificate that clients must trust and that the door verifies merchants' certificates by.
func (a *Authority) CAPEM() string { return a.caPEM }

// Issue makes a client certificate for commonName, such as a merchant's number, with a new key. Both come as PEM: the
// certificate as CERTIFICATE, the key as PKCS #8 PRIVATE KEY.
func (a *Authority) Issue(commonName string) (certPEM, keyPEM string, err error) {
	if commonName == "" || len(commonName) > 64 { // ub-common-name of X.509
		return "", "", fmt.Errorf("common name has %d bytes; give 1 to 64", len(commonName))
	}
	key, der, err := a.sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: commonName},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return "", "", fmt.Errorf("issue a certificate for %q: %w", commonName, err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", fmt.Errorf("write the key of %q: %w", commonName, err)
	}
	return pemText("CERTIFICATE", der), pemText("PRIVATE KEY", keyDER), nil
}

// Door is the TLS side of a server on loopback, or behind one of the names: a client certificate is asked for, not required,
// and verified when given, so that handlers decide by r.TLS.PeerCertificates. HTTP/2 is not offered: faults that cut a
// connection need HTTP/1.
func (a *Authority) Door(names ...string) (*tls.Config, error) {
	key, der, err := a.sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "localhost"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    append([]string{"localhost"}, names...),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	})
	if err != nil {
		return nil, fmt.Errorf("issue the certificate of the TLS door: %w", err)
	}
	merchants := x509.NewCertPool()
	merchants.AddCert(a.cert)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		ClientAuth:   tls.VerifyClientCertIfGiven,
		ClientCAs:    merchants,
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	}, nil
}

func newAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: certsFrom, NotAfter: certsUntil,
		Subject:               pkix.Name{CommonName: "refundflow sandbox, worthless elsewhere"},
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return savedAuthority{pemText("CERTIFICATE", der), pemText("PRIVATE KEY", keyDER)}.restore()
}

func (a *Authority) sign(template *x509.Certificate) (crypto.PrivateKey, []byte, error) {
	if a.key == nil {
		return nil, nil, errors.New("the authority has no key")
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template.SerialNumber, template.NotBefore, template.NotAfter = serial, certsFrom, certsUntil
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	return key, der, err
}

// saved is nil for an authority that nobody has asked for.
func (l *lazyAuthority) saved() *savedAuthority {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.made == nil {
		return nil
	}
	return &savedAuthority{l.made.caPEM, l.made.keyPEM}
}

func (l *lazyAuthority) restore(saved *savedAuthority) error {
	if saved == nil {
		return nil
	}
	a, err := saved.restore()
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made = a
	return nil
}

func (s savedAuthority) restore() (*Authority, error) {
	pair, err := tls.X509KeyPair([]byte(s.CertPEM), []byte(s.KeyPEM))
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("authority: key_pem holds a %T; this sandbox writes ECDSA", pair.PrivateKey)
	}
	return &Authority{key: key, cert: pair.Leaf, caPEM: s.CertPEM, keyPEM: s.KeyPEM}, nil
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
