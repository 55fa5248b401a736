package service

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// wakePace is the pause between two refunds that are told of new limits: 50 a
// second, so that thousands do not ask the ledger at once.
const wakePace = 20 * time.Millisecond

// inEffect is what [Service.Reload] changes, one call at a time.
type inEffect struct {
	sync.Mutex
	config *config.Config
	// queues are those that the process's workers poll.
	queues []string
	// keys are the key files as they were read, or as they were last found wrong, and
	// glimpse as they were last seen.
	keys, glimpse imprint
	// due are accounts whose waiting refunds have not been told of new limits.
	due []string
}

// Reload takes over another configuration while refunds go on: accounts, their
// limits, approval, decision keys and provider settings hold from the next step on.
// What needs a restart stays as it is, and a line of the log names it. An error
// means that nothing has changed; it lists every mistake.
//
// Refunds that wait for budget in accounts whose limits are others now are told to
// look again, which takes a while when they are many; ctx ends it early. Each
// process does so: until the last one has read the new limits, a refund may be
// looked at by one that has not.
func (s *Service) Reload(ctx context.Context, next *config.Config) error {
	s.effect.Lock()
	defer s.effect.Unlock()
	return s.takeOver(ctx, next)
}

// takeOver is Reload for who holds the lock.
func (s *Service) takeOver(ctx context.Context, next *config.Config) error {
	running := s.effect.config
	next, ignored := keepFixed(running, next, s.effect.queues)
	keys := s.fingerprint(next)
	all, err := openAccounts(next, next.Serves(s.effect.queues))
	if err != nil {
		return err
	}
	s.effect.keys = keys
	for _, name := range next.Names() {
		if next.Accounts[name].Limits != running.Accounts[name].Limits && !slices.Contains(s.effect.due, name) {
			s.effect.due = append(s.effect.due, name)
		}
	}
	s.accounts.now.Store(&all)
	s.effect.config = next
	if len(ignored) > 0 {
		s.logger.WithField("settings", strings.Join(ignored, ", ")).Warn("ignored until the worker is restarted")
	}
	log := s.logger.WithField("accounts", strings.Join(all.Names(), ","))
	log.Info("configuration taken over")
	if !next.Does(config.RoleWorkflows) { // who decides about budget tells of it, or it would be decided by old limits
		s.effect.due = nil
	}
	if woken, err := s.wakeDue(ctx); err != nil {
		log.WithError(err).WithField("woken", woken).Warn(
			"not every refund that waits was told of the new limits: the others look at their own time, or are told at the next reload")
	} else if woken > 0 {
		log.WithField("woken", woken).Info("refunds that wait were told of the new limits")
	}
	return nil
}

// wakeDue tells the refunds of the accounts that are due, first come first, and
// says how many it told.
func (s *Service) wakeDue(ctx context.Context) (woken int, err error) {
	pace := time.NewTicker(wakePace)
	defer pace.Stop()
	for len(s.effect.due) > 0 {
		waiting, err := s.ledger.Waiting(ctx, s.effect.due[0])
		if err != nil {
			return woken, fmt.Errorf("ledger: %w", err)
		}
		for _, w := range waiting {
			if !forBudget(w.For) {
				continue
			}
			if err := s.signal(ctx, refund.WorkflowID(w.Key.Account, w.Key.ID), workflows.SignalLimitsChanged); err != nil {
				return woken, fmt.Errorf("refund %s: %w", w.Key, err)
			}
			woken++
			select {
			case <-ctx.Done():
				return woken, ctx.Err()
			case <-pace.C:
			}
		}
		s.effect.due = s.effect.due[1:]
	}
	return woken, nil
}

// forBudget says whether other limits may let a refund go on that stands in line. One
// that is too big for the whole limit stands in none: it is with a person.
func forBudget(o ledger.Obstacle) bool {
	return o == ledger.ObstacleCap || o == ledger.ObstacleReserve
}

// keepFixed is the next configuration with everything that cannot change while the
// process runs as it is now, and the names of what would have changed.
func keepFixed(running, next *config.Config, queues []string) (*config.Config, []string) {
	c := *next
	var ignored []string
	keep("temporal", running.Temporal, &c.Temporal, &ignored)
	keep("task_queue", running.TaskQueue, &c.TaskQueue, &ignored)
	keep("ledger", running.Ledger, &c.Ledger, &ignored)
	keep("ledger_password_file", running.LedgerPasswordFile, &c.LedgerPasswordFile, &ignored)
	keep("log", running.Log, &c.Log, &ignored)
	keep("callbacks", running.Callbacks, &c.Callbacks, &ignored)
	keep("roles", running.Roles, &c.Roles, &ignored)
	keep("monitor", running.Monitor, &c.Monitor, &ignored)
	keep("tracing", running.Tracing, &c.Tracing, &ignored)
	keep("encryption", running.Encryption, &c.Encryption, &ignored)
	keep("versioning", running.Versioning, &c.Versioning, &ignored)
	keep("reconcile", running.Reconcile, &c.Reconcile, &ignored)
	c.Accounts = maps.Clone(next.Accounts)
	for _, name := range next.Names() {
		a := c.Accounts[name]
		lane := c.Does(config.Role(a.Settings.Name()))                  // elsewhere the queue is another process's matter
		if lane && a.Queue != "" && !slices.Contains(queues, a.Queue) { // nobody here would poll it
			keep("accounts."+name+".queue", running.Accounts[name].Queue, &a.Queue, &ignored)
			c.Accounts[name] = a
		}
	}
	return &c, ignored
}

func keep[T any](setting string, running T, next *T, ignored *[]string) {
	if !reflect.DeepEqual(running, *next) {
		*next, *ignored = running, append(*ignored, setting)
	}
}
