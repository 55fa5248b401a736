package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox"
)

func TestASandboxIsHealthyWhileItAnswers(t *testing.T) {
	server, err := sandbox.Start(t.Context(), sandbox.Options{})
	require.NoError(t, err)
	ask := func() error {
		cmd := command()
		cmd.SetArgs([]string{"health", "--addr", server.URL()[len("http://"):]})
		return cmd.ExecuteContext(t.Context())
	}
	require.NoError(t, ask())
	require.NoError(t, server.Close())
	require.ErrorContains(t, ask(), "no sandbox answers at")
}

// In a container it is reached by the container's name.
func TestTheTLSDoorIsTrustedByItsFurtherNames(t *testing.T) {
	server, err := sandbox.Start(t.Context(), sandbox.Options{TLSAddr: "127.0.0.1:0", TLSNames: []string{"sandbox"}})
	require.NoError(t, err)
	defer server.Close()
	trusted := x509.NewCertPool()
	require.True(t, trusted.AppendCertsFromPEM([]byte(server.CAPEM())))
	address := server.TLSURL()[len("https://"):]
	for name, want := range map[string]bool{"sandbox": true, "localhost": true, "elsewhere": false} {
		plain, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		err = tls.Client(plain, &tls.Config{RootCAs: trusted, ServerName: name}).HandshakeContext(t.Context())
		require.Equal(t, want, err == nil, "%s: %v", name, err)
		require.NoError(t, plain.Close())
	}
}
