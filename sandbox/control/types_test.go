package control

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDurationsAreTextWithAUnit(t *testing.T) {
	b, err := json.Marshal(Duration(90 * time.Second))
	require.NoError(t, err)
	require.Equal(t, `"1m30s"`, string(b))
	for text, want := range map[string]string{
		`"24h"`: "", `"0s"`: "", `5`: "a duration is text", `"5"`: "missing unit", `"-1s"`: "negative", `null`: "duration",
	} {
		t.Run(text, func(t *testing.T) {
			var d Duration
			err := json.Unmarshal([]byte(text), &d)
			if want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, want)
		})
	}
}
