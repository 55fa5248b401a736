package activities_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// side is Temporal as the reconciler sees it: which workflows run, and what was asked.
type side struct {
	running, faster map[string]bool
	away            map[string]error
	meanwhile       func()
	resumed, woken  []string
	looking         []string
	ended           map[string]*refund.Outcome // of the last run
	deaf            error
}

func (s *side) Running(_ context.Context, k ledger.Key) (bool, error) {
	if s.meanwhile != nil {
		s.meanwhile()
	}
	return s.running[k.ID], s.away[k.ID]
}

func (s *side) Resume(ctx context.Context, r refund.Request) (bool, *refund.Outcome, error) {
	if end := s.ended[r.ID]; end != nil && !s.running[r.ID] {
		return false, end, nil
	}
	started, err := s.Reopen(ctx, r)
	return started, nil, err
}

func (s *side) Reopen(_ context.Context, r refund.Request) (bool, error) {
	if s.running[r.ID] || s.faster[r.ID] {
		return false, nil
	}
	s.resumed = append(s.resumed, r.ID)
	s.running[r.ID] = true
	return true, nil
}

func (s *side) Wake(_ context.Context, k ledger.Key) error {
	s.woken = append(s.woken, k.ID)
	return nil
}

func (s *side) LookAgain(_ context.Context, k ledger.Key) error {
	if s.deaf == nil {
		s.looking = append(s.looking, k.ID)
	}
	return s.deaf
}

// desk is a bench where the books are compared.
type desk struct {
	*bench
	*side
}

func newDesk(t *testing.T, o refundtest.Options) *desk {
	t.Helper()
	w := refundtest.New(t, o)
	d := &desk{side: &side{running: map[string]bool{}, faster: map[string]bool{}, away: map[string]error{}, ended: map[string]*refund.Outcome{}}}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	(&activities.Activities{Accounts: w, Ledger: w.Ledger, Workflows: d.side}).Register(registry{env})
	d.bench = &bench{World: w, env: env}
	return d
}

// refund brings a refund of an order of its own so far.
func (d *desk) refund(id string, order func(*control.NewBaiduOrder), steps ...string) refund.Request {
	d.Helper()
	change := []func(*control.NewBaiduOrder){}
	if order != nil {
		change = append(change, order)
	}
	d.request = d.Request(id, d.Order(9800, change...), 3050)
	for _, step := range append([]string{activities.Open}, steps...) {
		require.NoError(d, d.do(step, nil), step)
	}
	return d.request
}

// byHand ends the refund as a person does.
func (d *desk) byHand(status ledger.Status) {
	d.Helper()
	require.NoError(d, d.Ledger.Finish(d.Context(), d.key(), ledger.Ending{Status: status, Reason: "by hand", By: "finance-2", At: d.Now()}))
}

// contradicted is a word of the platform against the refund's success.
func (d *desk) contradicted() {
	d.Helper()
	var contradiction *ledger.ContradictionError
	require.ErrorAs(d, d.Ledger.Testify(d.Context(), d.key(), ledger.Evidence{State: providers.ResultFailed, At: d.Now(), Source: "notification"}), &contradiction)
	require.NotEmpty(d, d.record().Alert)
}

// moved is the platform for an account that was given to another merchant.
type moved struct{ providers.Provider }

func (m moved) Rules() providers.Rules {
	r := m.Provider.Rules()
	r.Merchant += "-other"
	return r
}

func (d *desk) otherMerchant() {
	d.Configure(func(a *activities.Account) *activities.Account { a.Provider = moved{a.Provider}; return a })
}

func (d *desk) page(change ...func(*activities.Page)) activities.Paged {
	d.Helper()
	in := activities.Page{Of: activities.ShelfUnfinished, Now: d.Now(), OpenedBefore: d.Now().Add(-2 * time.Minute), Since: d.Now().Add(-72 * time.Hour), Questions: 100}
	for _, c := range change {
		c(&in)
	}
	value, err := d.env.ExecuteActivity(activities.Reconcile, in)
	require.NoError(d, err)
	var out activities.Paged
	require.NoError(d, value.Get(&out))
	return out
}

func ended(p *activities.Page) { p.Of = activities.ShelfEnded }

func (d *desk) compare(ids ...string) activities.Reconciled {
	d.Helper()
	in := activities.Questions{Now: d.Now()}
	for _, id := range ids {
		in.Keys = append(in.Keys, ledger.Key{Account: refundtest.AccountName, ID: id})
	}
	value, err := d.env.ExecuteActivity(activities.Compare, in)
	require.NoError(d, err)
	var out activities.Reconciled
	require.NoError(d, value.Get(&out))
	return out
}

// lines are those of the reconciler in a refund's journal.
func (d *desk) lines(id string) []string {
	d.Helper()
	all, err := d.Ledger.Journal(d.Context(), ledger.Key{Account: refundtest.AccountName, ID: id})
	require.NoError(d, err)
	var found []string
	for _, line := range all {
		if line.Step == "reconcile" {
			found = append(found, line.Text)
		}
	}
	return found
}

func asked(p activities.Paged) (ids []string) {
	for _, lane := range p.Ask {
		for _, key := range lane.Keys {
			ids = append(ids, lane.Queue+":"+key.ID)
		}
	}
	return ids
}
