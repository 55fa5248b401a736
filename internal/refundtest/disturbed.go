package refundtest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// ErrAway is what a disturbed ledger answers.
var ErrAway = errors.New("the ledger's database is away")

// Disturbed is a ledger whose database goes away now and then. With it a test
// puts a crash between any two of the ledger's entries.
type Disturbed struct {
	ledger.Ledger
	mu     sync.Mutex
	faults []*fault
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

// Left is how many planned failures have not happened.
func (d *Disturbed) Left() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := 0
	for _, f := range d.faults {
		left += f.times
	}
	return left
}

// Repair forgets the planned failures.
func (d *Disturbed) Repair() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = nil
}

func (d *Disturbed) take(method string) *fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.faults, func(f *fault) bool { return f.method == method && f.times > 0 })
	if i < 0 {
		return nil
	}
	d.faults[i].times--
	return d.faults[i]
}

func with[T any](d *Disturbed, method string, call func() (T, error)) (T, error) {
	var none T
	f := d.take(method)
	if f != nil && !f.after {
		return none, ErrAway
	}
	v, err := call()
	if f != nil {
		return none, ErrAway
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
