package service

import (
	"fmt"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/log"

	"github.com/refundflow/refundflow/config"
)

// NewLogger makes the process's logger from its settings.
func NewLogger(c config.Log) (*logrus.Logger, error) {
	level, err := logrus.ParseLevel(c.Level)
	if err != nil {
		return nil, fmt.Errorf("log.level: %w", err)
	}
	logger := logrus.New()
	logger.SetLevel(level)
	if c.Format == "json" {
		logger.SetFormatter(&logrus.JSONFormatter{})
	}
	return logger, nil
}

// sdkLogger lets the Temporal SDK log through logrus: its key-value pairs
// become fields.
type sdkLogger struct{ entry *logrus.Entry }

var _ log.WithLogger = sdkLogger{}

// SDKLogger adapts a logrus logger for the Temporal SDK.
func SDKLogger(l logrus.FieldLogger) log.Logger { return sdkLogger{entry: l.WithFields(nil)} }

func (l sdkLogger) Debug(msg string, kv ...any) { l.fields(kv).Debug(msg) }
func (l sdkLogger) Info(msg string, kv ...any)  { l.fields(kv).Info(msg) }
func (l sdkLogger) Warn(msg string, kv ...any)  { l.fields(kv).Warn(msg) }
func (l sdkLogger) Error(msg string, kv ...any) { l.fields(kv).Error(msg) }

// With returns a logger that adds the pairs to every line.
func (l sdkLogger) With(kv ...any) log.Logger { return sdkLogger{entry: l.fields(kv)} }

func (l sdkLogger) fields(kv []any) *logrus.Entry {
	fields := make(logrus.Fields, len(kv)/2+1)
	for i := 0; i+1 < len(kv); i += 2 {
		key, ok := kv[i].(string)
		if !ok {
			key = fmt.Sprint(kv[i])
		}
		switch key { // names that logrus writes itself
		case logrus.FieldKeyMsg, logrus.FieldKeyLevel, logrus.FieldKeyTime:
			key = "sdk." + key
		case "Error":
			key = logrus.ErrorKey
		}
		fields[key] = kv[i+1]
	}
	if len(kv)%2 == 1 {
		fields["odd"] = kv[len(kv)-1]
	}
	return l.entry.WithFields(fields)
}
