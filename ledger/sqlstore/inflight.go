package sqlstore

import (
	"context"

	"github.com/refundflow/refundflow/ledger"
)

// The doubt about a refund is as old as its first sending since nothing was in doubt.
// The refund itself keeps the time of its last one, which each repetition moves; the
// journal's line of the first has the attempt's number, see tx.sending.
const inFlight = `SELECT f.account, f.provider, f.stage, f.kind, COUNT(*), CAST(SUM(f.amount) AS BIGINT), MIN(f.since) FROM (
		SELECT r.account, r.provider, r.amount, COALESCE(w.kind, '') AS kind,
			CASE WHEN r.status <> 'open' THEN 'alert' WHEN r.sending = 'begun' THEN 'in_doubt'
				WHEN r.sending = 'done' THEN 'accepted' ELSE 'unsent' END AS stage,
			CASE WHEN r.status = 'open' AND r.sending = 'begun' THEN COALESCE((SELECT j.at FROM journal j
				WHERE j.account = r.account AND j.id = r.id AND j.once = 'begin send ' || CAST(r.attempts - r.resends AS TEXT)), r.sent_at)
				ELSE r.opened_at END AS since
		FROM refunds r LEFT JOIN waiters w ON w.account = r.account AND w.id = r.id
		WHERE r.status = 'open' OR r.alert <> ''
	) f GROUP BY f.account, f.provider, f.stage, f.kind ORDER BY f.account, f.provider, f.stage, f.kind`

// InFlight sums up what is open or has an alert.
func (s *Store) InFlight(ctx context.Context) ([]ledger.InFlight, error) {
	var list []ledger.InFlight
	err := s.read(ctx, func(t *tx) error {
		list = nil
		return t.each(func(scan func(...any) error) error {
			var f ledger.InFlight
			var since int64
			err := scan(&f.Account, &f.Provider, &f.Stage, &f.For, &f.Refunds, &f.Amount, &since)
			f.Since = fromMicros(since)
			list = append(list, f)
			return err
		}, inFlight)
	})
	return list, err
}
