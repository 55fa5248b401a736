package composetest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var secretName = regexp.MustCompile(`(?i)(passw|pwd|secret|token|key)`)

func TestSecretsAreFilesAndNothingElse(t *testing.T) {
	p := load(t, minimal, profiles...)
	for name, s := range p.Services {
		for variable, value := range s.Environment {
			if value != nil && secretName.MatchString(variable) && *value != "" {
				require.Regexp(t, `^/run/secrets(/|$)`, *value, "%s: %s names a file", name, variable)
			}
		}
	}
	require.NotEmpty(t, p.Secrets)
	for name, s := range p.Secrets {
		require.Equal(t, "deploy/secrets/"+name, relative(t, s.File), "deploy/init makes it")
	}
	init, err := os.ReadFile("../init")
	require.NoError(t, err)
	for name := range p.Secrets {
		kind, isPassword := strings.CutSuffix(name, "_password")
		require.True(t, isPassword, name)
		require.Regexp(t, `(?m)^for name in .*\b`+kind+`\b`, string(init))
	}
	ignored, err := os.ReadFile("../../.gitignore")
	require.NoError(t, err)
	left, err := os.ReadFile("../../.dockerignore")
	require.NoError(t, err)
	for _, secret := range []string{"/.env", "/deploy/secrets/", "/deploy/refundflow/", "/deploy/sandbox/"} {
		require.Contains(t, strings.Split(string(ignored), "\n"), secret, "git does not see it")
	}
	for _, folder := range []string{".env", "deploy", ".git"} {
		require.Contains(t, strings.Split(string(left), "\n"), folder, "no image can hold it")
	}
	written := regexp.MustCompile(`(?im)^[^#\n]*(password|pwd|secret|token)\s*[=:]\s*["']?[^\s/{$"'\[]`)
	require.Regexp(t, written, "POSTGRES_PWD: temporal", "this would be found")
	for _, file := range []string{"../../.env.example", "../../docker-compose.yml", "../process.yaml", "../temporal/server.env"} {
		require.NotRegexp(t, written, read(t, file), "%s: no password is written down", file)
	}
}

func relative(t *testing.T, file string) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	short, err := filepath.Rel(root, file)
	require.NoError(t, err)
	return filepath.ToSlash(short)
}

// assignments are the lines of an environment file that set something, or would if they
// were not left out.
func assignments(text string) (all []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "#"))
		if regexp.MustCompile(`^[A-Z_]+=\S*$`).MatchString(line) && !strings.HasPrefix(line, "COMPOSE_") {
			all = append(all, line)
		}
	}
	return all
}
