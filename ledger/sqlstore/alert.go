package sqlstore

import (
	"time"

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
//
// A success that is told again is the platform's last word again, a failure is not:
// messages are repeated late, and too much in the order's remainder costs a question,
// too little costs money.
func (t *tx) hears(r *row, at time.Time, state, number string, amount refund.Fen) (bool, error) {
	if amount = given(r, amount); state == string(providers.ResultFailed) {
		amount = 0
	}
	if number == r.PlatformRefundID {
		number = ""
	}
	n, err := t.exec(`INSERT INTO platform_words (account, id, state, amount, number, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (account, id, state, amount, number) DO NOTHING`, r.Key.Account, r.Key.ID, state, amount, number, micros(at))
	if err != nil || n == 1 || state != string(providers.ResultSucceeded) {
		return n == 1, err
	}
	_, err = t.exec(`UPDATE platform_words SET at = ? WHERE account = ? AND id = ? AND state = ? AND amount = ? AND number = ? AND at < ?`,
		micros(at), r.Key.Account, r.Key.ID, state, amount, number, micros(at))
	return false, err
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
