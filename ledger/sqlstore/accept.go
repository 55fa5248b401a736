package sqlstore

import (
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// accept books the provider's acceptance, filling in what an earlier one left
// out. It proves that the account is not misconfigured (any more).
func (t *tx) accept(r *row, at time.Time, receipt providers.Receipt, text string) error {
	if err := checkAmount("Receipt.Amount", receipt.Amount); err != nil {
		return err
	}
	claim := fmt.Sprintf("accepted as %q with %s", refund.CleanText(receipt.PlatformRefundID), receipt.Amount)
	if r.Status != ledger.Open && r.Status != ledger.Succeeded {
		return t.refuseAccepted(r, at, receipt, claim, contradiction(r, ledger.Open, "the platform %s", claim))
	}
	before := fmt.Sprintf("accepted as %q with %s", refund.CleanText(r.PlatformRefundID), r.Receipt)
	agrees := fillIn(&r.Receipt, receipt.Amount)
	if agrees {
		var err error
		if agrees, err = t.learn(r, at, receipt.PlatformRefundID); err != nil {
			return err
		}
	}
	if !agrees {
		return t.refuseAccepted(r, at, receipt, claim, contradiction(r, r.Status, "it was %s before, now the platform %s", before, claim))
	}
	if r.Sending != ledger.Done {
		r.Sending, r.Sends = ledger.Done, max(r.Sends, 1)
		if err := t.drawn(r, at); err != nil {
			return err
		}
		if err := t.leave(r); err != nil { // where it waited to be sent again
			return err
		}
		if _, err := t.journal(r.Key, at, fmt.Sprintf("accepted %d", r.attempts), text); err != nil {
			return err
		}
		if err := t.unflag(r.Key.Account, at, "the acceptance of refund "+r.Key.ID); err != nil {
			return err
		}
	}
	return t.save(r)
}

// refuseAccepted refuses an acceptance. Of a refund that has ended it is one more
// that moves money, perhaps.
func (t *tx) refuseAccepted(r *row, at time.Time, receipt providers.Receipt, claim string, verdict *ledger.ContradictionError) error {
	if r.Status != ledger.Open {
		news, err := t.hears(r, at, wordAccepted, receipt.PlatformRefundID, receipt.Amount)
		if err != nil {
			return err
		}
		if news {
			if err := t.raise(r, verdict.Detail); err != nil {
				return err
			}
		}
	}
	return t.refuse(at, claim, verdict)
}

// fillIn keeps what is known: it reports false when the news contradicts it.
func fillIn[T comparable](known *T, news T) bool {
	var nothing T
	if *known == nothing {
		*known = news
	}
	return news == nothing || *known == news
}

func accepted(r *row) *providers.Receipt {
	return &providers.Receipt{PlatformRefundID: r.PlatformRefundID, Amount: r.Receipt}
}
