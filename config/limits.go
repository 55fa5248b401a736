package config

import (
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// Limits of an account, in fen; 0 or left out means none.
type Limits struct {
	DailyCap refund.Fen `yaml:"daily_cap"`
	Reserve  refund.Fen `yaml:"reserve"`
	// Zone of the business day; default Asia/Shanghai.
	Zone string `yaml:"zone"`
	// Payout is daily, weekly or monthly: when the reserve starts anew. Default
	// daily.
	Payout ledger.Payout `yaml:"payout"`
	// OnDailyCap and OnReserve are wait, ask or fail: what a refund does for which
	// there is no room. Default wait.
	OnDailyCap refund.Exhausted `yaml:"on_daily_cap"`
	OnReserve  refund.Exhausted `yaml:"on_reserve"`
}

func (l *Limits) defaults() {
	if l.Zone == "" {
		l.Zone = "Asia/Shanghai"
	}
	if l.Payout == "" {
		l.Payout = ledger.PayoutDaily
	}
	for _, on := range []*refund.Exhausted{&l.OnDailyCap, &l.OnReserve} {
		if *on == "" {
			*on = refund.ExhaustedWait
		}
	}
}

func (l Limits) check(add func(format string, args ...any)) {
	for setting, fen := range map[string]refund.Fen{"daily_cap": l.DailyCap, "reserve": l.Reserve} {
		if fen > refund.MaxFen {
			add(".limits.%s: want 0 to %d fen, got %d", setting, int64(refund.MaxFen), int64(fen))
		}
	}
	for setting, on := range map[string]refund.Exhausted{"on_daily_cap": l.OnDailyCap, "on_reserve": l.OnReserve} {
		switch on {
		case refund.ExhaustedWait, refund.ExhaustedAsk, refund.ExhaustedFail:
		default:
			add(".limits.%s: want wait, ask or fail, got %d characters", setting, len(on))
		}
	}
	switch l.Payout {
	case ledger.PayoutDaily, ledger.PayoutWeekly, ledger.PayoutMonthly:
	default:
		add(".limits.payout: want daily, weekly or monthly, got %d characters", len(l.Payout))
	}
	if _, err := l.Ledger(); err != nil {
		add(".%w", err)
	}
}

// Ledger makes the limits as the ledger wants them; the zone was checked.
func (l Limits) Ledger() (ledger.Limits, error) {
	zone, err := time.LoadLocation(l.Zone)
	if err != nil {
		return ledger.Limits{}, fmt.Errorf("limits.zone: want a time zone such as Asia/Shanghai, got %d characters", len(l.Zone))
	}
	return ledger.Limits{DailyCap: l.DailyCap, Reserve: l.Reserve, Zone: zone, Payout: l.Payout}, nil
}

// Budget says what happens without room.
func (l Limits) Budget() refund.BudgetPolicy {
	return refund.BudgetPolicy{DailyCap: l.OnDailyCap, Reserve: l.OnReserve}
}
