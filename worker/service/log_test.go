package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"

	"github.com/refundflow/refundflow/config"
)

func TestTheSDKsLinesBecomeFields(t *testing.T) {
	var out bytes.Buffer
	base := logrus.New()
	base.SetOutput(&out)
	base.SetFormatter(&logrus.JSONFormatter{})
	base.SetLevel(logrus.DebugLevel)
	logger := log.With(SDKLogger(base), "WorkflowID", "refund/a/b")

	for name, c := range map[string]struct {
		write func()
		want  map[string]any
	}{
		"pairs":                         {func() { logger.Info("hello", "n", 1) }, map[string]any{"level": "info", "msg": "hello", "n": 1.0}},
		"errors":                        {func() { logger.Error("bad", "Error", errors.New("x")) }, map[string]any{"level": "error", "error": "x"}},
		"an odd one":                    {func() { logger.Warn("odd", "k", "v", "alone") }, map[string]any{"level": "warning", "k": "v", "odd": "alone"}},
		"a key that is no string":       {func() { logger.Debug("key", 7, "v") }, map[string]any{"level": "debug", "7": "v"}},
		"names that logrus itself uses": {func() { logger.Info("msg", "msg", "theirs", "level", 9) }, map[string]any{"msg": "msg", "sdk.msg": "theirs", "sdk.level": 9.0}},
	} {
		t.Run(name, func(t *testing.T) {
			out.Reset()
			c.write()
			var line map[string]any
			require.NoError(t, json.Unmarshal(out.Bytes(), &line), out.String())
			require.Equal(t, "refund/a/b", line["WorkflowID"], "what was added before stays")
			for key, value := range c.want {
				require.Equal(t, value, line[key], key)
			}
		})
	}
}

func TestAnUnknownLogLevelIsNamed(t *testing.T) {
	_, err := NewLogger(config.Log{Level: "loud"})
	require.ErrorContains(t, err, "log.level")
}
