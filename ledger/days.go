package ledger

import "time"

// dayMargin is how long after midnight a new business day is believed to have
// begun at the platform too: its clock and day boundary are not documented.
// Inferred, see docs/protocols/baidu.md §11.
const dayMargin = 5 * time.Minute

// Day names the business day of a time, as in "2026-11-21".
func (l Limits) Day(t time.Time) string { return l.midnight(t).Format(time.DateOnly) }

// NextDay is when a refund that waits for a new business day tries again.
func (l Limits) NextDay(t time.Time) time.Time { return l.midnight(t).AddDate(0, 0, 1).Add(dayMargin) }

// Period names the payout period of a time by its first day.
func (l Limits) Period(t time.Time) string { return l.periodStart(t).Format(time.DateOnly) }

// NextPeriod is when a refund that waits for the next payout tries again.
func (l Limits) NextPeriod(t time.Time) time.Time {
	start := l.periodStart(t)
	switch l.Payout {
	case PayoutWeekly:
		start = start.AddDate(0, 0, 7)
	case PayoutMonthly:
		start = start.AddDate(0, 1, 0)
	case PayoutDaily:
		fallthrough
	default: // not configured: the reserve is the day's
		start = start.AddDate(0, 0, 1)
	}
	return start.Add(dayMargin)
}

func (l Limits) periodStart(t time.Time) time.Time {
	day := l.midnight(t)
	switch l.Payout {
	case PayoutWeekly:
		return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	case PayoutMonthly:
		return day.AddDate(0, 0, 1-day.Day())
	case PayoutDaily:
	}
	return day
}

func (l Limits) midnight(t time.Time) time.Time {
	zone := l.Zone
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}
