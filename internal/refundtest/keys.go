package refundtest

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"sync/atomic"
)

// The platforms' keys are handed out in turn: making one takes longer than a whole refund,
// and what is one world's key may be another's.
var (
	platformKeys = sync.OnceValues(func() ([]*rsa.PrivateKey, error) {
		keys := make([]*rsa.PrivateKey, 16)
		for i := range keys {
			key, err := rsa.GenerateKey(rand.Reader, 1024)
			if err != nil {
				return nil, err
			}
			keys[i] = key
		}
		return keys, nil
	})
	handedOut atomic.Int64
)

// platformKey is one that no other of a few worlds has.
func platformKey() (*rsa.PrivateKey, error) {
	keys, err := platformKeys()
	if err != nil {
		return nil, err
	}
	return keys[int(handedOut.Add(1))%len(keys)], nil
}
