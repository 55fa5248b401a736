package sqlstore

import (
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// amountBack is what may be named as given back: nothing, all, or something else.
func (m *sequence) amountBack(key ledger.Key) refund.Fen {
	return draws(m, "given back", 0, 0, m.paper.slips[key].Request.Amount, 30, 350)
}

func (m *sequence) stepSettle() {
	key, ok := m.refund()
	if !ok {
		return
	}
	done := settlement(m.number(key), m.amountBack(key))
	done.At = m.ago()
	m.do(func() {
		err := m.store.Settle(m.Context(), key, done)
		m.did(fmt.Sprintf("settle %s as %q with %s, %s ago", key, done.Result.PlatformRefundID, done.Result.Amount, m.now.Sub(done.At)),
			reply{}, "", err, m.paper.settle(key, done))
	})
}

func (m *sequence) stepFinish() {
	key, ok := m.refund()
	if !ok {
		return
	}
	e := ledger.Ending{Reason: "because", At: m.now, Status: draws(m, "end", ledger.Failed, ledger.Failed, ledger.Cancelled, ledger.Rejected, ledger.Succeeded),
		By: draws(m, "by", "", "finance-2")}
	if e.Status == ledger.Succeeded {
		e.By, e.Refunded = "finance-2", m.amountBack(key)
	}
	m.do(func() {
		err := m.store.Finish(m.Context(), key, e)
		m.did(fmt.Sprintf("finish %s, %s with %s by %q", key, e.Status, e.Refunded, e.By), reply{}, "", err, m.paper.finish(key, e))
	})
}

func (m *sequence) stepTestify() {
	key, ok := m.refund()
	if !ok {
		return
	}
	e := evidence(draws(m, "state", succeeded, failed), m.number(key), m.amountBack(key))
	e.At = m.ago()
	m.do(func() {
		err := m.store.Testify(m.Context(), key, e)
		m.did(fmt.Sprintf("testify %s, %s as %q with %s, %s ago", key, e.State, e.PlatformRefundID, e.Amount, m.now.Sub(e.At)),
			reply{}, "", err, m.paper.testify(key, e))
	})
}

func (m *sequence) stepAmend() {
	key, ok := m.refund()
	if !ok {
		return
	}
	e := ledger.Ending{Reason: "looked", At: m.now, Status: draws(m, "end", ledger.Failed, ledger.Succeeded), By: "finance-2"}
	if e.Status == ledger.Succeeded {
		e.Refunded = m.amountBack(key)
	}
	m.do(func() {
		err := m.store.Amend(m.Context(), key, e)
		m.did(fmt.Sprintf("amend %s, %s with %s", key, e.Status, e.Refunded), reply{}, "", err, m.paper.amend(key, e))
	})
}

// stepForeign: the platform may know a number of ours, and tell it before we do.
func (m *sequence) stepForeign() {
	key, orders := draws(m, "of", modelKeys...), modelOrders
	if s := m.paper.slips[m.key]; s != nil && draws(m, "of its order", true, true, false) {
		key, orders = m.key, []string{s.order.key}
	}
	f := ledger.ForeignRefund{Merchant: m.opening(key, "", 1, 1).Rules.Merchant, Account: key.Account, Last: m.ago(),
		PlatformRefundID: draws(m, "number", "F1", "F1", "F2", "P-"+key.Account+key.ID), OrderKey: draws(m, "order", orders...),
		Amount: draws(m, "amount", refund.Fen(0), 50, 100, 250), State: draws(m, "state", succeeded, succeeded, failed, processing, providers.ResultUnknown)}
	if f.PlatformRefundID == "F2" {
		f.Number = "N" + key.Account + key.ID
	}
	m.do(func() {
		changed, err := m.store.NoteForeign(m.Context(), f)
		got := reply{}
		if changed {
			got.n = 1
		}
		m.did(fmt.Sprintf("foreign %s of %s, order %s, number %q: %s with %s", f.PlatformRefundID, f.Merchant, f.OrderKey, f.Number, f.State, f.Amount),
			got, "", err, m.paper.noteForeign(f))
	})
}

func (m *sequence) stepFlag() {
	account, at, reason := draws(m, "account", modelAccounts...), m.now, draws(m, "reason", "bad key", "bad signature")
	m.do(func() {
		err := m.store.Flag(m.Context(), account, at, reason)
		m.did("flag "+account+": "+reason, reply{}, "", err, m.paper.flag(account, at, reason))
	})
}

func (m *sequence) stepUnflag() {
	account, at := draws(m, "account", modelAccounts...), m.now
	m.do(func() {
		err := m.store.Unflag(m.Context(), account, at, "ops-1")
		m.did("unflag "+account, reply{}, "", err, m.paper.unflag(account, at, "ops-1"))
	})
}

func (m *sequence) stepRestored() {
	at, until := m.now, m.now.Add(draws(m, "until", 0, time.Hour))
	m.do(func() {
		n, err := m.store.Restored(m.Context(), at, until)
		m.did(fmt.Sprintf("restored, until %s from then", until.Sub(at)), reply{n: n}, "", err, m.paper.restored(until))
	})
}

// stepLimits changes the account's configuration.
func (m *sequence) stepLimits() {
	account := draws(m, "account", modelAccounts...)
	l := ledger.Limits{DailyCap: draws(m, "cap", refund.Fen(0), 100, 150, 200, 250), Reserve: draws(m, "reserve", refund.Fen(0), 100, 150, 250, 300),
		Payout: draws(m, "payout", "", ledger.PayoutDaily, ledger.PayoutWeekly, ledger.PayoutMonthly)}
	if draws(m, "zone", "", "Shanghai", "Shanghai") != "" {
		l.Zone = limits(0, 0).Zone
	}
	m.limits[account] = l
	m.Logf("     %s now has %s", account, show(l))
}
