package ledger

import (
	"testing"
	"time"
	_ "time/tzdata" // zones do not depend on the machine

	"github.com/stretchr/testify/require"
)

func TestDaysBeginAtMidnightOfTheAccountsZone(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	for _, c := range []struct {
		name                 string
		zone                 *time.Location
		payout               Payout
		at                   string
		day, period          string
		nextDay, nextPayment string // UTC, five minutes after the boundary
	}{
		{"last second before Shanghai's midnight", shanghai, PayoutDaily, "2026-11-21T15:59:59Z",
			"2026-11-21", "2026-11-21", "2026-11-21T16:05:00Z", "2026-11-21T16:05:00Z"},
		{"Shanghai's midnight", shanghai, PayoutDaily, "2026-11-21T16:00:00Z",
			"2026-11-22", "2026-11-22", "2026-11-22T16:05:00Z", "2026-11-22T16:05:00Z"},
		{"the zone of the argument does not matter", shanghai, PayoutDaily, "2026-11-22T00:00:00+08:00",
			"2026-11-22", "2026-11-22", "2026-11-22T16:05:00Z", "2026-11-22T16:05:00Z"},
		{"without a payout rhythm the reserve is the day's", shanghai, "", "2026-11-21T15:59:59Z",
			"2026-11-21", "2026-11-21", "2026-11-21T16:05:00Z", "2026-11-21T16:05:00Z"},
		{"without a zone days are UTC's", nil, PayoutDaily, "2026-11-21T23:59:59Z",
			"2026-11-21", "2026-11-21", "2026-11-22T00:05:00Z", "2026-11-22T00:05:00Z"},
		{"Sunday belongs to the week of the Monday before", shanghai, PayoutWeekly, "2026-11-22T15:59:59Z",
			"2026-11-22", "2026-11-16", "2026-11-22T16:05:00Z", "2026-11-22T16:05:00Z"},
		{"Monday begins a week", shanghai, PayoutWeekly, "2026-11-22T16:00:00Z",
			"2026-11-23", "2026-11-23", "2026-11-23T16:05:00Z", "2026-11-29T16:05:00Z"},
		{"a week may cross the year", shanghai, PayoutWeekly, "2027-01-01T04:00:00Z",
			"2027-01-01", "2026-12-28", "2027-01-01T16:05:00Z", "2027-01-03T16:05:00Z"},
		{"last second of a month", shanghai, PayoutMonthly, "2026-11-30T15:59:59Z",
			"2026-11-30", "2026-11-01", "2026-11-30T16:05:00Z", "2026-11-30T16:05:00Z"},
		{"first second of a month", shanghai, PayoutMonthly, "2026-11-30T16:00:00Z",
			"2026-12-01", "2026-12-01", "2026-12-01T16:05:00Z", "2026-12-31T16:05:00Z"},
		{"31 January is followed by 1 February", shanghai, PayoutMonthly, "2027-01-31T04:00:00Z",
			"2027-01-31", "2027-01-01", "2027-01-31T16:05:00Z", "2027-01-31T16:05:00Z"},
		{"leap day", shanghai, PayoutMonthly, "2028-02-29T04:00:00Z",
			"2028-02-29", "2028-02-01", "2028-02-29T16:05:00Z", "2028-02-29T16:05:00Z"},
		{"a day of 25 hours", newYork, PayoutDaily, "2026-11-01T05:00:00Z",
			"2026-11-01", "2026-11-01", "2026-11-02T05:05:00Z", "2026-11-02T05:05:00Z"},
		{"a day of 23 hours", newYork, PayoutDaily, "2026-03-08T06:00:00Z",
			"2026-03-08", "2026-03-08", "2026-03-09T04:05:00Z", "2026-03-09T04:05:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, c.at)
			require.NoError(t, err)
			limits := Limits{Zone: c.zone, Payout: c.payout}
			require.Equal(t, c.day, limits.Day(at))
			require.Equal(t, c.period, limits.Period(at))
			require.Equal(t, c.nextDay, limits.NextDay(at).UTC().Format(time.RFC3339))
			require.Equal(t, c.nextPayment, limits.NextPeriod(at).UTC().Format(time.RFC3339))
		})
	}
}
