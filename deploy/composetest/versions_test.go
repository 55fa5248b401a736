package composetest

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryImageIsPinned(t *testing.T) {
	version := regexp.MustCompile(`:v?[0-9]+\.[0-9]+(\.[0-9]+)?(-[a-z0-9.]+)?$`)
	for name, s := range load(t, minimal, profiles...).Services {
		if s.Build != nil {
			require.Regexp(t, `^refundflow(-sandbox)?:dev$`, s.Image, name)
			continue
		}
		require.Regexp(t, version, s.Image, name)
	}
	dockerfile := read(t, "../../Dockerfile")
	stages := map[string]bool{"scratch": true}
	for _, from := range regexp.MustCompile(`(?m)^FROM (?:--platform=\S+ )?(\S+) AS (\S+)$`).FindAllStringSubmatch(dockerfile, -1) {
		if !stages[from[1]] {
			require.Regexp(t, version, from[1])
		}
		stages[from[2]] = true
	}
	require.Equal(t, strings.Count(dockerfile, "\nFROM "), len(stages)-1, "every stage is looked at")
	for name, s := range load(t, minimal, profiles...).Services {
		if s.Build != nil {
			require.True(t, stages[s.Build.Target], "%s is built from a stage of the Dockerfile", name)
		}
	}
}

// What deploy/plain tries is what the images hold.
func TestImagesAndModulesAreOfOneVersion(t *testing.T) {
	modules := read(t, "../../devserver/go.mod")
	p := load(t, minimal)
	for service, module := range map[string]string{
		"temporal": "go.temporal.io/server", "schema": "go.temporal.io/server", "ui": "github.com/temporalio/ui-server/v2",
	} {
		_, tag, _ := strings.Cut(p.Services[service].Image, ":")
		require.Contains(t, modules, "\t"+module+" v"+tag+"\n", service)
	}
	require.Equal(t, p.Services["postgres"].Image, p.Services["databases"].Image)
	toolchain := regexp.MustCompile(`golang:([0-9.]+)-`).FindStringSubmatch(read(t, "../../Dockerfile"))
	require.NotNil(t, toolchain)
	require.Contains(t, modules, "\ngo "+toolchain[1]+"\n", "images are built by the Go version that the project is tried with")
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(data)
}
