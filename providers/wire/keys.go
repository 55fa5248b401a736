package wire

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const bom = "\ufeff"

// minBits is what Go still signs with by default; platforms print 1024 in their
// instructions.
const minBits = 1024

// PrivateKeyFile reads an RSA private key from a file that only its owner may
// read; see [ParsePrivateKey] for the forms.
func PrivateKeyFile(path string) (*rsa.PrivateKey, error) {
	raw, err := guardedFile(path)
	if err != nil {
		return nil, err
	}
	key, err := ParsePrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return key, nil
}

// SignerFile reads the private key of a client certificate, RSA or elliptic, from
// a file that only its owner may read; for the forms see [ParsePrivateKey].
func SignerFile(path string) (crypto.Signer, error) {
	raw, err := guardedFile(path)
	if err != nil {
		return nil, err
	}
	if der, err := decodeKey(raw); err == nil {
		if parsed, err := x509.ParsePKCS8PrivateKey(der); err == nil {
			if key, ok := parsed.(*ecdsa.PrivateKey); ok {
				return key, nil
			}
		}
		if key, err := x509.ParseECPrivateKey(der); err == nil {
			return key, nil
		}
	}
	key, err := ParsePrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return key, nil
}

// PublicKeyFile reads an RSA public key; see [ParsePublicKey] for the forms.
func PublicKeyFile(path string) (*rsa.PublicKey, error) {
	raw, _, err := smallFile(path)
	if err != nil {
		return nil, err
	}
	key, err := ParsePublicKey(raw)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return key, nil
}

// ParsePrivateKey reads PKCS#1 or PKCS#8, as PEM or as the bare base64 that
// consoles show, on one line or wrapped, with any line ends, with or without a
// byte order mark. The PEM label is not trusted: people paste one form under
// the other's heading.
func ParsePrivateKey(text []byte) (*rsa.PrivateKey, error) {
	if strings.Contains(string(text), "ENCRYPTED") {
		return nil, errors.New("is an encrypted key: write it without a passphrase with openssl pkcs8 -topk8 -nocrypt")
	}
	der, err := decodeKey(text)
	if err != nil {
		return nil, err
	}
	if parsed, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		key, ok := parsed.(*rsa.PrivateKey)
		if !ok {
			return nil, fmt.Errorf("holds a %T: want an RSA private key", parsed)
		}
		return key, bigEnough(&key.PublicKey)
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, bigEnough(&key.PublicKey)
	}
	if _, err := publicKey(der); err == nil {
		return nil, errors.New("holds a public key: name the file of the private one")
	}
	return nil, errors.New("holds no RSA private key: want PKCS#1 or PKCS#8, as PEM or base64")
}

// ParsePublicKey reads PKIX (X.509 SubjectPublicKeyInfo) or PKCS#1, in the
// forms of [ParsePrivateKey].
func ParsePublicKey(text []byte) (*rsa.PublicKey, error) {
	der, err := decodeKey(text)
	if err != nil {
		return nil, err
	}
	key, err := publicKey(der)
	if err != nil {
		return nil, err
	}
	return key, bigEnough(key)
}

func publicKey(der []byte) (*rsa.PublicKey, error) {
	if parsed, err := x509.ParsePKIXPublicKey(der); err == nil {
		if key, ok := parsed.(*rsa.PublicKey); ok {
			return key, nil
		}
		return nil, fmt.Errorf("holds a %T: want an RSA public key", parsed)
	}
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	return nil, errors.New("holds no RSA public key: want the one the platform's console shows, as PEM or base64")
}

var heading = regexp.MustCompile(`-----(BEGIN|END) [A-Z0-9 ]+-----`)

// decodeKey drops what surrounds the base64 of a key: headings, line ends, BOM.
func decodeKey(text []byte) ([]byte, error) {
	if n := strings.Count(string(text), "-----BEGIN "); n > 1 {
		return nil, fmt.Errorf("holds %d blocks: leave the one with the key", n)
	}
	bare := heading.ReplaceAllString(strings.TrimPrefix(string(text), bom), "")
	bare = strings.Join(strings.Fields(bare), "")
	if bare == "" {
		return nil, errors.New("is empty: write the key into it")
	}
	der, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(bare, "="))
	if err != nil {
		return nil, fmt.Errorf("is not one key in PEM or base64 (%d characters)", len(bare))
	}
	return der, nil
}

func bigEnough(key *rsa.PublicKey) error {
	if bits := key.N.BitLen(); bits < minBits {
		return fmt.Errorf("holds an RSA key of %d bits: want at least %d", bits, minBits)
	}
	return nil
}
