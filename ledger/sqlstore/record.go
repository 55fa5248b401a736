package sqlstore

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// row is a refund as it is stored. Methods load it, change it and save it
// within one transaction.
type row struct {
	ledger.Record
	orderKey string
	endedBy  string
	// cancels and attempts count what was ever begun; they number the journal's
	// lines and never go back.
	cancels, attempts int
	// resends counts repetitions since Sending was last NotBegun: while it is
	// greater than 0, an earlier sending is in doubt whatever the last one says.
	resends int
	// absentMark is the time of the last sending or counted reading.
	absentMark int64
	// sentAt is the time of the last sending, and gap the least time after one of
	// another refund of the order.
	sentAt int64
	gap    time.Duration
	// hold is the one alive, or nil.
	hold *hold
	// askFirst is 1 where the platform is asked before the first sending, and stays so until
	// it is known what became of that, see
	// [ledger.Ledger.Restored].
	askFirst int
	// place is the refund's in the line of those who wait; 0 when it does not.
	place int64
}

// load reads a refund, or returns [ledger.ErrUnknown].
func (t *tx) load(key ledger.Key) (*row, error) {
	r := &row{Record: ledger.Record{Key: key}}
	var request []byte
	var approval string
	var opened, ended, gap, heard int64
	var h hold
	var e ledger.Evidence
	found, err := t.get([]any{
		&r.Fingerprint, &request, &r.Number, &r.Amount, &r.Status, &r.Reason, &opened, &ended, &r.endedBy,
		&r.Verification, &r.cancels, &r.Sending, &r.Sends, &r.attempts, &r.resends, &r.AbsentReads, &r.absentMark,
		&r.PlatformRefundID, &r.Receipt, &r.Refunded, &r.Merchant, &r.orderKey, &r.sentAt, &gap,
		&e.State, &e.PlatformRefundID, &e.Amount, &heard, &e.Source, &e.Contradicted,
		&h.n, &h.day, &h.period, &h.state, &r.Alert, &r.place, &r.Provider, &approval, &r.askFirst,
	}, `SELECT r.fingerprint, r.request, r.number, r.amount, r.status, r.reason, r.opened_at, r.ended_at, r.ended_by,
			r.verification, r.cancels, r.sending, r.sends, r.attempts, r.resends, r.absent_reads, r.absent_mark,
			r.platform_refund_id, r.receipt, r.refunded, r.merchant, r.order_key, r.sent_at, r.order_gap,
			r.evidence_state, r.evidence_id, r.evidence_amount, r.evidence_at, r.evidence_source, r.evidence_contradicted,
			COALESCE(h.n, 0), COALESCE(h.day, ''), COALESCE(h.period, ''), COALESCE(h.state, ''),
			r.alert, COALESCE(w.seq, 0), r.provider, r.approval, r.ask_first
		FROM refunds r
		LEFT JOIN holds h ON h.account = r.account AND h.id = r.id AND h.state IN ('held', 'counted')
		LEFT JOIN waiters w ON w.account = r.account AND w.id = r.id
		WHERE r.account = ? AND r.id = ?`, key.Account, key.ID)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("%w: %s", ledger.ErrUnknown, key)
	}
	if err := json.Unmarshal(request, &r.Request); err != nil {
		return nil, fmt.Errorf("ledger: the stored request of %s cannot be read: %w", key, err)
	}
	if r.Approval, err = demanded(key, approval); err != nil {
		return nil, err
	}
	r.Attempted = r.attempts > 0
	r.AskFirst = r.askFirst > 0
	r.Opened, r.EndedAt = fromMicros(opened), fromMicros(ended)
	r.gap = time.Duration(gap) * time.Microsecond
	if e.State != "" {
		e.At = fromMicros(heard)
		r.Evidence = &e
	}
	if h.n > 0 {
		r.hold = &h
	}
	return r, nil
}

// loadOpen is load for steps that an ended refund cannot take.
func (t *tx) loadOpen(key ledger.Key, step string) (*row, error) {
	r, err := t.load(key)
	if err == nil && r.Status != ledger.Open {
		return nil, contradiction(r, ledger.Open, "it ended on %s, so it cannot %s", r.EndedAt.Format("2006-01-02 15:04 MST"), step)
	}
	return r, err
}

// save writes all that may change of a refund; holds are written where they change.
func (t *tx) save(r *row) error {
	r.Attempted, r.AskFirst = r.attempts > 0, r.askFirst > 0 // who is told of the row is told this
	var e ledger.Evidence
	contradicted := 0
	if r.Evidence != nil {
		e = *r.Evidence
	}
	if e.Contradicted {
		contradicted = 1
	}
	_, err := t.exec(`UPDATE refunds SET status = ?, reason = ?, ended_at = ?, ended_by = ?, verification = ?, cancels = ?,
			sending = ?, sends = ?, attempts = ?, resends = ?, absent_reads = ?, absent_mark = ?,
			platform_refund_id = ?, receipt = ?, refunded = ?, sent_at = ?, evidence_state = ?, evidence_id = ?,
			evidence_amount = ?, evidence_at = ?, evidence_source = ?, evidence_contradicted = ?, alert = ?, ask_first = ?
		WHERE account = ? AND id = ?`,
		r.Status, r.Reason, micros(r.EndedAt), r.endedBy, r.Verification, r.cancels,
		r.Sending, r.Sends, r.attempts, r.resends, r.AbsentReads, r.absentMark,
		r.PlatformRefundID, r.Receipt, r.Refunded, r.sentAt, e.State, e.PlatformRefundID,
		e.Amount, micros(e.At), e.Source, contradicted, r.Alert, r.askFirst, r.Key.Account, r.Key.ID)
	return err
}

func contradiction(r *row, wanted ledger.Status, detail string, args ...any) *ledger.ContradictionError {
	return &ledger.ContradictionError{Key: r.Key, Booked: r.Status, Wanted: wanted, Detail: fmt.Sprintf(detail, args...)}
}

// checkAmount bounds what a provider or a person names, so that no sum of the
// books can overflow.
func checkAmount(name string, amount refund.Fen) error {
	if amount < 0 || amount > refund.MaxFen {
		return fmt.Errorf("ledger: %s: want fen from 0 to %d, got %d", name, int64(refund.MaxFen), int64(amount))
	}
	return nil
}
