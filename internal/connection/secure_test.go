package connection

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

func TestAServerOfOnesOwnIsSpokenToInClearTextWhenNothingIsSaid(t *testing.T) {
	f := serve(t, nil)
	s, err := Find(Wanted{Address: f.address, Env: variables{}})
	require.NoError(t, err)
	dial(t, s)
	require.Equal(t, []string{""}, f.keys)
	require.Equal(t, f.address+", namespace default, without TLS", s.String())
}

func TestAProfileAloneConnectsWithTLSAndAPIKey(t *testing.T) {
	b := newBed(t)
	f := b.serveTLS(false)
	file := b.write("temporal.toml", fmt.Appendf(nil, `
[profile.cloud]
address = %q
namespace = "shop.a1b2c"
api_key = "key-one"
[profile.cloud.tls]
server_ca_cert_path = %q
[profile.cloud.grpc_meta]
x-own = "mine"
`, f.address, b.file("ca.pem")))
	s, err := Find(Wanted{ConfigFile: file, Profile: "cloud", Env: variables{}})
	require.NoError(t, err)
	dial(t, s)
	require.Equal(t, "Bearer key-one", last(f.keys))
	require.Equal(t, "mine", last(f.own))
	require.Equal(t, "shop.a1b2c", s.Namespace)
	require.Equal(t, f.address+", namespace shop.a1b2c, TLS, API key", s.String())
}

func TestVariablesAloneConnectWithAClientCertificate(t *testing.T) {
	b := newBed(t)
	f := b.serveTLS(true)
	cert, key := b.issue("worker-1")
	s, err := Find(Wanted{Env: variables{
		"TEMPORAL_ADDRESS": f.address, "TEMPORAL_TLS_SERVER_CA_CERT_PATH": b.file("ca.pem"), "TEMPORAL_TLS_SERVER_NAME": "temporal.test",
		"TEMPORAL_TLS_CLIENT_CERT_PATH": b.write("c.pem", cert), "TEMPORAL_TLS_CLIENT_KEY_PATH": b.write("c.key", key),
		"XDG_CONFIG_HOME": b.dir,
	}})
	require.NoError(t, err)
	dial(t, s)
	require.Equal(t, "worker-1", last(f.certificates))
}

func TestAServerThatNobodyVouchesForIsNotSpokenTo(t *testing.T) {
	b, others := newBed(t), newBed(t)
	f := b.serveTLS(false)
	s, err := Find(Wanted{Address: f.address, Env: variables{
		"TEMPORAL_TLS_SERVER_CA_CERT_PATH": others.file("ca.pem"), "TEMPORAL_API_KEY": "key-one",
	}})
	require.NoError(t, err)
	var o client.Options
	s.ClientOptions(&o)
	_, err = client.DialContext(t.Context(), o)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "key-one")
	require.Empty(t, f.keys, "the key was not shown to it")
}

func TestARenewedAPIKeyIsUsedByTheNextCallAndABadOneIsNot(t *testing.T) {
	b := newBed(t)
	f := b.serveTLS(false)
	profile := func(key string) []byte {
		return fmt.Appendf(nil, "[profile.default]\napi_key = %q\n[profile.default.tls]\nserver_ca_cert_path = %q\n", key, b.file("ca.pem"))
	}
	file := b.write("temporal.toml", profile("key-one"))
	var reported []error
	s, err := Find(Wanted{Address: f.address, ConfigFile: file, Env: variables{}, Report: func(err error) { reported = append(reported, err) }})
	require.NoError(t, err)
	c := dial(t, s)
	call := func() string {
		_, err := c.WorkflowService().GetSystemInfo(t.Context(), &workflowservice.GetSystemInfoRequest{})
		require.NoError(t, err)
		return last(f.keys)
	}
	require.Equal(t, "Bearer key-one", call())
	b.write("temporal.toml", profile("key-two"))
	require.Equal(t, "Bearer key-two", call())
	was, err := os.Stat(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, profile("key-3.0"), 0o600)) // in its place, as long, and at the same time as clocks tell it
	require.NoError(t, os.Chtimes(file, was.ModTime(), was.ModTime()))
	require.Equal(t, "Bearer key-3.0", call())

	for what, spoil := range map[string]func(){
		"half of it":       func() { b.write("temporal.toml", profile("key-four")[:40]) },
		"no key":           func() { b.write("temporal.toml", []byte("[profile.default]\n")) },
		"another profile":  func() { b.write("temporal.toml", []byte("[profile.other]\napi_key = \"key-five\"\n")) },
		"a key with space": func() { b.write("temporal.toml", profile("key six")) },
		"open to others":   func() { require.NoError(t, os.Chmod(b.write("temporal.toml", profile("key-seven")), 0o644)) },
		"gone":             func() { require.NoError(t, os.Remove(file)) },
	} {
		reported = nil
		spoil()
		require.Equal(t, "Bearer key-3.0", call(), what)
		require.Equal(t, "Bearer key-3.0", call(), what)
		require.Len(t, reported, 1, what)
		require.NotContains(t, reported[0].Error(), "key-", what)
		b.write("temporal.toml", profile("key-3.0"))
		require.Equal(t, "Bearer key-3.0", call())
	}
	b.write("temporal.toml", profile("key-eight"))
	require.Equal(t, "Bearer key-eight", call())
}

func TestARenewedClientCertificateIsShownToTheNextConnection(t *testing.T) {
	b := newBed(t)
	f := b.serveTLS(true)
	renew := func(name string) {
		cert, key := b.issue(name)
		b.write("c.pem", cert)
		b.write("c.key", key)
	}
	renew("before")
	var reported []error
	s, err := Find(Wanted{Address: f.address, Report: func(err error) { reported = append(reported, err) }, Env: variables{
		"TEMPORAL_TLS_SERVER_CA_CERT_PATH": b.file("ca.pem"), "TEMPORAL_TLS_CLIENT_CERT_PATH": b.file("c.pem"), "TEMPORAL_TLS_CLIENT_KEY_PATH": b.file("c.key"),
	}})
	require.NoError(t, err)
	dial(t, s)
	require.Equal(t, "before", last(f.certificates))

	renew("after")
	dial(t, s)
	require.Equal(t, "after", last(f.certificates))

	cert, _ := b.issue("half")
	b.write("c.pem", cert) // its key has not come yet
	dial(t, s)
	require.Equal(t, "after", last(f.certificates))
	require.Len(t, reported, 1)
	require.ErrorContains(t, reported[0], b.file("c.pem"))
}

func TestAKeyIsNotSentWhereEverybodyCanReadIt(t *testing.T) {
	const off = "TEMPORAL_TLS"
	_, err := Find(Wanted{Address: "temporal.example.com:7233", Env: variables{"TEMPORAL_API_KEY": "s3cr3t", off: "false"}})
	require.ErrorContains(t, err, "without TLS")
	require.NotContains(t, err.Error(), "s3cr3t")
	s, err := Find(Wanted{Address: "127.0.0.1:7233", Env: variables{"TEMPORAL_API_KEY": "s3cr3t", off: "false"}})
	require.NoError(t, err, "a proxy on this machine may do the encrypting")
	require.NotContains(t, s.String(), "s3cr3t")
}
