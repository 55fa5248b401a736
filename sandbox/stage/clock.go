package stage

import (
	"sync"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// Shanghai is the zone of every business day here. China has kept no summer time since 1991, hence a fixed zone is exact and
// needs no zone data on the machine.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// Clock is a time source plus an offset that only grows.
type Clock struct {
	source func() time.Time
	mu     sync.Mutex
	offset time.Duration
}

// NewClock starts a clock at the source's time.
func NewClock(source func() time.Time) *Clock { return &Clock{source: source} }

// Now is the sandbox time in Asia/Shanghai.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time { return c.source().Add(c.offset).In(Shanghai) }

// Day is the business day of a moment, as 2006-01-02.
func Day(t time.Time) string { return t.In(Shanghai).Format(time.DateOnly) }

// Advance moves the clock forward.
func (c *Clock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += by
}

// NextDay moves the clock to the first second of the next business day.
func (c *Clock) NextDay() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	year, month, day := now.Date()
	c.offset += time.Date(year, month, day+1, 0, 0, 1, 0, Shanghai).Sub(now)
}

// View is the clock as the control API shows it.
func (c *Clock) View() control.Clock {
	c.mu.Lock()
	defer c.mu.Unlock()
	return control.Clock{Now: c.now(), Offset: control.Duration(c.offset)}
}

// restore continues the clock of an earlier run.
func (c *Clock) restore(offset time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = offset
}

// Reset returns to the source's time.
func (c *Clock) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = 0
}
