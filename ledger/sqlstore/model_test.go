package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// What the crowd of the model shares: two accounts of one merchant, few orders, four days
// of two weeks.
const (
	modelCrowd   = 8
	modelSteps   = 80 // of each
	modelTotal   = refund.Fen(300)
	modelCap     = refund.Fen(250)
	modelReserve = refund.Fen(350)
)

// model is what must hold, whoever comes when: kept by the side that sees the answers
// and never looks into the ledger's tables.
type model struct {
	*testing.T
	stores []books
	plans  []plan

	lock     sync.Mutex
	inFlight map[string]string // order: the refund the platform has, or may have, and that has not ended
	arrived  map[string]plan   // refunds at the platform that nobody is dealing with
	numbers  map[string]string // refund number: who was opened with it
	ended    map[string]ledger.Status
	paid     map[string]refund.Fen // by order
	seen     map[string]int
}

// plan is one refund of the crowd.
type plan struct {
	ledger.Opening
	key   ledger.Key
	order string
	// alone: no other refund is of its order, so that a person may book it wrongly, and
	// amend it, without harm to others.
	alone bool
	day   time.Time // of its last sending
}

func newModel(t *testing.T, at string, random *rand.Rand) *model {
	m := &model{T: t, inFlight: map[string]string{}, arrived: map[string]plan{}, numbers: map[string]string{},
		ended: map[string]ledger.Status{}, paid: map[string]refund.Fen{}, seen: map[string]int{}}
	for range 2 { // as two processes
		m.stores = append(m.stores, newBooks(t, at))
	}
	for i := range 48 {
		p := plan{order: fmt.Sprintf("o%d", random.IntN(9)), alone: i%8 == 7}
		if p.alone {
			p.order = fmt.Sprintf("alone%d", i)
		}
		p.Opening = opening(fmt.Sprintf("r%02d", i), p.order, refund.Fen(50+50*random.IntN(3)), modelTotal)
		if p.Request.Account = "shop-a"; random.IntN(2) == 1 {
			p.Request.Account = "shop-b"
		}
		if i%6 < 2 {
			p.Number = fmt.Sprintf("shared%d", i/6) // as if two accounts had the same prefix
		}
		p.Fingerprint = p.Request.Fingerprint()
		p.key = ledger.KeyOf(p.Request)
		m.plans = append(m.plans, p)
	}
	return m
}

// saw counts what happened, so that a run in which nothing happens proves nothing.
func (m *model) saw(what string) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.seen[what]++
}

// harmless are the answers that the crowd is prepared for.
func harmless(err error) error {
	var clash *ledger.ContradictionError
	if errors.Is(err, ledger.ErrUnknown) || errors.As(err, &clash) {
		return nil
	}
	return err
}

// twice does the same on both stores at the same time, as a step does that is repeated
// because nobody heard its answer.
func (m *model) twice(do func(b books) error) error {
	var wait sync.WaitGroup
	errs := make([]error, len(m.stores))
	for i, b := range m.stores {
		wait.Go(func() { errs[i] = do(b) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// step does one random thing with one random refund.
func (m *model) step(ctx context.Context, random *rand.Rand) error {
	b, p := m.stores[random.IntN(2)], m.plans[random.IntN(len(m.plans))]
	at, l := noon.Add(time.Duration(random.IntN(4))*day), limits(modelCap, modelReserve)
	switch random.IntN(16) {
	case 0, 1, 2:
		return m.open(ctx, b, p)
	case 3, 4, 5:
		h, err := b.Hold(ctx, p.key, at, l)
		m.saw("hold " + string(h.Obstacle))
		return harmless(err)
	case 6:
		h, err := b.BeginCancel(ctx, p.key, at, l)
		if err == nil && h.Granted {
			err = b.EndCancel(ctx, p.key, at, random.IntN(4) == 0, "")
		}
		return harmless(err)
	case 7, 8, 9, 10:
		return m.send(ctx, p, at, l)
	case 11:
		err := b.Finish(ctx, p.key, ledger.Ending{Status: ledger.Cancelled, At: at})
		if err == nil {
			err = m.cancelled(p)
		}
		return harmless(err)
	default:
		return m.deal(ctx, at, l, random)
	}
}

func (m *model) open(ctx context.Context, b books, p plan) error {
	o, err := b.Open(ctx, p.Opening)
	if err != nil || o.Refused != "" {
		m.saw("refused")
		return err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	if who := m.numbers[p.Number]; who != "" && who != p.key.String() {
		return fmt.Errorf("number %s is both %s and %s", p.Number, who, p.key)
	}
	m.numbers[p.Number] = p.key.String()
	return nil
}

// send lets both stores ask: at most one is told to send.
func (m *model) send(ctx context.Context, p plan, at time.Time, l ledger.Limits) error {
	permits := make(chan ledger.Permit, 2)
	err := m.twice(func(b books) error {
		permit, err := b.BeginSend(ctx, p.key, at, l)
		permits <- permit
		return harmless(err)
	})
	close(permits)
	sends := 0
	for permit := range permits {
		if permit.Send {
			sends++
		}
	}
	if err != nil || sends == 0 {
		return err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	if other := m.inFlight[p.order]; other != "" || sends > 1 {
		return fmt.Errorf("order %s: %s is sent %d times while %q is in flight", p.order, p.key, sends, other)
	}
	if end := m.ended[p.key.String()]; end != "" {
		return fmt.Errorf("%s is sent after it was %s", p.key, end)
	}
	p.day = at
	m.inFlight[p.order], m.arrived[p.key.String()] = p.key.String(), p
	return nil
}

func (m *model) cancelled(p plan) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.inFlight[p.order] == p.key.String() {
		return fmt.Errorf("%s is cancelled while the platform has it", p.key)
	}
	m.ended[p.key.String()] = ledger.Cancelled
	m.seen["cancelled"]++
	return nil
}

// claim takes a refund that is at the platform, for one who deals with it.
func (m *model) claim(random *rand.Rand) (plan, bool) {
	m.lock.Lock()
	defer m.lock.Unlock()
	for _, p := range m.plans {
		if found, ok := m.arrived[p.key.String()]; ok && random.IntN(2) == 0 {
			delete(m.arrived, p.key.String())
			return found, true
		}
	}
	return plan{}, false
}

// over says that the refund is not in flight any more, just before the ledger hears it:
// from then on another one may be.
func (m *model) over(p plan, end ledger.Status) {
	m.lock.Lock()
	defer m.lock.Unlock()
	delete(m.inFlight, p.order)
	if end != "" {
		m.ended[p.key.String()] = end
	}
	if end == ledger.Succeeded {
		m.paid[p.order] += p.Request.Amount
	}
}

// deal lets the platform answer one of the refunds it has.
func (m *model) deal(ctx context.Context, at time.Time, l ledger.Limits, random *rand.Rand) error {
	p, found := m.claim(random)
	if !found {
		return nil
	}
	answer := func(a ledger.Answer) error {
		return m.twice(func(b books) error { return b.EndSend(ctx, p.key, at, a) })
	}
	ends := func(e ledger.Ending) error {
		return m.twice(func(b books) error { return b.Finish(ctx, p.key, e) })
	}
	number := "P" + p.key.ID
	if at.Before(p.day) {
		at = p.day // an answer comes after what it answers
	}
	what := random.IntN(8)
	if p.alone {
		what = -1
	}
	switch what {
	case 0:
		m.saw("not sent")
		m.over(p, "") // said once: a step that is repeated asks for a permit again first
		return m.stores[random.IntN(2)].EndSend(ctx, p.key, at, notSent)
	case 1:
		m.saw("failed")
		if err := answer(ledger.Answer{Receipt: &providers.Receipt{PlatformRefundID: number}}); err != nil {
			return err
		}
		m.over(p, ledger.Failed)
		return ends(ledger.Ending{Status: ledger.Failed, At: at})
	case 2, 3, 4:
		return m.repeat(ctx, p, at, l)
	case -1:
		m.saw("amended")
		if err := answer(unknown); err != nil {
			return err
		}
		m.over(p, ledger.Succeeded)
		word := evidence(succeeded, number, 0)
		return errors.Join(ends(ledger.Ending{Status: ledger.Failed, By: "finance-2", At: at}),
			m.twice(func(b books) error { return contradicting(b.Testify(ctx, p.key, word)) }),
			m.twice(func(b books) error {
				return b.Amend(ctx, p.key, ledger.Ending{Status: ledger.Succeeded, By: "finance-2", At: at.Add(time.Hour)})
			}))
	}
	m.saw("settled")
	m.over(p, ledger.Succeeded)
	return m.twice(func(b books) error { return b.Settle(ctx, p.key, settlement(number, 0)) })
}

// repeat is in doubt, finds nothing, and sends again, on another day perhaps.
func (m *model) repeat(ctx context.Context, p plan, at time.Time, l ledger.Limits) error {
	b := m.stores[0]
	later := p.day.Add(time.Minute)
	if _, err := b.NoteAbsent(ctx, p.key, later, time.Minute); err != nil {
		return err
	}
	if at.Before(later) {
		at = later
	}
	permit, err := b.BeginResend(ctx, p.key, at, l, 1, 2)
	if err != nil {
		return err
	}
	if permit.Send {
		m.saw("repeated")
		p.day = at
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	m.arrived[p.key.String()] = p
	return nil
}
