package service

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"github.com/refundflow/refundflow/ledger"
)

// patient is a server and a ledger that answer as they are told.
type patient struct {
	temporal, books func(context.Context) error
	state           enumspb.NamespaceState
}

type server struct {
	client.Client
	*patient
}

func (s server) WorkflowService() workflowservice.WorkflowServiceClient {
	return frontend{patient: s.patient}
}

type frontend struct {
	workflowservice.WorkflowServiceClient
	*patient
}

func (f frontend) DescribeNamespace(
	ctx context.Context, in *workflowservice.DescribeNamespaceRequest, _ ...grpc.CallOption,
) (*workflowservice.DescribeNamespaceResponse, error) {
	if in.GetNamespace() != "shop" {
		return nil, errors.New("another namespace was asked for")
	}
	return &workflowservice.DescribeNamespaceResponse{NamespaceInfo: &namespacepb.NamespaceInfo{State: f.state}}, f.temporal(ctx)
}

type shelf struct {
	ledger.Ledger
	*patient
}

func (s shelf) Refund(ctx context.Context, _ ledger.Key) (ledger.Record, error) {
	return ledger.Record{}, s.books(ctx)
}

// attend lets readiness ask the patient.
func (h *health) attend(p *patient) { h.working(shelf{patient: p}, server{patient: p}, "shop") }

func well(context.Context) error    { return nil }
func unknown(context.Context) error { return ledger.ErrUnknown }
func away(context.Context) error    { return errors.New("dial tcp db.internal: s3cr3t") }
func revoked(context.Context) error { return serviceerror.NewPermissionDenied("s3cr3t", "") }
func gone(context.Context) error    { return serviceerror.NewNamespaceNotFound("s3cr3t") }
func silent(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func newPatient() (*patient, *health, *logtest.Hook) {
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	return &patient{temporal: well, books: unknown}, newHealth(logger), logtest.NewLocal(logger)
}

// says is what a page answers.
func says(t *testing.T, page http.HandlerFunc) (int, Health) {
	t.Helper()
	w := httptest.NewRecorder()
	page(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	var answer Health
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.NotContains(t, w.Body.String(), "s3cr3t", "what others said is for the log")
	return w.Code, answer
}

func TestReadinessNamesWhatIsInTheWay(t *testing.T) {
	const no = "no good answer within 2s"
	for name, c := range map[string]struct {
		temporal, books func(context.Context) error
		ready           bool
		checks          map[string]string
	}{
		"all answer":                      {well, unknown, true, map[string]string{"workers": "ok", "temporal": "ok", "ledger": "ok"}},
		"the ledger knows even the empty": {well, well, true, map[string]string{"workers": "ok", "temporal": "ok", "ledger": "ok"}},
		"Temporal is away":                {away, unknown, false, map[string]string{"workers": "ok", "temporal": no, "ledger": "ok"}},
		"it lets this process in no more": {revoked, unknown, false, map[string]string{"workers": "ok", "temporal": no, "ledger": "ok"}},
		"its namespace is gone":           {gone, unknown, false, map[string]string{"workers": "ok", "temporal": no, "ledger": "ok"}},
		"the ledger is away":              {well, away, false, map[string]string{"workers": "ok", "temporal": "ok", "ledger": no}},
		"nobody answers at all":           {silent, silent, false, map[string]string{"workers": "ok", "temporal": no, "ledger": no}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, h, _ := newPatient()
				p.temporal, p.books = c.temporal, c.books
				h.attend(p)
				code, answer := says(t, h.ready)
				require.Equal(t, c.ready, code == http.StatusOK)
				require.Equal(t, Health{Ready: c.ready, Checks: c.checks}, answer)
				code, _ = says(t, h.live)
				require.Equal(t, http.StatusOK, code, "a restart would not help")
			})
		})
	}
}

func TestANamespaceThatIsBeingDeletedMakesNobodyReady(t *testing.T) {
	for state, ready := range map[enumspb.NamespaceState]bool{
		enumspb.NAMESPACE_STATE_REGISTERED: true, enumspb.NAMESPACE_STATE_DEPRECATED: true, enumspb.NAMESPACE_STATE_DELETED: false,
	} {
		p, h, _ := newPatient()
		p.state = state
		h.attend(p)
		_, answer := says(t, h.ready)
		require.Equal(t, ready, answer.Ready, state)
	}
}

func TestAProcessIsReadyFromItsStartToItsStopAndAliveUntilItFails(t *testing.T) {
	p, h, _ := newPatient()
	h.is(t, starting, false, true)
	h.attend(p)
	h.is(t, working, true, true)
	h.stopping()
	h.is(t, stopping, false, true)
	h.failed()
	h.is(t, broken, false, false)
	h.stopping()
	h.is(t, broken, false, false)

	p, h, _ = newPatient()
	h.failed() // a worker that fails while the next one starts
	h.attend(p)
	h.is(t, broken, false, false)
}

func (h *health) is(t *testing.T, want phase, ready, live bool) {
	t.Helper()
	code, answer := says(t, h.ready)
	require.Equal(t, string(want), answer.Checks["workers"])
	require.Equal(t, want == working, len(answer.Checks) == 3, "only who works asks others")
	require.Equal(t, ready, code == http.StatusOK)
	code, _ = says(t, h.live)
	require.Equal(t, live, code == http.StatusOK)
}

func TestTheLogTellsChangesOfReadinessAlone(t *testing.T) {
	p, h, log := newPatient()
	h.attend(p)
	for _, c := range []struct {
		books func(context.Context) error
		level logrus.Level
	}{{unknown, 0}, {away, logrus.WarnLevel}, {away, 0}, {unknown, logrus.InfoLevel}, {unknown, 0}, {away, logrus.WarnLevel}} {
		log.Reset()
		p.books = c.books
		says(t, h.ready)
		if c.level == 0 {
			require.Empty(t, log.AllEntries())
			continue
		}
		require.Len(t, log.AllEntries(), 1)
		require.Equal(t, c.level, log.LastEntry().Level)
		require.Equal(t, "ledger", log.LastEntry().Data["check"])
	}
}
