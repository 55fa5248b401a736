package workflows

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/refund"
)

// corpus holds histories that a real server wrote, a folder for each version of the
// saga's decisions. docs/design.md says how they are recorded; they are never changed.
const corpus = "testdata/replay"

// entry is one line of a folder's manifest.json.
type entry struct {
	// Way names the way the refund went, and its file: <way>.json.gz.
	Way  string `json:"way"`
	Type string `json:"type"`
	// Events is the length of the history; Ends how it ended, or "running".
	Events int    `json:"events"`
	Ends   string `json:"ends"`
}

// ways are those that each folder must hold, finished and waiting.
var ways = []string{
	// quiet ways
	"full", "part", "submitted", "woken-by-callback",
	// people
	"approved", "approved-by-two", "rejected", "deadline-rejected", "deadline-stays", "signed", "decided-by-update",
	"waiting-for-approval", "wrong-signals", "not-known-signal",
	// limits
	"waited-for-the-cap", "let-through-over-the-cap", "failed-for-the-cap", "waiting-for-budget", "waited-for-its-turn", "waited-for-balance",
	"bigger-than-the-limit", "asked-over-a-limit-that-was-raised", "day-changed-before-the-verification", "day-changed-before-the-sending",
	// doubt
	"found-and-adopted", "absent-and-repeated", "never-answered", "waiting-in-doubt",
	"woken-while-it-needs-attention", "resolved-while-asked-again",
	// trouble
	"refused", "rechecked", "tried-again-certainly-not-sent", "resolved-by-retry", "resolved-as-succeeded", "resolved-as-failed",
	"misconfigured", "waiting-for-a-person", "resolved-with-a-wrong-signature-first", "other-amount-reported", "contradicted-and-amended", "continued-after-termination",
	// ends
	"cancelled", "cancelled-by-temporal", "cancelled-while-unreachable", "cancelled-while-it-needs-attention",
	"cancelled-before-the-books-were-open", "end-not-booked-then-resolved", "not-valid", "conflict", "asked-again-after-its-end",
	"waiting-for-the-result",
	// the reconciler
	"reconciled",
}

// waysSince are those that came with a version: folders of older ones cannot hold them.
var waysSince = map[version][]string{
	versionRestored: {"forgotten-while-waiting-for-approval", "forgotten-while-processing"},
	versionInline: {"inline-reads", "inline-all", "inline-refused", "inline-misconfigured", "inline-handed-over", "inline-in-doubt",
		"inline-waiting-for-the-result",
		"unasked", "unasked-inline", "unasked-in-doubt", "unasked-and-approved"}, // where it was asked still
}

func stored(t *testing.T) (folders []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(corpus, "*", "manifest.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "the corpus is empty: a change that breaks running refunds would pass")
	for _, f := range files {
		folders = append(folders, filepath.Dir(f))
	}
	return folders
}

func manifest(t *testing.T, folder string) (all []entry) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &all))
	return all
}

func history(t *testing.T, folder, way string) *historypb.History {
	t.Helper()
	file, err := os.Open(filepath.Join(folder, way+".json.gz"))
	require.NoError(t, err)
	defer file.Close()
	text, err := gzip.NewReader(file)
	require.NoError(t, err)
	h, err := client.HistoryFromJSON(text, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return h
}

// replay runs a history through a workflow, under the name of the real one.
func replay(t *testing.T, e entry, h *historypb.History, code any) error {
	t.Helper()
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(code, workflow.RegisterOptions{Name: e.Type})
	// The refund's document must be that of the workflow's id, which the replayer does not read by itself.
	id := h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowId()
	return replayer.ReplayWorkflowHistoryWithOptions(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)), h,
		worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id}})
}

// codeOf is today's workflow of a type.
func codeOf(t *testing.T, kind string) any {
	t.Helper()
	code, known := map[string]any{TypeRefund: RefundWorkflow, TypeReconcile: ReconcileWorkflow}[kind]
	require.True(t, known, "no workflow of type %s", kind)
	return code
}

func TestEveryStoredHistoryReplays(t *testing.T) {
	for _, folder := range stored(t) {
		for _, e := range manifest(t, folder) {
			t.Run(filepath.Base(folder)+"/"+e.Way, func(t *testing.T) {
				t.Parallel()
				h := history(t, folder, e.Way)
				require.Len(t, h.GetEvents(), e.Events)
				require.NoError(t, replay(t, e, h, codeOf(t, e.Type)))
			})
		}
	}
}

func TestTheCorpusHoldsEveryWayARefundCanGo(t *testing.T) {
	for _, folder := range stored(t) {
		var held []string
		for _, e := range manifest(t, folder) {
			require.NotContains(t, held, e.Way)
			held = append(held, e.Way)
		}
		var shape version
		_, err := fmt.Sscanf(filepath.Base(folder), "v%d", &shape)
		require.NoError(t, err, folder)
		want := slices.Clone(ways)
		for v, since := range waysSince {
			if v <= shape {
				want = append(want, since...)
			}
		}
		require.Subset(t, held, want, folder)
		files, err := fs.Glob(os.DirFS(folder), "*.json.gz")
		require.NoError(t, err)
		require.Len(t, files, len(held), "a history that no line of the manifest names, or the reverse: %s", folder)
	}
}

// Each of these is the saga with one thing changed. A replayer that does not notice
// would let the change through, and running refunds would stand still.
func TestTheReplayerNoticesABreak(t *testing.T) {
	for name, broken := range map[string]func(*saga) []func(workflow.Context) error{
		"the budget is taken before the order is checked": func(s *saga) []func(workflow.Context) error {
			return []func(workflow.Context) error{s.open, s.approve, s.hold, s.check, s.cancelVerification, s.apply, s.await}
		},
		"a step is left out": func(s *saga) []func(workflow.Context) error {
			return []func(workflow.Context) error{s.open, s.approve, s.check, s.cancelVerification, s.apply, s.await}
		},
		"a pause is put in": func(s *saga) []func(workflow.Context) error {
			pause := func(ctx workflow.Context) error { return workflow.Sleep(ctx, recheckPause) }
			return []func(workflow.Context) error{s.open, pause, s.approve, s.check, s.hold, s.cancelVerification, s.apply, s.await}
		},
	} {
		t.Run(name, func(t *testing.T) {
			code := func(ctx workflow.Context, document converter.RawValue) (refund.Outcome, error) {
				s, err := newSaga(ctx, document)
				if err != nil {
					return refund.Outcome{}, err
				}
				ctx, _ = workflow.NewDisconnectedContext(ctx)
				for _, step := range broken(s) {
					err = step(ctx)
					var end *ending
					if errors.As(err, &end) {
						outcome, _, err := s.finish(ctx, end)
						return outcome, err
					}
				}
				return refund.Outcome{}, err
			}
			for _, folder := range stored(t) {
				all := manifest(t, folder)
				at := slices.IndexFunc(all, func(e entry) bool { return e.Way == "full" })
				require.GreaterOrEqual(t, at, 0)
				h := history(t, folder, all[at].Way)
				require.NoError(t, replay(t, all[at], h, RefundWorkflow), "as it is, it replays")
				require.ErrorContains(t, replay(t, all[at], h, code), "TMPRL1100", "Temporal's code for what a history cannot have done")
			}
		})
	}
}

// A worker that is older than a refund must not go on with it by its own rules.
func TestARefundOfANewerReleaseIsLeftAlone(t *testing.T) {
	s := &saga{}
	s.plan.Version = int(versionNow)
	require.NotPanics(t, s.refuseNewer)
	require.True(t, s.since(versionFirst))
	s.plan.Version++
	require.PanicsWithValue(t, "this refund was opened by a newer release of the worker: let one of those go on with it", s.refuseNewer)
	s.plan.Version = 0
	require.False(t, s.since(versionFirst))
}
