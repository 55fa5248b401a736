package merchants

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// key returns the public half, in PEM, of the private key in the account's file
// ".pem", which it makes with so many bits when there is none.
func (s Site) key(bits int) (string, error) {
	file := s.file(".pem")
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		private, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return "", err
		}
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			return "", err
		}
		data = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return "", err
		}
	} else if err != nil {
		return "", err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return "", fmt.Errorf("%s holds no key: remove it, and a new one is made", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("%s: %w: remove it, and a new one is made", file, err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return "", fmt.Errorf("%s holds a %T, not an RSA key: remove it, and a new one is made", file, parsed)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}

// secret returns the 32 characters in one of the account's files, which it makes
// when there is none.
func (s Site) secret(name string) (string, error) {
	data, err := os.ReadFile(s.file(name))
	if !errors.Is(err, fs.ErrNotExist) {
		return string(data), err
	}
	random := make([]byte, 16)
	rand.Read(random)
	text := hex.EncodeToString(random)
	return text, s.write(name, text)
}
