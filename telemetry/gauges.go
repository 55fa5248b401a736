package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
)

// shared is said of every figure that is read at a scrape.
const shared = " The same from every process: take max(), not sum()."

// descriptions of what is read at a scrape.
var descriptions []*prometheus.Desc

func described(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc(name, help, labels, nil)
	descriptions = append(descriptions, d)
	return d
}

var (
	ledgerUp = described("refundflow_ledger_up",
		"1 when the ledger could be read at this scrape; else 0, and what is read from it is absent.")
	openRefunds = described("refundflow_open_refunds",
		"Open refunds: unsent, in_doubt (sent, no answer yet that counts) or accepted."+shared, "account", "provider", "state")
	moneyInFlight = described("refundflow_money_in_flight_fen",
		"What open refunds are to give back, in fen."+shared, "account", "provider", "state")
	oldestInDoubt = described("refundflow_oldest_in_doubt_seconds",
		"For how long the oldest refund in doubt has been in doubt; 0 when none is."+shared, "account", "provider")
	alerts = described("refundflow_alerts",
		"Refunds that ended and that the platform's word contradicts: a person must say which is true."+shared, "account", "provider")
	waitingRefunds = described("refundflow_waiting_refunds",
		"Refunds in line for daily_cap, reserve or order_turn."+shared, "account", "provider", "for")
	limitUsed = described("refundflow_limit_used_fen",
		"What refunds have drawn of this business day's daily_cap, or of this payout period's reserve, in fen."+shared, "account", "limit")
	limitOf = described("refundflow_limit_fen",
		"The limit as it is configured, in fen; absent where there is none."+shared, "account", "limit")
	accountFlagged = described("refundflow_account_flagged",
		"1 while the account is held back as misconfigured."+shared, "account", "provider")

	temporalUp = described("refundflow_temporal_up",
		"1 when Temporal could be asked at this scrape; else 0, and what it tells is absent.")
	awaitingApproval = described("refundflow_refunds_awaiting_approval",
		"Running refunds that people must approve."+shared)
	needingAttention = described("refundflow_refunds_needing_attention",
		"Running refunds that a person must resolve."+shared)
	reconcileEvery = described("refundflow_reconcile_every_seconds",
		"The pause between two comparisons of the books; absent where none are made, or while they are paused."+shared)
	reconciledAt = described("refundflow_reconciled_timestamp_seconds",
		"When the last comparison of the books ended well, in seconds since 1970; absent when there was none."+shared)
)

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}
