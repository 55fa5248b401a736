package sqlstore

import (
	"context"
)

// audits are the sentences that must never come true; each statement returns
// one text per disagreement.
var audits = []string{
	// Counters are the sums of their holds, and of nothing else.
	`SELECT 'account ' || account || ', ' || kind || ' of ' || period || ': counter and holds differ by ' || SUM(amount) || ' fen'
	FROM (
		SELECT account, kind, period, used AS amount FROM usage_counters
		UNION ALL SELECT account, 'cap', day, -amount FROM holds WHERE state IN ('held', 'counted', 'spent')
		UNION ALL SELECT account, 'reserve', period, -amount FROM holds WHERE state IN ('held', 'counted')
	) AS parts GROUP BY account, kind, period HAVING SUM(amount) <> 0`,

	// An order gives back no more than was paid. (That the platform paid a refund twice or
	// too much is for Open and the next sending to mind: it does, whatever the books say.
	// So is what was sent before the books were restored and forgot it.)
	`SELECT 'order ' || order_key || ' of merchant ' || merchant || ': ' || SUM(booked) || ' fen given back or on their way, paid were ' || MIN(order_total)
	FROM (
		SELECT merchant, order_key, order_total, CASE
			WHEN status IN ('open', 'succeeded') AND amount > refunded THEN amount
			WHEN status NOT IN ('open', 'succeeded') AND amount < refunded THEN amount
			ELSE refunded END AS booked FROM refunds r
		WHERE NOT EXISTS (SELECT 1 FROM journal j WHERE j.account = r.account AND j.id = r.id AND j.once = '` + stepForgotten + `')
	) AS shares GROUP BY merchant, order_key HAVING SUM(booked) > MIN(CASE WHEN booked > 0 THEN order_total END)`,

	// A hold is for the refund's whole amount.
	`SELECT 'refund ' || h.account || '/' || h.id || ': a hold of ' || h.amount || ' fen for a refund of ' || r.amount
	FROM holds h JOIN refunds r ON r.account = h.account AND r.id = h.id WHERE h.amount <> r.amount`,

	// What is in flight has a living, counted hold; what ended without success has none.
	`SELECT 'refund ' || r.account || '/' || r.id || ': sending is ' || r.sending || ', but no hold is counted'
	FROM refunds r WHERE r.status = 'open' AND r.sending = 'begun' AND NOT EXISTS (
		SELECT 1 FROM holds h WHERE h.account = r.account AND h.id = r.id AND h.state = 'counted')`,
	`SELECT 'refund ' || r.account || '/' || r.id || ': is ' || r.status || ', but a hold is ' || h.state
	FROM refunds r JOIN holds h ON h.account = r.account AND h.id = r.id
	WHERE h.state = 'held' AND r.status <> 'open' OR h.state = 'counted' AND r.status NOT IN ('open', 'succeeded')`,
	`SELECT 'refund ' || account || '/' || id || ': sending is ' || sending || ' after ' || sends || ' sendings'
	FROM refunds WHERE sending <> 'none' AND sends = 0`,

	// An open refund with a hold has its order's turn; turns belong to open refunds of that order.
	`SELECT 'refund ' || r.account || '/' || r.id || ': has a hold without the turn of order ' || r.order_key
	FROM refunds r JOIN holds h ON h.account = r.account AND h.id = r.id AND h.state IN ('held', 'counted')
	WHERE r.status = 'open' AND NOT EXISTS (SELECT 1 FROM order_turns t WHERE t.account = r.account AND t.id = r.id)`,
	`SELECT 'order ' || t.order_key || ' of merchant ' || t.merchant || ': its turn is with refund ' || t.account || '/' || t.id ||
		', which is ' || r.status || ' and of order ' || r.order_key
	FROM order_turns t JOIN refunds r ON r.account = t.account AND r.id = t.id
	WHERE r.status <> 'open' OR r.merchant <> t.merchant OR r.order_key <> t.order_key`,

	// Who waits is open, and does not have what it waits for.
	`SELECT 'refund ' || r.account || '/' || r.id || ': is ' || r.status || ', but waits for ' || w.kind
	FROM waiters w JOIN refunds r ON r.account = w.account AND r.id = w.id WHERE r.status <> 'open'`,
	`SELECT 'refund ' || w.account || '/' || w.id || ': waits for ' || w.kind || ', but has a hold for ' || h.day
	FROM waiters w JOIN holds h ON h.account = w.account AND h.id = w.id AND h.state IN ('held', 'counted') AND h.day = w.day`,
	`SELECT 'refund ' || w.account || '/' || w.id || ': waits for the turn of order ' || w.order_key || ', but has it'
	FROM waiters w JOIN order_turns t ON t.account = w.account AND t.id = w.id WHERE w.kind = 'order_turn'`,
	`SELECT 'refund ' || r.account || '/' || r.id || ': waits with ' || w.amount || ' fen of order ' || w.order_key ||
		', but is of ' || r.amount || ' and order ' || r.order_key
	FROM waiters w JOIN refunds r ON r.account = w.account AND r.id = w.id
	WHERE w.amount <> r.amount OR w.merchant <> r.merchant OR w.order_key <> r.order_key`,

	// An alert is about an end.
	`SELECT 'refund ' || account || '/' || id || ': is open, and has an alert' FROM refunds WHERE alert <> '' AND status = 'open'`,

	// What was not made here is not of the register. (That such refunds exceed what
	// was paid is for Open to mind: the platform makes them, whatever the books say.)
	`SELECT 'foreign refund ' || f.platform_refund_id || ' of merchant ' || f.merchant || ': is refund ' || r.account || '/' || r.id
	FROM foreign_refunds f JOIN refunds r ON r.merchant = f.merchant AND r.platform_refund_id = f.platform_refund_id AND r.platform_refund_id <> ''`,

	// An approval is for the refund that has the number, and for its amount.
	`SELECT 'audit ' || a.platform_refund_id || ' of merchant ' || a.merchant || ': is approved with ' || a.verdict_amount ||
		' fen, but refund ' || a.refund_account || '/' || a.refund_id || ' does not ask for that'
	FROM audits a WHERE a.decision = 'approve' AND a.refund_id <> '' AND NOT EXISTS (
		SELECT 1 FROM refunds r WHERE r.account = a.refund_account AND r.id = a.refund_id AND r.merchant = a.merchant
			AND r.platform_refund_id = a.platform_refund_id AND r.amount = a.verdict_amount)`,
	`SELECT 'audit ' || platform_refund_id || ' of merchant ' || merchant || ': is decided without a refund or a person'
	FROM audits WHERE decision <> 'undecided' AND refund_id = '' AND decided_by = ''`,

	// The platform's word that the money is back counts, unless it said something else too.
	`SELECT 'refund ' || account || '/' || id || ': is ' || status || ', but the platform has reported ' || evidence_state
	FROM refunds WHERE evidence_contradicted = 0 AND
		(evidence_state = 'failed' AND status = 'succeeded' AND ended_by = '' OR
		evidence_state = 'succeeded' AND status IN ('failed', 'rejected', 'cancelled') AND refunded = 0)`,

	// Nothing happens without its line.
	`SELECT 'refund ' || r.account || '/' || r.id || ': the journal does not say that it was opened'
	FROM refunds r WHERE NOT EXISTS (SELECT 1 FROM journal j WHERE j.account = r.account AND j.id = r.id AND j.once = 'open')`,
	`SELECT 'refund ' || r.account || '/' || r.id || ': the journal does not show sending ' || r.attempts
	FROM refunds r WHERE r.attempts > 0 AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.account = r.account AND j.id = r.id
		AND j.once IN ('begin send ' || r.attempts, 'begin resend ' || r.attempts))`,
	`SELECT 'refund ' || r.account || '/' || r.id || ': is ' || r.status || ', but the journal does not say so'
	FROM refunds r WHERE r.status <> 'open' AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.account = r.account AND j.id = r.id
		AND (j.once = 'finish ' || r.status OR j.once = 'settle' AND r.status = 'succeeded' OR j.step = 'amend ' || r.status))`,
}

// Audit recomputes every sum from its parts, all at one moment, and returns what
// disagrees in sentences. It reads everything: run it by night, not in a loop.
func (s *Store) Audit(ctx context.Context) ([]string, error) {
	var found []string
	err := s.read(ctx, func(t *tx) (err error) {
		found, err = t.disagreements()
		return err
	})
	return found, err
}

func (t *tx) disagreements() (found []string, err error) {
	for _, query := range audits {
		if err := t.each(func(scan func(...any) error) error {
			var sentence string
			err := scan(&sentence)
			found = append(found, sentence)
			return err
		}, query); err != nil {
			return nil, err
		}
	}
	return found, nil
}
