package connection

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const profiles = `
[profile.default]
address = "default.example:7233"
[profile.prod]
address = "prod.example:7233"
namespace = "shop"
`

func TestWhatSaysMostAboutTheServerWins(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home) // where the user's own temporal.toml is looked for
	t.Setenv("HOME", home)
	own := filepath.Join(home, "temporalio", "temporal.toml")
	require.NoError(t, os.MkdirAll(filepath.Dir(own), 0o700))
	require.NoError(t, os.WriteFile(own, []byte(profiles), 0o600))
	const here = "127.0.0.1:7233"
	for name, c := range map[string]struct {
		wanted             Wanted
		env                variables
		address, namespace string
	}{
		"the user's own default profile":          {Wanted{}, nil, "default.example:7233", "default"},
		"a profile by name":                       {Wanted{Profile: "prod"}, nil, "prod.example:7233", "shop"},
		"a profile by variable":                   {Wanted{}, variables{"TEMPORAL_PROFILE": "prod"}, "prod.example:7233", "shop"},
		"variables before the profile":            {Wanted{}, variables{"TEMPORAL_ADDRESS": "env:1", "TEMPORAL_PROFILE": "prod"}, "env:1", "shop"},
		"a file without a profile":                {Wanted{ConfigFile: own}, nil, "default.example:7233", "default"},
		"an address leaves the user's file alone": {Wanted{Address: here}, nil, here, "default"},
		"a variable that says nothing":            {Wanted{Address: here}, variables{"TEMPORAL_ADDRESS": "", "TEMPORAL_TLS": ""}, here, "default"},
		"both say the same":                       {Wanted{Address: "a:1", Namespace: "n"}, variables{"TEMPORAL_ADDRESS": "a:1", "TEMPORAL_NAMESPACE": "n"}, "a:1", "n"},
		"an address beside a profile without one": {Wanted{Namespace: "other", Profile: "default"}, nil, "default.example:7233", "other"},
		"a flag beats variables":                  {Wanted{Address: "f:1", Namespace: "f", Flags: true}, variables{"TEMPORAL_ADDRESS": "e:1", "TEMPORAL_NAMESPACE": "e"}, "f:1", "f"},
		"a flag beats the profile":                {Wanted{Address: "f:1", Profile: "prod", Flags: true}, nil, "f:1", "shop"},
		"a flag chooses another profile":          {Wanted{Profile: "prod", Flags: true}, variables{"TEMPORAL_PROFILE": "default"}, "prod.example:7233", "shop"},
		"a name that gRPC resolves":               {Wanted{Address: "dns:///temporal:7233"}, nil, "dns:///temporal:7233", "default"},
	} {
		t.Run(name, func(t *testing.T) {
			c.wanted.Env = c.env
			if c.env == nil {
				c.wanted.Env = variables{}
			}
			s, err := Find(c.wanted)
			require.NoError(t, err)
			require.Equal(t, c.address, s.Address)
			require.Equal(t, c.namespace, s.Namespace)
		})
	}
	require.NoError(t, os.Remove(own))
	s, err := Find(Wanted{Env: variables{}})
	require.NoError(t, err)
	require.Equal(t, &Server{Address: here, Namespace: "default"}, &Server{Address: s.Address, Namespace: s.Namespace}, "nobody says anything")
}

func TestAMistakeNamesTheSettingTheSourceAndNoKey(t *testing.T) {
	b := newBed(t)
	file := b.write("temporal.toml", []byte(profiles))
	secret := func(name, content string) string { return b.write(name, []byte(content)) }
	cert, key := b.issue("worker")
	b.write("c.pem", cert)
	open := b.write("open.key", key)
	require.NoError(t, os.Chmod(open, 0o644))
	const home = "127.0.0.1:1"
	for name, c := range map[string]struct {
		wanted Wanted
		env    variables
		says   []string
	}{
		"a forgotten address":           {Wanted{Address: home}, variables{"TEMPORAL_ADDRESS": "b:1"}, []string{"temporal.address says " + home, "$TEMPORAL_ADDRESS says b:1"}},
		"a forgotten namespace":         {Wanted{Namespace: "a"}, variables{"TEMPORAL_NAMESPACE": "b"}, []string{"temporal.namespace says a", "$TEMPORAL_NAMESPACE says b"}},
		"a forgotten profile":           {Wanted{ConfigFile: file, Profile: "prod"}, variables{"TEMPORAL_PROFILE": "default"}, []string{"temporal.profile says prod", "$TEMPORAL_PROFILE says default"}},
		"a forgotten file":              {Wanted{ConfigFile: file}, variables{"TEMPORAL_CONFIG_FILE": "/x"}, []string{"temporal.config_file says " + file, "$TEMPORAL_CONFIG_FILE says /x"}},
		"another address in the file":   {Wanted{Address: home, ConfigFile: file, Profile: "prod"}, nil, []string{"temporal.address says " + home, "profile prod of " + file + " says prod.example:7233"}},
		"both at once":                  {Wanted{Address: home, Namespace: "a"}, variables{"TEMPORAL_ADDRESS": "b:1", "TEMPORAL_NAMESPACE": "b"}, []string{"temporal.address", "temporal.namespace"}},
		"a file that is missing":        {Wanted{ConfigFile: b.file("none.toml")}, nil, []string{"temporal.config_file", "none.toml"}},
		"a profile that is missing":     {Wanted{ConfigFile: file, Profile: "prd"}, nil, []string{"temporal.config_file", "no such profile as prd", "default, prod"}},
		"a flag's profile is missing":   {Wanted{ConfigFile: file, Profile: "prd", Flags: true}, nil, []string{"--config-file", "no such profile"}},
		"no address":                    {Wanted{Address: "s3cr3t"}, nil, []string{"temporal.address: want", "6 characters"}},
		"a port that is none":           {Wanted{Address: "s3cr3t:https"}, nil, []string{"temporal.address: want", "12 characters"}},
		"a port too large":              {Wanted{Address: "127.0.0.1:99999"}, nil, []string{"temporal.address: want"}},
		"a web page's address":          {Wanted{Address: "https://u:s3cr3t@127.0.0.1:7233"}, nil, []string{"temporal.address: want"}},
		"a password in the address":     {Wanted{Address: "dns:///u:s3cr3t@temporal:7233"}, nil, []string{"temporal.address: want"}},
		"a password in a variable":      {Wanted{Address: home}, variables{"TEMPORAL_ADDRESS": "u:s3cr3t@b:1"}, []string{"$TEMPORAL_ADDRESS: want"}},
		"a password in a profile":       {Wanted{Address: home, ConfigFile: secret("address.toml", "[profile.default]\naddress = \"u:s3cr3t@b:1\"\n")}, nil, []string{"profile default of", "address.toml: want"}},
		"a switch that is none":         {Wanted{}, variables{"TEMPORAL_TLS": "s3cr3t"}, []string{"$TEMPORAL_TLS: want true or false"}},
		"a file that is no TOML":        {Wanted{ConfigFile: secret("bad.toml", "\n[profile.default]\napi_key = s3cr3t\n")}, nil, []string{"bad.toml cannot be understood at line 3"}},
		"a setting of another kind":     {Wanted{ConfigFile: secret("kind.toml", "[profile.default]\napi_key = [\"s3cr3t\"]\n")}, nil, []string{"kind.toml", "line 2", "profile.default.api_key"}},
		"a setting there is not":        {Wanted{ConfigFile: secret("more.toml", "[profile.default]\napikey = \"s3cr3t\"\n")}, nil, []string{"more.toml", "profile.default.apikey"}},
		"a key that is no key":          {Wanted{ConfigFile: secret("key.toml", "[profile.default]\napi_key = \"s3cr3t s3cr3t\"\n")}, nil, []string{"profile default of", "key.toml", "API key"}},
		"a certificate without its key": {Wanted{}, variables{"TEMPORAL_TLS_CLIENT_CERT_PATH": b.file("c.pem")}, []string{"TEMPORAL_*", "client cert or key path"}},
		"a certificate that is none":    {Wanted{}, variables{"TEMPORAL_TLS_CLIENT_CERT_PATH": file, "TEMPORAL_TLS_CLIENT_KEY_PATH": file}, []string{"TEMPORAL_*", "client cert"}},
		"an authority that is missing":  {Wanted{}, variables{"TEMPORAL_TLS_SERVER_CA_CERT_PATH": b.file("none.pem")}, []string{"none.pem"}},
		"a key that others can read":    {Wanted{}, variables{"TEMPORAL_TLS_CLIENT_CERT_PATH": b.file("c.pem"), "TEMPORAL_TLS_CLIENT_KEY_PATH": open}, []string{"open.key has mode 0644", "chmod 600"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.wanted.Env = c.env
			if c.env == nil {
				c.wanted.Env = variables{}
			}
			s, err := Find(c.wanted)
			require.Nil(t, s)
			for _, part := range c.says {
				require.ErrorContains(t, err, part)
			}
			require.NotContains(t, err.Error(), "s3cr3t")
		})
	}
	readable := secret("open.toml", "[profile.default]\napi_key = \"s3cr3t\"\n")
	require.NoError(t, os.Chmod(readable, 0o640))
	_, err := Find(Wanted{ConfigFile: readable, Env: variables{}})
	require.ErrorContains(t, err, fmt.Sprintf("run chmod 600 %s", readable))
	require.NotContains(t, err.Error(), "s3cr3t")
}
