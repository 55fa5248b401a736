package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/converter"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// workflowMetadata is the SDK's own query, which it does not export.
const workflowMetadata = "__temporal_workflow_metadata"

// metadata is what the Web UI asks of a workflow: its current details, and what can be sent to it.
func (w *world) metadata(workflowID string) *sdkpb.WorkflowMetadata {
	w.t.Helper()
	answer, err := w.dialled().QueryWorkflow(w.ctx, workflowID, "", workflowMetadata)
	require.NoError(w.t, err)
	var m sdkpb.WorkflowMetadata
	require.NoError(w.t, answer.Get(&m))
	return &m
}

// static is what was said of a workflow when it was started: the line of lists, and its details.
func (w *world) static(workflowID string) (summary, details string) {
	w.t.Helper()
	found, err := w.dialled().DescribeWorkflowExecution(w.ctx, workflowID, "")
	require.NoError(w.t, err)
	m := found.GetExecutionConfig().GetUserMetadata()
	return text(w.t, m.GetSummary()), text(w.t, m.GetDetails())
}

// text is what a payload says; none says nothing.
func text(t *testing.T, p *commonpb.Payload) (s string) {
	t.Helper()
	if p != nil {
		require.NoError(t, converter.GetDefaultDataConverter().FromPayload(p, &s))
	}
	return s
}

// browse sends what the Web UI's own page sends to the server behind it.
func (w *world) browse(method, path string, body, answer any) {
	w.t.Helper()
	sent, err := json.Marshal(body)
	require.NoError(w.t, err)
	request, err := http.NewRequestWithContext(w.ctx, method, shared.UIURL()+"/api/v1/namespaces/default/workflows"+path, bytes.NewReader(sent))
	require.NoError(w.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	require.Equal(w.t, http.StatusOK, response.StatusCode, "%s %s: %s", method, path, got)
	require.NoError(w.t, json.Unmarshal(got, answer))
}

// types sends a signal as somebody does who fills in the Web UI's form: its name, and the input, which may be left empty.
func (w *world) types(r refund.Request, name, input string) {
	w.t.Helper()
	form := map[string]any{"signalName": name}
	if input != "" {
		form["input"] = map[string]any{"payloads": []any{map[string]any{ // bytes are base64, as there
			"metadata": map[string][]byte{"encoding": []byte("json/plain")}, "data": []byte(input),
		}}}
	}
	w.browse(http.MethodPost, "/"+url.PathEscape(refund.WorkflowID(r.Account, r.ID))+"/signal/"+name, form, &struct{}{})
}

// seen waits until the refund's current details say so.
func (w *world) seen(r refund.Request, what string) {
	w.t.Helper()
	eventually(w.t, w.ctx, "the Web UI says "+what, func() (bool, string) {
		details := w.metadata(refund.WorkflowID(r.Account, r.ID)).GetCurrentDetails()
		return strings.Contains(details, what), details
	})
}

// along brings a refund down one of the ways by its name.
func along(t *testing.T, name string) (*world, refund.Request, way) {
	t.Helper()
	i := slices.IndexFunc(ways, func(y way) bool { return y.name == name })
	require.GreaterOrEqual(t, i, 0, "no way is called %s", name)
	w, r := ways[i].goes(t)
	return w, r, ways[i]
}

func TestWebUIShowsWhatARefundIsAndWhereItStands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		way    string
		status refund.Status
		says   []string
	}{
		{"waiting-for-approval", refund.StatusAwaitingApproval, []string{"A decision is due by 20", "Looks again by itself at 20"}},
		{"waiting-for-budget", refund.StatusAwaitingBudget, []string{"daily cap", "Looks again by itself at 20"}},
		{"waited-for-the-cap", refund.StatusSucceeded, []string{"| awaiting_budget | ", "daily cap"}},
		{"waiting-for-a-person", refund.StatusNeedsAttention, []string{"Look in the platform's console for refund ", "| resolve with | which |\n|---|---|\n"}},
	} {
		t.Run(c.way, func(t *testing.T) {
			t.Parallel()
			w, r, _ := along(t, c.way)
			id := refund.WorkflowID(r.Account, r.ID)
			summary, details := w.static(id)
			require.Equal(t, fmt.Sprintf("¥98.00 for order %s", r.Order.MerchantID), summary)
			require.True(t, strings.HasPrefix(details, "| | |\n|---|---|\n"), details)
			for name, value := range map[string]string{
				"refund": r.ID, "account": r.Account, "amount": "¥98.00 of ¥98.00, in full", "platform's order": r.Order.PlatformID,
				"merchant's order": r.Order.MerchantID, "initiated by": "user", "requested by": "agent-17", "reason": "parcel never arrived",
			} {
				require.Contains(t, details, "\n| "+name+" | "+value+" |\n")
			}

			view, err := w.refunds.Status(w.ctx, r.Account, r.ID)
			require.NoError(t, err)
			require.Equal(t, c.status, view.Status)
			now := w.metadata(id).GetCurrentDetails()
			require.True(t, strings.HasPrefix(now, "**"+string(c.status)+"** — "+view.Sentence+"\n\n"), now)
			for _, says := range c.says {
				require.Contains(t, now, says)
			}
			_, table, found := strings.Cut(now, "| when | status | what |\n|---|---|---|\n")
			require.True(t, found, now)
			rows := strings.Split(strings.TrimSpace(table), "\n")
			require.Len(t, rows, len(view.Steps))
			for i, step := range view.Steps {
				require.Regexp(t, `^\| \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\+8 \| `+string(step.Status)+` \| `+regexp.QuoteMeta(step.Text)+` \|$`, rows[i])
			}
		})
	}
}

// braces finds the JSON that a text tells a person to type.
var braces = regexp.MustCompile(`\{[^}]*\}`)

func TestWebUITypedAsItSaysResolvesWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	w, r, _ := along(t, "waiting-for-a-person")
	view := w.reach(r, refund.StatusNeedsAttention)
	now := w.metadata(refund.WorkflowID(r.Account, r.ID)).GetCurrentDetails()
	for _, says := range []string{view.ProviderNumber, "of ¥98.00 at baidu", "order " + r.Order.PlatformID, "the merchant's order " + r.Order.MerchantID} {
		require.Contains(t, view.Attention.LookFor, says)
	}
	require.Contains(t, now, "Look in the platform's console for "+view.Attention.LookFor+".\n")
	typed := map[refund.ResolveAction]string{}
	for _, c := range view.Attention.Choices {
		row := regexp.MustCompile("\\| `([^`]*\"" + string(c.Action) + "\"[^`]*)` \\| " + regexp.QuoteMeta(c.Means) + ` \|`).FindStringSubmatch(now)
		require.NotNil(t, row, "%s: %s", c.Action, now)
		_, err := refund.Parse[refund.Resolution]([]byte(row[1]))
		require.NoError(t, err, row[1])
		typed[c.Action] = row[1]
	}
	require.Len(t, typed, 3)
	w.types(r, workflows.SignalResolve, typed[refund.ResolveSucceeded])
	out := w.wait(r)
	require.Equal(t, refund.StatusSucceeded, out.Status)
	require.Contains(t, out.Reason, "evidence: how it is known")
	w.seen(r, "**succeeded** — ")
}

func TestWebUISaysBesideEachNameWhatToType(t *testing.T) {
	t.Parallel()
	w, r, _ := along(t, "waiting-for-approval")
	definition := w.metadata(refund.WorkflowID(r.Account, r.ID)).GetDefinition()
	require.Equal(t, workflows.TypeRefund, definition.GetType())
	none := func([]byte) error { return nil }
	for kind, c := range map[string]struct {
		defined []*sdkpb.WorkflowInteractionDefinition
		reads   map[string]func([]byte) error // what is shown; none for what takes no input that is typed
	}{
		"signal": {definition.GetSignalDefinitions(), map[string]func([]byte) error{
			workflows.SignalApprove: reads[refund.Decision], workflows.SignalReject: reads[refund.Decision], workflows.SignalCancel: reads[refund.Decision],
			workflows.SignalResolve: reads[refund.Resolution], workflows.SignalLimitsChanged: none, workflows.SignalNotification: none,
		}},
		"update": {definition.GetUpdateDefinitions(), map[string]func([]byte) error{
			workflows.UpdateDecide: reads[refund.Verdict], workflows.UpdateCancel: reads[refund.Decision],
			workflows.UpdateResolve: reads[refund.Resolution], workflows.UpdateSubmit: none,
		}},
		"query": {definition.GetQueryDefinitions(), map[string]func([]byte) error{workflows.QueryStatus: none}},
	} {
		shown := map[string]string{}
		for _, d := range c.defined {
			if !strings.HasPrefix(d.GetName(), "__") { // the SDK's own
				shown[d.GetName()] = d.GetDescription()
			}
		}
		require.Len(t, shown, len(c.reads), "%ss: %v", kind, shown)
		for name, read := range c.reads {
			require.Contains(t, shown[name], " ", "%s %s is described in words", kind, name)
			require.NoError(t, read(braces.Find([]byte(shown[name]))), "%s %s: %s", kind, name, shown[name])
		}
	}
}

func reads[T interface{ Validate() error }](document []byte) error {
	_, err := refund.Parse[T](document)
	return err
}

func TestWebUISignalIsTakenAsDocumentedAndAnsweredWhereItIsWrong(t *testing.T) {
	t.Parallel()
	w, r, _ := along(t, "waiting-for-approval")
	for _, wrong := range []struct{ name, input, says string }{
		{workflows.SignalApprove, "", "signal approve ignored, its payload is wrong: "},
		{workflows.SignalApprove, `finance-2`, "signal approve ignored, its payload is wrong: "},
		{workflows.SignalApprove, `{"bye":"finance-2"}`, "signal approve ignored, its payload is wrong: cannot be read: bye: unknown field"},
		{workflows.SignalResolve, `{"action":"retry","by":"finance-2"}`, "resolve by finance-2 refused: the refund is awaiting_approval and needs nobody now"},
		{"aprove", `{"by":"finance-2"}`, `signal "aprove" ignored: a refund knows approve, `},
	} {
		w.types(r, wrong.name, wrong.input)
		w.seen(r, " | awaiting_approval | "+wrong.says)
	}
	w.types(r, workflows.SignalApprove, documented(t, "decision"))
	w.seen(r, "approved by finance-2: receipt seen")
	w.paidOnce(r, w.wait(r))
}

// documented is the first example of that name on the page for programs in other languages.
func documented(t *testing.T, name string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/contract.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(page), "\n```json "+name+"\n")
	require.True(t, found, name)
	example, _, found := strings.Cut(after, "```")
	require.True(t, found, name)
	return example
}

// TestWebUISaysInWordsWhatEachStepIs looks at ways that take every step, and at the reconciler's own.
func TestWebUISaysInWordsWhatEachStepIs(t *testing.T) {
	t.Parallel()
	taken := make([][]string, len(toldInWords))
	t.Run("way", func(t *testing.T) {
		for i, name := range toldInWords {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w, r, y := along(t, name)
				for _, e := range w.settled(y.workflow(w, r)).GetEvents() {
					if step := stepOf(t, e); step != "" {
						taken[i] = append(taken[i], step)
						// The SDK's own summaries, as "Sleep", are a name and no words.
						require.Contains(t, text(t, e.GetUserMetadata().GetSummary()), " ", "%s, event %d", step, e.GetEventId())
					}
				}
			})
		}
	})
	all := slices.Concat(taken...)
	for _, step := range []string{
		timer, activities.Open, activities.Hold, activities.Finish, activities.Amend, activities.Note, activities.Flag, activities.Unflag,
		activities.VerifySeal, activities.CheckOrder, activities.CancelVerification, activities.Apply, activities.FindOut, activities.AwaitResult,
	} {
		require.Contains(t, all, step, "no way took it")
	}
}

var toldInWords = []string{
	"found-and-adopted", "refused", "signed", "misconfigured", "contradicted-and-amended", "waited-for-the-cap", "deadline-stays", "rechecked", "reconciled",
}

const timer = "timer"

// stepOf is the step that an event begins, or, of a local one, ends; "" for any other event.
func stepOf(t *testing.T, e *historypb.HistoryEvent) string {
	t.Helper()
	marker := e.GetMarkerRecordedEventAttributes()
	switch {
	case e.GetTimerStartedEventAttributes() != nil:
		return timer
	case e.GetActivityTaskScheduledEventAttributes() != nil:
		return e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()
	case marker.GetMarkerName() == "LocalActivity":
		var local struct{ ActivityType string }
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(marker.GetDetails()["data"], &local))
		require.NotEmpty(t, local.ActivityType)
		return local.ActivityType
	}
	return ""
}

func TestWebUIShowsWhatTheReconcilerIsAndFound(t *testing.T) {
	t.Parallel()
	o := newOffice(t, setting{})
	o.reconcile()
	actions := o.describe().Info.RecentActions
	id := actions[len(actions)-1].StartWorkflowResult.WorkflowID
	summary, _ := o.static(id)
	require.Equal(t, "compares the books with Temporal and the platforms", summary)
	require.Contains(t, o.metadata(id).GetCurrentDetails(), "| looked at | running | resumed | ")
	require.Regexp(t, `\n\| 0 \| 0 \| 0 \| `, o.metadata(id).GetCurrentDetails())
}

func TestWebUIListsRefundsByWhatOperatorsFilterOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 4000})
	w.work(nil)() // the namespace knows the search attributes, but nobody works yet
	small, large := w.request(1000, 1000), w.request(5000, 5000)
	w.start(small)
	w.start(large)
	mine := "RefundAccount = '" + w.account + "'"
	byStart := map[string]refund.Request{
		mine + " AND RefundAmount > 4000":                               large,
		mine + " AND RefundAmount = 1000 AND RefundStatus = 'received'": small,
		mine + " AND RefundOrder = '" + small.Order.MerchantID + "'":    small,
		mine + " AND RefundOrder = '" + large.Order.MerchantID + "'":    large,
	}
	for query, r := range byStart {
		w.finds(query, r)
	}
	w.work(nil)
	w.wait(small)
	w.reach(large, refund.StatusAwaitingApproval)
	w.finds(mine+" AND RefundStatus = 'awaiting_approval'", large)
	w.finds(mine+" AND RefundStatus = 'succeeded' AND RefundProvider = 'baidu'", small)
}

// finds demands that a filter, typed into the Web UI's list, shows one refund. Visibility follows in its own time.
func (w *world) finds(query string, want refund.Request) {
	w.t.Helper()
	eventually(w.t, w.ctx, query, func() (bool, string) {
		var list struct {
			Executions []struct{ Execution struct{ WorkflowID string } }
		}
		w.browse(http.MethodGet, "?query="+url.QueryEscape(query), nil, &list)
		return len(list.Executions) == 1 && list.Executions[0].Execution.WorkflowID == refund.WorkflowID(want.Account, want.ID), fmt.Sprint(list)
	})
}
