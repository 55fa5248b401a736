package e2e

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// Everything that leaves a worker but for its calls to the platforms: a working day on all of them, with every
// misfortune that makes programs talk, and with platforms that quote our own secrets back at us.
func TestNoSecretLeavesTheWorker(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		encrypted bool
	}{{"plain", false}, {"encrypted", true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMall(t, c.encrypted)
			m.day()
			secrets := m.secrets()
			named := map[string]bool{}
			for _, s := range secrets {
				_, setting, _ := strings.Cut(strings.TrimPrefix(s.name, ".accounts."), ".")
				named[setting] = true
			}
			for _, setting := range []string{"baidu.private_key_file", "baidu.openapi.client_secret_file", "wechat.api_key_file", "wechat.key_file",
				"wechat.app_secret_file", "wechat.callback_secret_file", "xlife.app_secret_file", "xlife.session_file", "shengpay.private_key_file",
				"approval.decision_key_files"} {
				require.True(t, named[setting], "%s is not looked for: %v", setting, slices.Sorted(maps.Keys(named)))
			}
			require.GreaterOrEqual(t, len(m.tokens()), 2, "Baidu's and WeChat's token")

			told := m.told()
			for place, text := range told {
				require.Greater(t, len(text), 100, "%s: there is something to look at", place)
			}
			require.Empty(t, leaks(told, secrets))

			// Whoever logs one is found, in whatever form.
			for _, s := range secrets {
				for i, piece := range s.pieces {
					planted := &kept{}
					logger := logrus.New()
					logger.Formatter, logger.Out = m.logger.Formatter, planted
					logger.WithField("canary", s.name).Info("a " + piece + " slipped out")
					if strings.ContainsFunc(piece, func(r rune) bool { return r == '\uFFFD' || r < ' ' }) {
						continue // as it is, JSON cannot hold it; a history could
					}
					require.NotEmpty(t, leaks(map[string]string{"the log": planted.String()}, []secret{s}), "%s, form %d", s.name, i)
				}
			}
		})
	}
}

// day is what happens.
func (m *mall) day() {
	m.t.Helper()
	for name := range m.accounts {
		quiet := m.wish(name, 9800, 9800)
		m.people(m.document(quiet), "start", "-", "--wait", "--timeout", "60s").says(m.t, 0, full(quiet)+" succeeded")
		m.people("", "status", full(quiet), "-o", "json")
	}
	m.lostAnswer()
	m.signedDecision()
	for name := range m.accounts {
		m.quotedBack(name)
		m.forged(name)
	}
	m.spoiledKey()
}

// lostAnswer makes Baidu be asked by number, for which a token is fetched.
func (m *mall) lostAnswer() {
	m.t.Helper()
	r := m.wish(m.account+"-baidu", 9800, 1000)
	_, err := m.sandbox.AddFault(m.ctx, control.Fault{Op: "applyOrderRefund", OrderID: r.Order.PlatformID, Kind: control.FaultDisconnect, Phase: control.After})
	require.NoError(m.t, err)
	m.people(m.document(r), "start", "-", "--wait", "--timeout", "60s").says(m.t, 0, full(r)+" succeeded")
}

// signedDecision tries a wrong key, a file that is none, and the right one.
func (m *mall) signedDecision() {
	m.t.Helper()
	r := m.wish(m.account+"-shengpay", 98000, 60000)
	m.people(m.document(r), "start", "-").says(m.t, 0, "awaiting_approval")
	m.people("", "approve", full(r), "--by", "finance-2").says(m.t, 9)
	m.people("", "approve", full(r), "--by", "finance-2", "--key-file", m.file("another.key")).says(m.t, 9)
	m.people("", "approve", full(r), "--by", "finance-2", "--key-file", m.file("missing.key")).says(m.t, 2)
	m.people("", "approve", full(r), "--by", "finance-2", "--key-file", m.file("decisions.key")).says(m.t, 0)
	m.people("", "watch", full(r), "--timeout", "60s").says(m.t, 0, full(r)+" succeeded")
}

// quotedBack is a platform that answers with the account's own secrets, as a gateway in debugging mode does.
func (m *mall) quotedBack(account string) {
	m.t.Helper()
	files, err := fs.Glob(os.DirFS(m.dir), account+".*")
	require.NoError(m.t, err)
	var contents []string
	for _, f := range files {
		data, err := os.ReadFile(m.file(f))
		require.NoError(m.t, err)
		contents = append(contents, string(data))
	}
	// The short ones first: of a long text only the beginning is kept.
	slices.SortFunc(contents, func(a, b string) int { return len(a) - len(b) })
	quoted := strings.Join(contents, " ")
	platform := strings.ToLower(m.accounts[account].Platform())
	r := m.wish(account, 9800, 9800)
	answer := control.Fault{Kind: control.FaultAnswer, Code: "SIGN_ERROR", Msg: strings.TrimSpace(quoted)}
	if platform == "baidu" {
		answer.Code, answer.Errno = "", new(int64(10000))
	}
	for _, f := range []control.Fault{
		{Kind: control.FaultStatus, Status: http.StatusBadGateway, Body: "<html>bad gateway:" + quoted + "</html>"},
		answer,
		{Kind: control.FaultStatus, Status: http.StatusForbidden, Body: quoted},
	} {
		f.Platform, f.Op, f.OrderID, f.Times = platform, "*", r.Order.PlatformID, 1 // the reconciler asks about others
		_, err := m.sandbox.AddFault(m.ctx, f)
		require.NoError(m.t, err)
	}
	m.start(r)
	var view refund.View
	eventually(m.t, m.ctx, account+" stands or ends", func() (bool, string) {
		view, err = m.refunds.Status(m.ctx, r.Account, r.ID)
		require.NoError(m.t, err)
		return view.Status == refund.StatusNeedsAttention || view.Status.Final(), view.Sentence
	})
	text, err := json.Marshal(view)
	require.NoError(m.t, err)
	fmt.Fprintln(&m.said, string(text))
	m.people("", "status", full(r))
	if !view.Status.Final() {
		m.people("", "resolve", full(r), "--by", "ops-1", "--action", "failed", "--evidence", "the console", "--key-file", m.file("decisions.key")).says(m.t, 0)
	}
}

// forged is a message from nobody.
func (m *mall) forged(account string) {
	m.t.Helper()
	for _, kind := range []string{"refund", "audit"} {
		answer, err := http.Post(m.hearing+"/callbacks/"+account+"/"+kind, "text/xml", strings.NewReader("<xml><sign>AAAA</sign></xml>"))
		require.NoError(m.t, err)
		fmt.Fprintln(&m.said, answer.Status, answer.Header)
		require.NoError(m.t, answer.Body.Close())
	}
}

// spoiledKey puts a file that is no key in the place of one, and takes it back.
func (m *mall) spoiledKey() {
	m.t.Helper()
	file := m.file(m.account + "-baidu.pem")
	good, err := os.ReadFile(file)
	require.NoError(m.t, err)
	require.NoError(m.t, os.WriteFile(file, good[:len(good)/2], 0o600))
	err = m.service.Reload(m.ctx, m.load())
	require.ErrorContains(m.t, err, "private_key_file")
	m.logger.WithError(err).Error("not taken over") // as the program does
	fmt.Fprintln(&m.said, err)
	require.NoError(m.t, os.WriteFile(file, good, 0o600))
	require.NoError(m.t, m.service.Reload(m.ctx, m.load()))
}

// told is everything that was told to somebody, by where.
func (m *mall) told() map[string]string {
	m.t.Helper()
	told := map[string]string{
		"the metrics": read(m.t, m.ctx, m.monitor+"/metrics"), "the ledger": m.books(), "what people were told": m.said.String(),
	}
	plain, stored := m.histories()
	told["the histories"], told["the histories as they are stored"] = plain, stored
	m.stop() // the last spans are sent then
	told["the log"], told["the traces"] = m.lines.String(), m.traces.text()
	for line := range strings.Lines(told["the log"]) {
		require.True(m.t, json.Valid([]byte(line)), line)
	}
	return told
}

// histories are those of all workflows of the task queue, with their payloads as people read them, and as they are stored.
func (m *mall) histories() (plain, stored string) {
	m.t.Helper()
	var texts, raw strings.Builder
	runs := 0
	for token, more := []byte(nil), true; more; more = len(token) > 0 {
		page, err := m.temporal.ListWorkflow(m.ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: "TaskQueue = '" + m.queue + "'", NextPageToken: token,
		})
		require.NoError(m.t, err)
		token = page.GetNextPageToken()
		for _, run := range page.GetExecutions() {
			runs++
			history := m.temporal.GetWorkflowHistory(m.ctx, run.GetExecution().GetWorkflowId(), run.GetExecution().GetRunId(), false,
				enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for history.HasNext() {
				event, err := history.Next()
				require.NoError(m.t, err)
				text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(event)
				require.NoError(m.t, err)
				raw.Write(text)
				require.NoError(m.t, proxy.VisitPayloads(m.ctx, event, proxy.VisitPayloadsOptions{
					Visitor: func(_ *proxy.VisitPayloadsContext, all []*commonpb.Payload) ([]*commonpb.Payload, error) {
						readable, err := m.codec.Decode(all)
						for _, p := range readable {
							texts.Write(p.GetData())
						}
						return all, err
					},
				}))
			}
		}
	}
	require.Greater(m.t, runs, len(m.accounts)*2)
	require.Contains(m.t, texts.String(), "parcel never arrived", "these are the refunds")
	return texts.String(), raw.String()
}
