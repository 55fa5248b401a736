package providertest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

// merchantKey is made once for all benches of a test binary.
var merchantKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 1024) // short, as Baidu permits: signing is most of what a refund costs here
	if err != nil {
		panic(err) // no randomness: nothing can be tested here
	}
	return key
})

// publicPEM is the half of the merchant's key that the platform knows.
func publicPEM(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(merchantKey().Public())
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// privateFile is a file with the merchant's private key.
func privateFile(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(merchantKey())
	require.NoError(t, err)
	return secretFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

// secretFile is a file that only its owner may read.
func secretFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

// random is a secret, or a merchant's number, that no other bench has: what a
// process remembers of a merchant must not reach from one test into the next.
func random() string { return refund.NewID() }

// testdata reads a file of the provider's testdata.
func testdata(t *testing.T, provider, name string, into any) {
	t.Helper()
	_, here, _, _ := runtime.Caller(0) // tests of other rooms read it too
	raw, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", provider, "testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, into))
}

// classes are those of the error tables in testdata. What may be repeated but
// may have happened is ambiguous to the saga, which then asks first.
func class(documented string, mayHaveHappened bool) refund.Class {
	switch documented {
	case "retryable-same-request", "retryable-after-wait":
		switch {
		case mayHaveHappened:
			return refund.ClassAmbiguous
		case documented == "retryable-same-request":
			return refund.ClassTransient
		}
		return refund.ClassThrottled
	case "business-final":
		return refund.ClassRejected
	case "needs-human":
		return refund.ClassNeedsHuman
	case "configuration-bug":
		return refund.ClassMisconfigured
	}
	return refund.ClassAmbiguous
}
