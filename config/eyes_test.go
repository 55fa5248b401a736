package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNothingIsShownTracedOrEncryptedUnlessAskedFor(t *testing.T) {
	c, err := Parse([]byte(smallest), ".")
	require.NoError(t, err)
	require.Nil(t, c.Monitor)
	require.Nil(t, c.Tracing)
	require.Nil(t, c.Encryption)

	c, err = Parse([]byte(`
temporal: {namespace: shop, config_file: temporal.toml, profile: prod}
monitor: {listen: ":9464"}
tracing: {endpoint: "https://collector.example.com/otlp"}
encryption:
  key_files: [new.key, old.key]
  server: {listen: "127.0.0.1:8089", origins: ["http://127.0.0.1:8233"], token_files: [a.token]}
`+smallest), ".")
	require.NoError(t, err)
	require.Equal(t, Temporal{Namespace: "shop", ConfigFile: "temporal.toml", Profile: "prod"}, c.Temporal)
	require.Equal(t, uint(1), c.Tracing.OneIn, "every refund is traced")
	require.Equal(t, []string{"new.key", "old.key"}, c.Encryption.KeyFiles)
	require.False(t, c.Encryption.DecryptOnly)
	c, err = Parse([]byte("encryption: {key_files: [k], decrypt_only: true}\n"+smallest), ".")
	require.NoError(t, err)
	require.True(t, c.Encryption.DecryptOnly)
}

func TestAMistakeInWhatIsShownOrHiddenIsNamedBySetting(t *testing.T) {
	const server = "encryption: {key_files: [k], server: "
	for document, wrong := range map[string]string{
		"monitor: {}":                                                                               "monitor.listen: want \"host:port\"",
		"monitor: {listen: here}":                                                                   "monitor.listen: want \"host:port\"",
		"monitor: {listen: '127.0.0.1:'}":                                                           "monitor.listen: want \"host:port\"",
		"monitor: {port: 9464}":                                                                     "monitor.port: unknown setting",
		"monitor: {listen: '127.0.0.1:99999'}":                                                      "monitor.listen: want \"host:port\"",
		"monitor: {listen: '127.0.0.1:http'}":                                                       "monitor.listen: want \"host:port\"",
		"monitor: {listen: 'no such host:80'}":                                                      "monitor.listen: want \"host:port\"",
		"callbacks: {listen: 'user:pw@host:80'}":                                                    "callbacks.listen: want \"host:port\"",
		"tracing: {}":                                                                               "tracing.endpoint: want http://",
		"tracing: {endpoint: '127.0.0.1:4318'}":                                                     "tracing.endpoint: want http://",
		"tracing: {endpoint: 'https://u:p@c:4318'}":                                                 "tracing.endpoint: want http://",
		"tracing: {endpoint: 'http://c:99999'}":                                                     "tracing.endpoint: want http://",
		"tracing: {endpoint: 'http://c:4318/?token=s3cr3t'}":                                        "tracing.endpoint: want http://",
		"tracing: {endpoint: 'http://:4318'}":                                                       "tracing.endpoint: want http://",
		"tracing: {endpoint: 'http://c:4318', one_in: 0}":                                           "tracing.one_in: want a whole number",
		"tracing: {endpoint: 'http://c:4318', one_in: 1.5}":                                         "tracing.one_in: want a whole number",
		"tracing: {endpoint: 'http://c:4318', one_in: '10'}":                                        "tracing.one_in: want a whole number",
		"encryption: {}":                                                                            "encryption.key_files: want at least one",
		"encryption: {key_files: []}":                                                               "encryption.key_files: want at least one",
		"encryption: {key_files: ['']}":                                                             "encryption.key_files: want file names",
		"encryption: {key_files: k}":                                                                "encryption.key_files: want a list",
		"encryption: {decrypt_only: true}":                                                          "encryption.key_files: want at least one",
		"encryption: {key_files: [k], decrypt_only: 'yes'}":                                         "encryption.decrypt_only: want",
		server + "{origins: ['http://a'], token_files: [t]}}":                                       "encryption.server.listen: want",
		server + "{listen: 'a:1', token_files: [t]}}":                                               "encryption.server.origins: want the Web UI's address",
		server + "{listen: 'a:1', origins: ['*'], token_files: [t]}}":                               "encryption.server.origins[0]: want scheme",
		server + "{listen: 'a:1', origins: ['http://a', 'http://a/b'], token_files: [t]}}":          "encryption.server.origins[1]: want scheme",
		server + "{listen: 'a:1', origins: ['null'], token_files: [t]}}":                            "encryption.server.origins[0]: want scheme",
		server + "{listen: 'a:1', origins: ['http://a']}}":                                          "encryption.server: want token_files or issuer",
		server + "{listen: 'a:1', origins: ['http://a'], issuer: 'https://i'}}":                     "encryption.server: issuer and audience go together",
		server + "{listen: 'a:1', origins: ['http://a'], token_files: [t], audience: x}}":           "encryption.server: issuer and audience go together",
		server + "{listen: 'a:1', origins: ['http://a'], issuer: 'http://i.example', audience: x}}": "encryption.server.issuer: want the https",
		server + "{listen: 'a:1', origins: ['http://a'], token_files: [''], issuer: 'https://i', audience: x}}": "encryption.server.token_files: want file names",
	} {
		_, err := Parse([]byte(document+"\n"+smallest), ".")
		require.ErrorContains(t, err, wrong, document)
	}
}

func TestALedgersAddressHoldsNoPassword(t *testing.T) {
	const secret = "s3cr3t"
	for document, wrong := range map[string]string{
		"ledger: postgres://books@db:5432/refunds":                                          "",
		"ledger: postgresql://books@db/refunds?sslmode=verify-full&sslrootcert=/etc/ca.pem": "",
		"ledger: postgres://books@db/refunds\nledger_password_file: pw":                     "",
		"ledger: sqlite:books.db":                                                           "",
		"ledger: postgres://books:" + secret + "@db/refunds":                                "ledger: a password stands in the address",
		"ledger: postgres://books@db/refunds?password=" + secret:                            "ledger: a password stands in the address",
		"ledger: postgres://books@db/refunds?sslkey=k.pem&sslpassword=" + secret:            "ledger: a password stands in the address",
		"ledger: postgres://books@db/refunds?SSLPassword=" + secret:                         "ledger: a password stands in the address",
		"ledger: postgres://books:" + secret + "%zz@db/refunds":                             "ledger: is no PostgreSQL address",
		"ledger: postgres://db/refunds":                                                     "ledger: want postgres://USER@HOST:PORT/DATABASE with user",
		"ledger: postgres://books@db":                                                       "ledger: want postgres://USER@HOST:PORT/DATABASE with user",
		"ledger: postgres://books@/refunds":                                                 "ledger: want postgres://USER@HOST:PORT/DATABASE with user",
		"ledger: postgres:" + secret:                                                        "ledger: want \"sqlite:FILE\"",
		"ledger: 'sqlite:'":                                                                 "ledger: want \"sqlite:FILE\"",
		"ledger: " + secret:                                                                 "ledger: want \"sqlite:FILE\"",
		"ledger_password_file: pw":                                                          "ledger_password_file: an SQLite ledger has no password",
		"ledger: postgres://books@db/refunds\nledger_password: " + secret:                   "ledger_password: unknown setting",
	} {
		_, err := Parse([]byte(document+"\n"+smallest), ".")
		if wrong == "" {
			require.NoError(t, err, document)
			continue
		}
		require.ErrorContains(t, err, wrong, document)
		require.NotContains(t, err.Error(), secret, document)
	}
}
