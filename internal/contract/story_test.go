package contract

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// onPage reads the document of a block.
func onPage[T any](t *testing.T, info string) T {
	t.Helper()
	all, _ := blocks(t)
	for _, b := range all {
		if b.info == info {
			v, err := as[T]([]byte(b.text))
			require.NoError(t, err)
			return v.(T)
		}
	}
	require.Fail(t, "the page has no block "+info)
	var none T
	return none
}

func TestTheViewOnThePageIsWhatTheProgramWrites(t *testing.T) {
	request, page := onPage[refund.Request](t, "json request"), onPage[refund.View](t, "json view")
	w := refundtest.New(t, refundtest.Options{Approval: refund.ApprovalPolicy{Above: new(refund.Fen(5000))}})
	order := w.Order(request.Order.Total, refundtest.Failing, func(o *control.NewBaiduOrder) {
		o.OrderID, o.TpOrderID, o.UserID = request.Order.PlatformID, request.Order.MerchantID, request.Order.UserID
	})
	request.Order.PaidAt = order.PaidAt
	var seen refund.View
	run := w.Run(request,
		refundtest.At(time.Hour, refundtest.Signal(workflows.SignalApprove, onPage[refund.Decision](t, "json decision"))),
		refundtest.At(24*time.Hour, refundtest.See(func(_ *refundtest.Run, v refund.View) { seen = v }), refundtest.Resolve(refund.ResolveFailed)))
	require.Equal(t, refund.StatusFailed, run.Outcome.Status)
	require.Equal(t, undated(t, seen), undated(t, page), "but for its times")
	require.Equal(t, page.Since, page.Steps[len(page.Steps)-1].At, "it came to its status by its last step")
	for i, step := range page.Steps[1:] {
		require.False(t, step.At.Before(page.Steps[i].At), step.Text)
	}
	require.Equal(t, page.Steps[1].Text, onPage[refund.Answer](t, "json answer").Sentence, "what submit had answered")
	outcome := onPage[refund.Outcome](t, "json outcome")
	require.Equal(t, page.ProviderNumber, outcome.ProviderNumber, "one refund has one number")
	require.Equal(t, page.PlatformRefundID, outcome.PlatformRefundID)
}

var moment = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[^"]*"`)

// undated is a view as JSON, with all its times alike.
func undated(t *testing.T, v refund.View) string {
	t.Helper()
	data, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	return moment.ReplaceAllString(string(data), `"2026-11-21T04:00:01Z"`)
}

// statusRow is a line of the page's table of statuses.
var statusRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([^|]*) \\| ([^|]*)\\|$")

func TestWhatFollowsAStatusOnThePageIsWhatEveryRunIsHeldTo(t *testing.T) {
	_, text := blocks(t)
	_, table, found := strings.Cut(text, "| status | meaning | what follows |\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	page := map[refund.Status][]refund.Status{}
	for _, line := range statusRow.FindAllStringSubmatch(table+"\n", -1) {
		var next []refund.Status
		for _, word := range strings.FieldsFunc(line[3], func(r rune) bool { return strings.ContainsRune(" ,`", r) }) {
			next = append(next, refund.Status(word))
		}
		page[refund.Status(line[1])] = next
	}
	for _, status := range refund.Statuses {
		require.Contains(t, page, status)
		require.Equal(t, refundtest.Follows[status], page[status], "after %s", status)
		require.Equal(t, status.Final(), len(page[status]) == 0, "%s is an end, or not", status)
	}
}
