package client

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/refundflow/refundflow/codec"
	"github.com/refundflow/refundflow/refund"
)

// sealed is a server whose runs were started by somebody who encrypts.
type sealed struct {
	*server
	with converter.DataConverter
}

func (s sealed) GetWorkflowHistory(_ context.Context, _, runID string, _ bool, _ enumspb.HistoryEventFilterType) temporalclient.HistoryEventIterator {
	found, _ := s.find(runID)
	input, err := s.with.ToPayloads(found.input)
	require.NoError(s.t, err)
	return first{&historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
		WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{Input: input},
	}}}
}

func keys(t *testing.T, digits string) converter.DataConverter {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.key")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat(digits, 32)), 0o600))
	c, err := codec.Open([]string{file})
	require.NoError(t, err)
	return c.DataConverter()
}

// An id whose document is no request is free. What a caller cannot read may be a refund.
func TestAnEarlierStartThatCannotBeReadIsNoFreeID(t *testing.T) {
	mine := keys(t, "0f")
	for name, reads := range map[string]converter.DataConverter{
		"no codec": converter.GetDefaultDataConverter(), "no key": (*codec.Codec)(nil).DataConverter(), "another key": keys(t, "a5"),
	} {
		for _, execution := range []enumspb.WorkflowExecutionStatus{running, terminated, completed, failed} {
			s := sealed{&server{t: t, runs: []run{{request(), execution, refund.Outcome{Status: refund.StatusSucceeded}}}}, mine}
			c := New(s).WithDataConverter(reads).WithTaskQueue("other")
			_, err := c.Start(t.Context(), request())
			require.ErrorContains(t, err, "encrypted", name)
			_, err = c.Submit(t.Context(), request())
			require.ErrorContains(t, err, "encrypted", name)
			require.Len(t, s.runs, 1, "%s: nothing was started", name)
		}
	}
	s := sealed{&server{t: t, runs: []run{{request(), running, refund.Outcome{}}}}, mine}
	again, err := New(s).WithDataConverter(mine).Start(t.Context(), request())
	require.NoError(t, err)
	require.True(t, again.Existing, "who has the key knows it again")
}
