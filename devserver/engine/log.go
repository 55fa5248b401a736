package engine

import (
	"fmt"
	"sync/atomic"

	"github.com/sirupsen/logrus"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
	"go.temporal.io/server/service/history/shard"
)

// serverLog passes the server's log on to logrus: errors as errors, all else as debug lines. Hundreds of info lines belong
// to every start, and the warnings are advice for clusters (one at each start, one whenever the Web UI opens a workflow).
type serverLog struct {
	to logrus.FieldLogger // nil: nobody listens
	// muted is shared by all descendants of one engine's logger. Set when the engine stops: services that lose each other
	// while they go down report errors that mean nothing, and stragglers must not write after Stop.
	muted *atomic.Bool
}

var (
	_ log.Logger     = serverLog{}
	_ log.WithLogger = serverLog{}
)

func newServerLog(to logrus.FieldLogger) serverLog {
	return serverLog{to: to, muted: new(atomic.Bool)}
}

func (l serverLog) mute() { l.muted.Store(true) }

func (l serverLog) With(tags ...tag.Tag) log.Logger {
	if l.to != nil {
		l.to = l.fields(tags)
	}
	return l
}

func (l serverLog) Debug(msg string, tags ...tag.Tag) { l.write(logrus.FieldLogger.Debug, msg, tags) }
func (l serverLog) Info(msg string, tags ...tag.Tag)  { l.write(logrus.FieldLogger.Debug, msg, tags) }
func (l serverLog) Warn(msg string, tags ...tag.Tag)  { l.write(logrus.FieldLogger.Debug, msg, tags) }

func (l serverLog) Error(msg string, tags ...tag.Tag) {
	if notYetAcquired(tags) {
		l.write(logrus.FieldLogger.Debug, msg, tags)
		return
	}
	l.write(logrus.FieldLogger.Error, msg, tags)
}

// notYetAcquired: on a busy machine the queues of a starting server look for work before their shard is theirs. They look
// again at once.
func notYetAcquired(tags []tag.Tag) bool {
	for _, t := range tags {
		if fmt.Sprint(t.Value()) == shard.ErrShardStatusUnknown.Error() {
			return true
		}
	}
	return false
}

// DPanic reports a broken assumption inside the server; it panics in the server's own tests only.
func (l serverLog) DPanic(msg string, tags ...tag.Tag) {
	l.write(logrus.FieldLogger.Error, msg, tags)
}

func (l serverLog) Panic(msg string, tags ...tag.Tag) { l.fatal(msg, tags) }

// Fatal must not return: the server goes on as if the process had ended, and would trip over the missing piece.
func (l serverLog) Fatal(msg string, tags ...tag.Tag) { l.fatal(msg, tags) }

// fatal speaks even when nobody listens or the log is muted: a process must not vanish in silence.
func (l serverLog) fatal(msg string, tags []tag.Tag) {
	l.write(logrus.FieldLogger.Error, msg, tags)
	for _, t := range tags {
		msg += fmt.Sprintf(" %s=%v", t.Key(), t.Value())
	}
	panic("temporal server: " + msg)
}

func (l serverLog) write(level func(logrus.FieldLogger, ...any), msg string, tags []tag.Tag) {
	if l.to == nil || l.muted.Load() {
		return
	}
	level(l.fields(tags), msg)
}

func (l serverLog) fields(tags []tag.Tag) logrus.FieldLogger {
	fields := make(logrus.Fields, len(tags))
	for _, t := range tags {
		fields[t.Key()] = t.Value()
	}
	return l.to.WithFields(fields)
}
