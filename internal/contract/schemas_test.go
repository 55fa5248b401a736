package contract

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

func TestTheWrittenSchemasAreThoseOfTheGoTypes(t *testing.T) {
	want, err := Schemas(Source)
	require.NoError(t, err)
	require.Len(t, want, len(documents))
	for name, data := range want {
		written, err := os.ReadFile(filepath.Join(Folder, name))
		require.NoError(t, err, "write it with: go generate ./internal/contract")
		require.Equal(t, string(data), string(written), "docs/schema/%s differs from package refund: go generate ./internal/contract writes it anew. "+
			"What callers send may get more fields and lose none; so may what they are sent", name)
	}
	files, err := os.ReadDir(Folder)
	require.NoError(t, err)
	for _, f := range files {
		require.Contains(t, want, f.Name(), "docs/schema has a file that is no document's")
	}
}

func TestEnumerationsOfTheSourceAreThoseOfThePackage(t *testing.T) {
	words, err := readWords(Source)
	require.NoError(t, err)
	texts := func(name string) (all []string) {
		for _, w := range words[name].words {
			require.NotEmpty(t, w.means, "%s %q has no comment that says what it means", name, w.text)
			all = append(all, w.text)
		}
		return all
	}
	var statuses, classes []string
	for _, s := range refund.Statuses {
		statuses = append(statuses, string(s))
	}
	for _, c := range refund.Classes {
		classes = append(classes, string(c))
	}
	require.Equal(t, statuses, texts("Status"))
	require.Equal(t, classes, texts("Class"))
	require.Equal(t, []string{"user", "support", "system"}, texts("Initiator"))
	require.Equal(t, []string{"retry", "succeeded", "failed"}, texts("ResolveAction"))
	require.NotEmpty(t, texts("WaitFor"))
}

func TestABackendDoesNotInheritTheGenerator(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../../client", "../../workflows", "../../refund").Output()
	require.NoError(t, err)
	require.Contains(t, string(out), "refundflow/client\n", "the list is that of what a backend imports")
	for _, heavy := range []string{"jsonschema", "refundflow/internal/", "go/parser"} {
		require.NotContains(t, string(out), heavy)
	}
}

// validator is of another library than the generator's.
func validator(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(Folder, name+".schema.json"))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("urn:refundflow:"+name, parsed(t, data)))
	s, err := c.Compile("urn:refundflow:" + name)
	require.NoError(t, err)
	return s
}

func parsed(t *testing.T, data []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	require.NoError(t, err, string(data))
	return v
}
