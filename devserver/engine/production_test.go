package engine

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/dynamicconfig"
)

// A key that the server does not know is no error to it: it would run without the
// setting and say so in one line of its log.
func TestTheShippedSettingsAreKnownToTheServer(t *testing.T) {
	load := func(data []byte) *dynamicconfig.YamlLoader {
		loaded := dynamicconfig.LoadYamlFile(data)
		require.NoError(t, loaded.Err())
		return loaded
	}
	data, err := os.ReadFile("../../deploy/temporal/dynamicconfig.yaml")
	require.NoError(t, err)
	shipped := load(data)
	require.Empty(t, shipped.Warnings, "every key is known, and every value of its kind")
	require.NotEmpty(t, shipped.Map)
	for _, wrong := range []string{"history.noSuchSetting: [{value: 1}]", "matching.numTaskqueueReadPartitions: [{value: many}]"} {
		require.NotEmpty(t, load([]byte(wrong)).Warnings, "%s would be found", wrong)
	}
	require.Equal(t, shipped.Map[dynamicconfig.MatchingNumTaskqueueReadPartitions.Key()], shipped.Map[dynamicconfig.MatchingNumTaskqueueWritePartitions.Key()],
		"tasks are written where they are read")
}
