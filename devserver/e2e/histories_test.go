package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/temporalproto"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

var record = flag.String("record", "", "write the histories of TestEveryWayIsRecordedAndReplays into this folder")

// recording is the history of one way, and its line in the manifest of a folder.
type recording struct {
	// Way names it, and its file: <way>.json.gz.
	Way  string `json:"way"`
	Type string `json:"type"`
	// Events is its length. Ends is the status of the outcome, "completed" for what has none, or [stillWaits].
	Events int    `json:"events"`
	Ends   string `json:"ends"`

	text []byte
}

// stillWaits is the end of a history that was taken while the refund waited.
const stillWaits = "running"

// TestEveryWayIsRecordedAndReplays brings a refund down every way that a refund can go, on the real server, and replays
// the history that the server wrote with the workflow as it is.
//
// It is also the recorder of the replay corpus, which package workflows replays for ever after. When the saga's decisions get
// another version, record a folder for it, and leave those of the older versions as they are:
//
//	go -C devserver test ./e2e -run TestEveryWayIsRecorded -args -record ../../workflows/testdata/replay/v4
//
// The folder counts from this one.
func TestEveryWayIsRecordedAndReplays(t *testing.T) {
	t.Parallel()
	histories := make([]recording, len(ways))
	t.Run("way", func(t *testing.T) {
		for i, y := range ways {
			t.Run(y.name, func(t *testing.T) {
				t.Parallel()
				w, r := y.goes(t)
				h := w.settled(y.workflow(w, r))
				scrub(h.ProtoReflect())
				w.holdsNothingPrivate(h)
				histories[i] = recordingOf(t, y.name, h)
				require.Equal(t, y.ends, histories[i].Ends)
				histories[i].replays(t)
			})
		}
	})
	if *record != "" {
		require.False(t, t.Failed(), "nothing was recorded")
		keep(t, *record, histories)
	}
}

// settled is a workflow's history when nothing is under way: a waiting one's ends where it waits.
func (w *world) settled(workflowID string) *historypb.History {
	w.t.Helper()
	var h *historypb.History
	eventually(w.t, w.ctx, workflowID+" has come to rest", func() (bool, string) {
		h = &historypb.History{}
		events := w.dialled().GetWorkflowHistory(w.ctx, workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(w.t, err)
			h.Events = append(h.Events, event)
		}
		last := h.Events[len(h.Events)-1].GetEventType()
		return last != enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED && last != enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED, last.String()
	})
	return h
}

// nameless are the fields that name a machine, a process or its program.
var nameless = map[protoreflect.Name]bool{"identity": true, "binary_checksum": true, "build_id": true, "worker_instance_key": true}

// scrub makes them neutral, wherever they are. A replay does not look at them.
func scrub(m protoreflect.Message) {
	// A worker's own queue is named after its machine.
	if q, queue := m.Interface().(*taskqueuepb.TaskQueue); queue && q.GetKind() == enumspb.TASK_QUEUE_KIND_STICKY {
		q.Name = "worker"
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case nameless[f.Name()] && f.Kind() == protoreflect.StringKind:
			m.Set(f, protoreflect.ValueOfString("worker"))
		case f.IsMap():
			if f.MapValue().Message() != nil {
				v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
					scrub(v.Message())
					return true
				})
			}
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				scrub(v.List().Get(i).Message())
			}
		case f.Message() != nil:
			scrub(v.Message())
		}
		return true
	})
}

// recordingOf writes a history as the text that the SDK and Temporal's programs read.
func recordingOf(t *testing.T, way string, h *historypb.History) recording {
	t.Helper()
	raw, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(h)
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, json.Indent(&text, raw, "", " ")) // the encoder's own spaces differ from build to build
	return recording{
		Way: way, Type: h.Events[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName(),
		Events: len(h.Events), Ends: end(t, h), text: text.Bytes(),
	}
}

// end is how the history ended.
func end(t *testing.T, h *historypb.History) string {
	t.Helper()
	last := h.Events[len(h.Events)-1]
	completed := last.GetWorkflowExecutionCompletedEventAttributes()
	if completed == nil {
		require.NotContains(t, []enumspb.EventType{
			enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
			enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
			enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
		}, last.GetEventType(), "a refund ends with an outcome")
		return stillWaits
	}
	var out refund.Outcome
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(completed.GetResult(), &out))
	if out.Status == "" {
		return "completed"
	}
	return string(out.Status)
}

// holdsNothingPrivate: what is recorded is published. It looks at the fields and payloads themselves, since the stored text
// has payloads in base64.
func (w *world) holdsNothingPrivate(h *historypb.History) {
	w.t.Helper()
	host, err := os.Hostname()
	require.NoError(w.t, err)
	here, err := os.Getwd()
	require.NoError(w.t, err)
	text := prototext.Format(h)
	for _, private := range []string{
		"@" + host, `"` + host + ":", "127.0.0.1", w.dir, filepath.Dir(here), os.TempDir() + "/", "not-a-secret", decisionKey, "PRIVATE KEY",
	} {
		require.NotContains(w.t, text, private)
	}
}

// replays reads the history as it is stored, and demands that today's code would have written it.
func (h recording) replays(t *testing.T) {
	t.Helper()
	read, err := temporalclient.HistoryFromJSON(bytes.NewReader(h.text), temporalclient.HistoryJSONOptions{})
	require.NoError(t, err)
	require.Len(t, read.GetEvents(), h.Events)
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(workflows.RefundWorkflow, workflow.RegisterOptions{Name: workflows.TypeRefund})
	replayer.RegisterWorkflowWithOptions(workflows.ReconcileWorkflow, workflow.RegisterOptions{Name: workflows.TypeReconcile})
	// The refund's document must be that of the workflow's id, which the replayer does not read by itself.
	id := read.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowId()
	require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)), read,
		worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id}}))
}

// keep writes a folder of the corpus: a history a file, and the manifest that lists them.
func keep(t *testing.T, folder string, histories []recording) {
	t.Helper()
	for i, h := range histories {
		require.NotEmpty(t, h.text, "%s was not gone: record all ways at once", ways[i].name)
	}
	require.NoError(t, os.MkdirAll(folder, 0o750))
	old, err := filepath.Glob(filepath.Join(folder, "*.json.gz"))
	require.NoError(t, err)
	for _, file := range old {
		require.NoError(t, os.Remove(file))
	}
	for _, h := range histories {
		var packed bytes.Buffer
		z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		require.NoError(t, err)
		_, err = z.Write(h.text)
		require.NoError(t, err)
		require.NoError(t, z.Close())
		require.NoError(t, os.WriteFile(filepath.Join(folder, h.Way+".json.gz"), packed.Bytes(), 0o600))
	}
	list, err := json.MarshalIndent(histories, "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "manifest.json"), append(list, '\n'), 0o600))
	t.Logf("%d histories recorded in %s", len(histories), folder)
}
