package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/refundflow/refundflow/providers/wire"
)

// keyBytes makes it AES-256.
const keyBytes = 32

// idLabel separates a key's id from every other hash of the key. To change it is to lose
// all that was encrypted before.
const idLabel = "refundflow payload key id\x00"

type key struct {
	id   string
	aead cipher.AEAD
}

// readKey reads 64 hexadecimal digits. Its errors say how the file is wrong, never what
// is in it.
func readKey(file string) (key, error) {
	text, err := wire.SecretFile(file)
	if err != nil {
		return key{}, err
	}
	secret, err := hex.DecodeString(text)
	if err != nil || len(secret) != keyBytes {
		return key{}, fmt.Errorf("%s holds %d characters: want 64 hexadecimal digits alone, as openssl rand -hex 32 makes them", file, len(text))
	}
	return newKey(secret)
}

func newKey(secret []byte) (key, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return key{}, errors.New("want a key of 32 bytes")
	}
	// Nonces are random: 2³² payloads under one key are as many as are safe.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return key{}, err
	}
	sum := sha256.Sum256(append([]byte(idLabel), secret...))
	return key{id: hex.EncodeToString(sum[:8]), aead: aead}, nil
}
