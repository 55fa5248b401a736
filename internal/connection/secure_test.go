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

func TestAKeyIsNotSentWhereOthersCanReadIt(t *testing.T) {
	const off, unverified, key, header = "TEMPORAL_TLS", "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "TEMPORAL_API_KEY", "TEMPORAL_GRPC_META_AUTHORIZATION"
	for name, c := range map[string]struct {
		env         variables
		wrong, says string // where it is refused, and how it is told on this machine
	}{
		"a key in clear text":       {variables{key: "s3cr3t", off: "false"}, "an API key goes to temporal.example.com:7233 without TLS", "without TLS"},
		"a token in clear text":     {variables{header: "Bearer s3cr3t"}, "a token in the header authorization goes to temporal.example.com:7233 without TLS", "token"},
		"a key to anybody":          {variables{key: "s3cr3t", unverified: "true"}, "an API key goes to temporal.example.com:7233 with TLS that does not verify the host", "TLS, host NOT verified"},
		"a token to anybody":        {variables{header: "Bearer s3cr3t", unverified: "1"}, "that does not verify the host", "TLS, host NOT verified"},
		"a key with TLS":            {variables{key: "s3cr3t"}, "", "TLS, API key"},
		"a token with TLS":          {variables{header: "Bearer s3cr3t", off: "true"}, "", "TLS, token in a header"},
		"nothing, host not checked": {variables{unverified: "true"}, "", "TLS, host NOT verified"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Find(Wanted{Address: "temporal.example.com:7233", Env: c.env})
			if c.wrong == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.wrong)
				require.NotContains(t, err.Error(), "s3cr3t")
			}
			s, err := Find(Wanted{Address: "127.0.0.1:7233", Env: c.env})
			require.NoError(t, err, "a proxy on this machine may do the encrypting")
			require.Contains(t, s.String(), c.says)
			require.NotContains(t, s.String(), "s3cr3t")
		})
	}
}

func TestAProfileWithATokenIsItsOwnersAlone(t *testing.T) {
	b := newBed(t)
	for _, secret := range []string{"api_key = \"s3cr3t\"\n", "[profile.default.grpc_meta]\nAuthorization = \"Bearer s3cr3t\"\n"} {
		file := b.write("temporal.toml", []byte("[profile.default]\naddress = \"127.0.0.1:7233\"\n"+secret))
		_, err := Find(Wanted{ConfigFile: file, Env: variables{}})
		require.NoError(t, err)
		require.NoError(t, os.Chmod(file, 0o640))
		_, err = Find(Wanted{ConfigFile: file, Env: variables{}})
		require.ErrorContains(t, err, fmt.Sprintf("run chmod 600 %s", file))
		require.NotContains(t, err.Error(), "s3cr3t")
	}
}

// What a configuration says about its server must not change with who runs it.
func TestAForgottenVariableTakesNothingFromTheProfileThatIsWanted(t *testing.T) {
	b := newBed(t)
	const tls, key, token = "[profile.default.tls]\nserver_name = \"x\"\n", "api_key = \"s3cr3t-1\"\n", "[profile.default.grpc_meta]\nauthorization = \"Bearer s3cr3t-1\"\n"
	for name, c := range map[string]struct {
		profile, variable, value, wrong string
	}{
		"TLS off":                    {tls, "TEMPORAL_TLS", "false", "turns the TLS off"},
		"TLS of a key off":           {key, "TEMPORAL_TLS", "0", "turns the TLS off"},
		"verification off":           {tls, "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "true", "turns the verification of the host off"},
		"another key":                {key, "TEMPORAL_API_KEY", "s3cr3t-2", "brings another key"},
		"a key beside a token":       {tls + token, "TEMPORAL_API_KEY", "s3cr3t-2", "brings another key"},
		"another token":              {tls + token, "TEMPORAL_GRPC_META_AUTHORIZATION", "Bearer s3cr3t-2", "brings another token"},
		"a token taken away":         {tls + token, "TEMPORAL_GRPC_META_AUTHORIZATION", "", "brings another token"},
		"a token beside a key":       {key, "TEMPORAL_GRPC_META_AUTHORIZATION", "Bearer s3cr3t-2", "brings another token"},
		"TLS on":                     {"", "TEMPORAL_TLS", "true", ""},
		"the same key":               {key, "TEMPORAL_API_KEY", "s3cr3t-1", ""},
		"a key where there was none": {tls, "TEMPORAL_API_KEY", "s3cr3t-2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := Wanted{Env: variables{c.variable: c.value}}
			w.ConfigFile = b.write("temporal.toml", []byte("[profile.default]\naddress = \"127.0.0.1:7233\"\n"+c.profile))
			_, err := Find(w)
			if c.wrong == "" {
				require.NoError(t, err)
				return
			}
			for _, part := range []string{"$" + c.variable + " " + c.wrong, "profile default of " + w.ConfigFile, "remove the variable"} {
				require.ErrorContains(t, err, part)
			}
			require.NotContains(t, err.Error(), "s3cr3t")
			w.Flags = true
			_, err = Find(w)
			require.NoError(t, err, "whoever types a command sets variables for it")
			_, err = Find(Wanted{Env: variables{c.variable: c.value, "TEMPORAL_CONFIG_FILE": w.ConfigFile}})
			require.NoError(t, err, "a profile that a variable names is changed by variables, as in every Temporal program")
		})
	}
}
