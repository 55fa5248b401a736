package config

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The configuration page shows every setting, so also every one that names a file.
func TestEveryKeyFileOfEveryPlatformIsKnown(t *testing.T) {
	page, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	_, platforms, _ := strings.Cut(string(page), "## `baidu`")
	named := regexp.MustCompile(`(?m)^ +[a-z_]+_file: (\S+)`)
	for _, example := range strings.Split(platforms, "```yaml\n")[1:] {
		example, _, _ = strings.Cut(example, "```")
		c, err := Parse([]byte(example), "/etc/refundflow")
		require.NoError(t, err)
		var want []string
		for _, m := range named.FindAllStringSubmatch(example, -1) {
			want = append(want, "/etc/refundflow/"+m[1])
		}
		require.NotEmpty(t, want)
		require.ElementsMatch(t, want, c.KeyFiles(c.Names()))
	}
}

func TestKeyFilesAreThoseOfTheAccountsAskedFor(t *testing.T) {
	c, err := Parse([]byte(`
encryption: {key_files: [not-an-accounts.key]}
accounts:
  a: {approval: {decision_key_files: [new.key, /old.key]}, xlife: {app_secret_file: top.secret}}
  b: {baidu: {private_key_file: baidu.pem}}
`), "/etc")
	require.NoError(t, err)
	require.Equal(t, []string{"/etc/new.key", "/old.key", "/etc/top.secret"}, c.KeyFiles([]string{"a"}))
	require.Equal(t, []string{"/etc/baidu.pem"}, c.KeyFiles([]string{"b"}))
	require.Empty(t, c.KeyFiles(nil))
	require.Equal(t, "", c.Beside(""), "what is not named is not there")
}
