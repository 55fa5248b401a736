package refundtest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// ErrAway is what a disturbed ledger answers.
var ErrAway = errors.New("the ledger's database is away")

// Moment names one call of the ledger, counted by method, and one of its two sides.
type Moment struct {
	Method string
	Nth    int
	After  bool
}

// Disturbed is a ledger whose database goes away now and then, or whose caller dies. With
// it a test puts a crash between any two of the ledger's entries.
type Disturbed struct {
	ledger.Ledger
	mu      sync.Mutex
	faults  []*fault
	planned map[Moment]func() error
	calls   map[string]int
	watch   func(Moment)
}

type fault struct {
	method string
	times  int
	after  bool
}

// Fail makes the next calls of a method fail with [ErrAway], before anything is
// written or after.
func (d *Disturbed) Fail(method string, times int, after bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, &fault{method, times, after})
}

// At plans what happens at one moment, once: an error is what the caller is answered, and a
// panic is its end.
func (d *Disturbed) At(m Moment, do func() error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.planned == nil {
		d.planned = map[Moment]func() error{}
	}
	d.planned[m] = do
}

// Calls is how often each method was called since the last [Disturbed.Recount].
func (d *Disturbed) Calls() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.calls)
}

// Watch lets a test look on after each call that has succeeded, before its caller knows.
func (d *Disturbed) Watch(look func(Moment)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watch = look
}

// Recount lets the counting of calls begin anew.
func (d *Disturbed) Recount() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = nil
}

// Left is how many planned failures have not happened.
func (d *Disturbed) Left() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := len(d.planned)
	for _, f := range d.faults {
		left += f.times
	}
	return left
}

// Repair forgets the planned failures.
func (d *Disturbed) Repair() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults, d.planned = nil, nil
}

// enter counts a call and says what is planned for its two sides, and who looks on.
func (d *Disturbed) enter(method string) (before, after func() error, seen func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls == nil {
		d.calls = map[string]int{}
	}
	d.calls[method]++
	take := func(after bool) func() error {
		m := Moment{method, d.calls[method], after}
		do := d.planned[m]
		delete(d.planned, m)
		return do
	}
	before, after, seen = take(false), take(true), func() {}
	if look, m := d.watch, (Moment{method, d.calls[method], true}); look != nil {
		seen = func() { look(m) }
	}
	i := slices.IndexFunc(d.faults, func(f *fault) bool { return f.method == method && f.times > 0 })
	if i < 0 {
		return before, after, seen
	}
	d.faults[i].times--
	away := func() error { return ErrAway }
	if d.faults[i].after {
		return before, away, seen
	}
	return away, after, seen
}

func with[T any](d *Disturbed, method string, call func() (T, error)) (T, error) {
	var none T
	before, after, seen := d.enter(method)
	if before != nil {
		if err := before(); err != nil {
			return none, err
		}
	}
	v, err := call()
	if err == nil {
		seen()
	}
	if after != nil {
		if err := after(); err != nil {
			return none, err
		}
	}
	return v, err
}

func without(d *Disturbed, method string, call func() error) error {
	_, err := with(d, method, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

// Open may be disturbed under its own name, as may the rest below.
func (d *Disturbed) Open(ctx context.Context, o ledger.Opening) (ledger.Opened, error) {
	return with(d, "Open", func() (ledger.Opened, error) { return d.Ledger.Open(ctx, o) })
}

func (d *Disturbed) Hold(ctx context.Context, k ledger.Key, at time.Time, l ledger.Limits) (ledger.Hold, error) {
	return with(d, "Hold", func() (ledger.Hold, error) { return d.Ledger.Hold(ctx, k, at, l) })
}

func (d *Disturbed) BeginCancel(ctx context.Context, k ledger.Key, at time.Time, l ledger.Limits) (ledger.Hold, error) {
	return with(d, "BeginCancel", func() (ledger.Hold, error) { return d.Ledger.BeginCancel(ctx, k, at, l) })
}

func (d *Disturbed) EndCancel(ctx context.Context, k ledger.Key, at time.Time, done bool, text string) error {
	return without(d, "EndCancel", func() error { return d.Ledger.EndCancel(ctx, k, at, done, text) })
}

func (d *Disturbed) BeginSend(ctx context.Context, k ledger.Key, at time.Time, l ledger.Limits) (ledger.Permit, error) {
	return with(d, "BeginSend", func() (ledger.Permit, error) { return d.Ledger.BeginSend(ctx, k, at, l) })
}

func (d *Disturbed) BeginResend(ctx context.Context, k ledger.Key, at time.Time, l ledger.Limits, reads, most int) (ledger.Permit, error) {
	return with(d, "BeginResend", func() (ledger.Permit, error) { return d.Ledger.BeginResend(ctx, k, at, l, reads, most) })
}

func (d *Disturbed) EndSend(ctx context.Context, k ledger.Key, at time.Time, a ledger.Answer) error {
	return without(d, "EndSend", func() error { return d.Ledger.EndSend(ctx, k, at, a) })
}

func (d *Disturbed) NoteAbsent(ctx context.Context, k ledger.Key, at time.Time, interval time.Duration) (int, error) {
	return with(d, "NoteAbsent", func() (int, error) { return d.Ledger.NoteAbsent(ctx, k, at, interval) })
}

func (d *Disturbed) Settle(ctx context.Context, k ledger.Key, s ledger.Settlement) error {
	return without(d, "Settle", func() error { return d.Ledger.Settle(ctx, k, s) })
}

func (d *Disturbed) Finish(ctx context.Context, k ledger.Key, e ledger.Ending) error {
	return without(d, "Finish", func() error { return d.Ledger.Finish(ctx, k, e) })
}

func (d *Disturbed) Note(ctx context.Context, k ledger.Key, at time.Time, step, text string) error {
	return without(d, "Note", func() error { return d.Ledger.Note(ctx, k, at, step, text) })
}

func (d *Disturbed) Refund(ctx context.Context, k ledger.Key) (ledger.Record, error) {
	return with(d, "Refund", func() (ledger.Record, error) { return d.Ledger.Refund(ctx, k) })
}

func (d *Disturbed) Approve(ctx context.Context, k ledger.Key, at time.Time, by string) error {
	return without(d, "Approve", func() error { return d.Ledger.Approve(ctx, k, at, by) })
}

func (d *Disturbed) Flag(ctx context.Context, account string, at time.Time, reason string) error {
	return without(d, "Flag", func() error { return d.Ledger.Flag(ctx, account, at, reason) })
}

func (d *Disturbed) FindByNumber(ctx context.Context, merchant, number string) (ledger.Record, error) {
	return with(d, "FindByNumber", func() (ledger.Record, error) { return d.Ledger.FindByNumber(ctx, merchant, number) })
}

func (d *Disturbed) FindByPlatformRefund(ctx context.Context, merchant, id string) (ledger.Record, error) {
	return with(d, "FindByPlatformRefund", func() (ledger.Record, error) { return d.Ledger.FindByPlatformRefund(ctx, merchant, id) })
}

func (d *Disturbed) FindInFlight(ctx context.Context, merchant, order string) (ledger.Record, error) {
	return with(d, "FindInFlight", func() (ledger.Record, error) { return d.Ledger.FindInFlight(ctx, merchant, order) })
}

func (d *Disturbed) FindNameless(ctx context.Context, merchant, order, id string) (ledger.Record, error) {
	return with(d, "FindNameless", func() (ledger.Record, error) { return d.Ledger.FindNameless(ctx, merchant, order, id) })
}

func (d *Disturbed) Testify(ctx context.Context, k ledger.Key, e ledger.Evidence) error {
	return without(d, "Testify", func() error { return d.Ledger.Testify(ctx, k, e) })
}

func (d *Disturbed) NoteForeign(ctx context.Context, f ledger.ForeignRefund) (bool, error) {
	return with(d, "NoteForeign", func() (bool, error) { return d.Ledger.NoteForeign(ctx, f) })
}

func (d *Disturbed) DecideAudit(ctx context.Context, q ledger.AuditQuestion) (ledger.AuditAnswer, error) {
	return with(d, "DecideAudit", func() (ledger.AuditAnswer, error) { return d.Ledger.DecideAudit(ctx, q) })
}
