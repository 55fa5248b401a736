package e2e

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/refundflow/refundflow/devserver/engine"
)

// shared is the server of all tests that do not restart it.
var shared *engine.Engine

// merchantKey is made once: a world is cheap, a key is not.
var merchantKey struct{ private, public []byte }

// TestMain is two programs: the tests, and the worker process that they kill.
func TestMain(m *testing.M) {
	if file := os.Getenv(childConfig); file != "" {
		os.Exit(child(file))
	}
	os.Exit(withServer(m))
}

// atOnce is how many tests run side by side. Most of them wait: a killed worker costs the 20 s after which the server gives
// its step up for dead. So the number of processors, which is Go's default, says nothing here.
const atOnce = "12"

func withServer(m *testing.M) int {
	flag.Parse()
	if err := flag.Set("test.parallel", atOnce); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := makeKey(); err != nil {
		fmt.Fprintln(os.Stderr, "merchant key:", err)
		return 1
	}
	var err error
	if programs.dir, err = os.MkdirTemp("", "refundflow-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programs.dir)
	if shared, err = engine.Start(context.Background(), engine.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, "embedded server:", err)
		return 1
	}
	code := m.Run()
	if err := shared.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "embedded server:", err)
		return 1
	}
	return code
}

func makeKey() error {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return err
	}
	merchantKey.private = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	merchantKey.public = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	return nil
}
