package service

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// line is the server to a service that tells of new limits: who was signalled, and
// when; and the books in which they wait.
type line struct {
	client.Client
	waiting books
	deny    func(workflowID string) error
	told    []string
	at      []time.Time
}

// books know who waits in an account, and nothing else.
type books struct {
	ledger.Ledger
	waiters map[string][]ledger.Waiter
}

func (b books) Waiting(_ context.Context, account string) ([]ledger.Waiter, error) {
	return b.waiters[account], nil
}

func lineOf(waiters map[string][]ledger.Waiter) *line { return &line{waiting: books{waiters: waiters}} }

func (l *line) SignalWorkflow(_ context.Context, workflowID, _, signal string, _ any) error {
	if l.deny != nil {
		if err := l.deny(workflowID); err != nil {
			return err
		}
	}
	l.told, l.at = append(l.told, signal+" "+workflowID), append(l.at, time.Now())
	return nil
}

func waiter(account, id string, why ledger.Obstacle) ledger.Waiter {
	return ledger.Waiter{Key: ledger.Key{Account: account, ID: id}, For: why}
}

// running is a service as Start leaves it, as far as a reload is concerned.
func running(t *testing.T, c *config.Config, l *line) (*Service, *logtest.Hook) {
	t.Helper()
	all, err := openAccounts(c, c.Serves(c.Queues()))
	require.NoError(t, err)
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	s := &Service{logger: logger, ledger: l.waiting, client: l}
	s.accounts.now.Store(&all)
	s.effect.config, s.effect.queues = c, c.Queues()
	s.effect.keys = s.fingerprint(c)
	return s, logtest.NewLocal(logger)
}

func capOf(t *testing.T, s *Service, account string) refund.Fen {
	t.Helper()
	a, err := s.accounts.Account(account)
	require.NoError(t, err)
	return a.Limits.DailyCap
}

func TestAReloadHoldsFromTheNextStepOn(t *testing.T) {
	f, l := newFolder(t), &line{}
	s, log := running(t, f.load("accounts: {a: {limits: {daily_cap: 1}, %x}, gone: {%x}}"), l)
	before, err := s.accounts.Account("a")
	require.NoError(t, err)

	require.NoError(t, s.Reload(t.Context(), f.load("accounts: {a: {limits: {daily_cap: 2}, approval: {always: true}, %x}, b: {%x}}")))
	require.Equal(t, refund.Fen(1), before.Limits.DailyCap, "a step ends with what it was told")
	after, err := s.accounts.Account("a")
	require.NoError(t, err)
	require.Equal(t, refund.Fen(2), after.Limits.DailyCap)
	require.Equal(t, 1, after.Approval.For(refund.Request{Amount: 1}).Approvers)
	_, err = s.accounts.Account("b")
	require.NoError(t, err, "a new account works at once")
	_, err = s.accounts.Account("gone")
	require.ErrorContains(t, err, `there is a, b`)
	require.Equal(t, []string{"a", "b"}, s.accounts.Names())
	for _, entry := range log.AllEntries() {
		require.Equal(t, logrus.InfoLevel, entry.Level, entry.Message)
	}
}

func TestAReloadWithAMistakeChangesNothing(t *testing.T) {
	f, l := newFolder(t), lineOf(map[string][]ledger.Waiter{"a": {waiter("a", "R1", ledger.ObstacleCap)}})
	s, _ := running(t, f.load("accounts: {a: {limits: {daily_cap: 1}, %x}}"), l)
	next := f.load("accounts: {a: {limits: {daily_cap: 2}, %x}, b: {approval: {decision_key_files: [none.key]}, %x}}")
	require.NoError(t, os.Remove(filepath.Join(f.dir, "secret")))

	err := s.Reload(t.Context(), next)
	for _, mistake := range []string{"accounts.a: ", "accounts.b: ", "accounts.b.approval.decision_key_files[0]: "} {
		require.ErrorContains(t, err, mistake)
	}
	require.Equal(t, refund.Fen(1), capOf(t, s, "a"))
	_, err = s.accounts.Account("b")
	require.Error(t, err)
	require.Empty(t, l.told)

	f.write("secret", "not-a-secret")
	f.write("none.key", "0123456789abcdef0123456789abcdef")
	require.NoError(t, s.Reload(t.Context(), next))
	require.Equal(t, []string{"limits-changed refund/a/R1"}, l.told, "the change is still one")
}

func TestWhatNeedsARestartIsNamedAndStays(t *testing.T) {
	const accounts = "accounts: {a: {queue: slow, %x}, b: {%x}"
	const before = "task_queue: mine\n" + accounts + "}"
	for name, c := range map[string]struct{ next, ignored string }{
		"nothing":                   {before, ""},
		"temporal":                  {"temporal: {address: 'x:1'}\n" + before, "temporal"},
		"the workflows' queue":      {"task_queue: other\n" + accounts + "}", "task_queue"},
		"the ledger":                {"ledger: sqlite:other.db\n" + before, "ledger"},
		"the log":                   {"log: {level: debug}\n" + before, "log"},
		"callbacks":                 {"callbacks: {listen: '127.0.0.1:1'}\n" + before, "callbacks"},
		"versioning":                {"versioning: {deployment: a, build_id: b}\n" + before, "versioning"},
		"the reconciler":            {"reconcile: {every: 1h}\n" + before, "reconcile"},
		"a queue nobody polls":      {"task_queue: mine\naccounts: {a: {queue: slower, %x}, b: {%x}}", "accounts.a.queue"},
		"a new account's own queue": {before[:len(before)-1] + ", c: {queue: new, %x}}", "accounts.c.queue"},
		"a queue that is polled":    {"task_queue: mine\naccounts: {a: {queue: mine, %x}, b: {queue: slow, %x}}", ""},
		"the roles":                 {"roles: [workflows]\n" + before, "roles"},
		"the monitor":               {"monitor: {listen: '127.0.0.1:1'}\n" + before, "monitor"},
		"traces":                    {"tracing: {endpoint: 'http://127.0.0.1:1'}\n" + before, "tracing"},
		"encryption":                {"encryption: {key_files: [k]}\n" + before, "encryption"},
		"several":                   {"log: {format: json}\nledger: sqlite:x\n" + before, "ledger, log"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t)
			s, log := running(t, f.load(before), &line{})
			next := f.load(c.next)
			for range 2 { // as long as it differs, every reload says so
				log.Reset()
				require.NoError(t, s.Reload(t.Context(), next))
				var ignored any = ""
				for _, entry := range log.AllEntries() {
					if entry.Level == logrus.WarnLevel {
						ignored = entry.Data["settings"]
					}
				}
				require.Equal(t, c.ignored, ignored)
			}
			a, err := s.accounts.Account("a")
			require.NoError(t, err)
			require.Contains(t, s.effect.queues, a.Queue)
			if c.ignored == "accounts.c.queue" {
				added, err := s.accounts.Account("c")
				require.NoError(t, err)
				require.Empty(t, added.Queue, "it works, on the workflows' queue")
			}
		})
	}
}

func TestWhoWaitsForBudgetIsToldOfNewLimitsInOrderAndPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, l := newFolder(t), lineOf(map[string][]ledger.Waiter{
			"cap": {waiter("cap", "R2", ledger.ObstacleCap), waiter("cap", "R3", ledger.ObstacleOrder), waiter("cap", "R1", ledger.ObstacleReserve),
				waiter("cap", "R5", ledger.ObstacleFlag)},
			"policy": {waiter("policy", "R4", ledger.ObstacleReserve)},
			"same":   {waiter("same", "R6", ledger.ObstacleCap)},
		})
		s, _ := running(t, f.load("accounts: {cap: {limits: {daily_cap: 1}, %x}, policy: {%x}, same: {limits: {daily_cap: 1}, %x}}"), l)
		next := f.load("accounts: {cap: {limits: {daily_cap: 2}, %x}, policy: {limits: {on_reserve: fail}, %x}, same: {limits: {daily_cap: 1}, approval: {always: true}, %x}}")
		require.NoError(t, s.Reload(t.Context(), next))
		require.Equal(t, []string{"limits-changed refund/cap/R2", "limits-changed refund/cap/R1", "limits-changed refund/policy/R4"}, l.told)
		for i := range l.at[1:] {
			require.Equal(t, wakePace, l.at[i+1].Sub(l.at[i]))
		}
		l.told = nil
		require.NoError(t, s.Reload(t.Context(), next))
		require.Empty(t, l.told, "nothing is new")
	})
}

func TestNewLimitsHoldEvenWhereNobodyCanBeTold(t *testing.T) {
	f, l := newFolder(t), lineOf(map[string][]ledger.Waiter{
		"a": {waiter("a", "R1", ledger.ObstacleCap), waiter("a", "R2", ledger.ObstacleCap), waiter("a", "R3", ledger.ObstacleCap)},
	})
	s, log := running(t, f.load("accounts: {a: {limits: {daily_cap: 1}, %x}}"), l)
	next := f.load("accounts: {a: {limits: {daily_cap: 2}, %x}}")
	away := errors.New("the server is away")
	l.deny = func(workflowID string) error {
		if workflowID == "refund/a/R1" {
			return serviceerror.NewNotFound("no such workflow")
		}
		return away
	}
	require.NoError(t, s.Reload(t.Context(), next))
	require.Equal(t, refund.Fen(2), capOf(t, s, "a"))
	require.Empty(t, l.told)
	require.ErrorIs(t, log.LastEntry().Data[logrus.ErrorKey].(error), away)
	require.Equal(t, logrus.WarnLevel, log.LastEntry().Level)

	l.deny = nil
	require.NoError(t, s.Reload(t.Context(), next))
	require.Len(t, l.told, 3, "they are told at the next reload, though it changes nothing")

	ended, end := context.WithCancel(t.Context())
	end()
	l.told = nil
	require.NoError(t, s.Reload(ended, f.load("accounts: {a: {limits: {daily_cap: 3}, %x}}")))
	require.Equal(t, refund.Fen(3), capOf(t, s, "a"), "a worker that is asked to stop tells nobody any more")
	require.LessOrEqual(t, len(l.told), 1)
}

func TestAQueueThatAnotherProcessServesIsNotThisOnesToRefuse(t *testing.T) {
	f := newFolder(t)
	s, log := running(t, f.load("roles: [workflows]\naccounts: {a: {queue: slow, %x}}"), &line{})
	require.NoError(t, s.Reload(t.Context(), f.load("roles: [workflows]\naccounts: {a: {queue: faster, %x}}")))
	a, err := s.accounts.Account("a")
	require.NoError(t, err)
	require.Equal(t, "faster", a.Queue, "refunds are sent there from now on")
	require.Equal(t, logrus.InfoLevel, log.LastEntry().Level)
}

func TestOnlyWhoRunsWorkflowsTellsOfNewLimits(t *testing.T) {
	for role, told := range map[string]int{"workflows": 1, "xlife": 0} {
		f, l := newFolder(t), lineOf(map[string][]ledger.Waiter{"a": {waiter("a", "R1", ledger.ObstacleCap)}})
		document := "roles: [" + role + "]\naccounts: {a: {queue: slow, limits: {daily_cap: %d}, %x}}"
		s, _ := running(t, f.load(strings.ReplaceAll(document, "%d", "1")), l)
		require.NoError(t, s.Reload(t.Context(), f.load(strings.ReplaceAll(document, "%d", "2"))))
		require.Len(t, l.told, told, role)
	}
}
