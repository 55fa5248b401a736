package engine

import (
	"errors"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
	"go.temporal.io/server/service/history/shard"
)

func TestOnlyErrorsOfTheServerAreLoud(t *testing.T) {
	to, lines := test.NewNullLogger()
	to.SetLevel(logrus.DebugLevel)
	l := newServerLog(to)

	for want, write := range map[logrus.Level][]func(string, ...tag.Tag){
		logrus.DebugLevel: {l.Debug, l.Info, l.Warn},
		logrus.ErrorLevel: {l.Error, l.DPanic},
	} {
		for _, f := range write {
			lines.Reset()
			f("said", tag.WorkflowID("R1"))
			require.Len(t, lines.AllEntries(), 1)
			require.Equal(t, want, lines.LastEntry().Level)
			require.Equal(t, logrus.Fields{"wf-id": "R1"}, lines.LastEntry().Data)
		}
	}
}

func TestAQueueThatIsEarlyIsNoError(t *testing.T) {
	to, lines := test.NewNullLogger()
	to.SetLevel(logrus.DebugLevel)
	l := newServerLog(to)
	l.Error("Queue reader unable to retrieve tasks", tag.Error(shard.ErrShardStatusUnknown))
	require.Equal(t, logrus.DebugLevel, lines.LastEntry().Level)
	l.Error("Queue reader unable to retrieve tasks", tag.Error(errors.New("the disk is gone")))
	require.Equal(t, logrus.ErrorLevel, lines.LastEntry().Level)
}

func TestNothingIsLoggedOnceMuted(t *testing.T) {
	to, lines := test.NewNullLogger()
	l := newServerLog(to)
	before := log.With(l, tag.WorkflowID("R1"))
	before.Error("heard")
	require.Len(t, lines.AllEntries(), 1)
	require.Equal(t, "R1", lines.LastEntry().Data["wf-id"])

	l.mute()
	before.Error("a service that lost another while both go down")
	log.With(l, tag.WorkflowID("R2")).Error("a straggler")
	require.Len(t, lines.AllEntries(), 1)
}

func TestAFatalErrorSpeaksAlthoughNobodyListens(t *testing.T) {
	l := newServerLog(nil)
	l.Error("into the void")
	l.mute()
	require.PanicsWithValue(t, "temporal server: no listener wf-id=R1", func() { l.Fatal("no listener", tag.WorkflowID("R1")) })
}
