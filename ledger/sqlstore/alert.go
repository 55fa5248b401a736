package sqlstore

import (
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// wordAccepted stands beside the results that a platform's word can be.
const wordAccepted = "accepted"

// hears remembers what the platform said of the refund, and tells whether it is new.
// What was said before raises no second alert: a person who ended or amended the
// refund knew it. The same word reaches the books in several ways, so that it is
// compared by its meaning: a success that names no amount gave what was asked for,
// a failure gave nothing, and no number is the refund's own. Call it after learn.
func (t *tx) hears(r *row, at time.Time, state, number string, amount refund.Fen) (bool, error) {
	if amount = given(r, amount); state == string(providers.ResultFailed) {
		amount = 0
	}
	if number == r.PlatformRefundID {
		number = ""
	}
	n, err := t.exec(`INSERT INTO platform_words (account, id, state, amount, number, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (account, id, state, amount, number) DO NOTHING`, r.Key.Account, r.Key.ID, state, amount, number, micros(at))
	return n == 1, err
}

// hasHeard tells whether the platform ever said so of the refund.
func (t *tx) hasHeard(r *row, state providers.ResultState) (bool, error) {
	var one int
	return t.get([]any{&one}, `SELECT 1 FROM platform_words WHERE account = ? AND id = ? AND state = ? LIMIT 1`,
		r.Key.Account, r.Key.ID, state)
}

// proves counts what the platform gave back, against the books' word, in the order's
// remainder. A word from before a person amended the refund to failed was weighed then.
func (t *tx) proves(r *row, amount refund.Fen, news bool) error {
	if r.Refunded != 0 {
		return nil
	}
	if !news {
		weighed, err := t.amended(r, ledger.Failed)
		if err != nil || weighed {
			return err
		}
	}
	r.Refunded = given(r, amount)
	return nil
}

// raise marks an ended refund for a person. The first alert stands: what comes after
// it is in the journal, where the caller writes each of them.
func (t *tx) raise(r *row, wrong string) error {
	if r.Alert != "" {
		return nil
	}
	r.Alert = wrong
	_, err := t.exec(`UPDATE refunds SET alert = ? WHERE account = ? AND id = ?`, wrong, r.Key.Account, r.Key.ID)
	return err
}
