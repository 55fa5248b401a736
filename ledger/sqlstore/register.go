package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// Open writes the refund down, or finds what is written. A refusal is an
// answer, not an error, and leaves no trace.
func (s *Store) Open(ctx context.Context, o ledger.Opening) (ledger.Opened, error) {
	if err := checkOpening(o); err != nil {
		return ledger.Opened{}, fmt.Errorf("ledger: opening %s: %w", ledger.KeyOf(o.Request), err)
	}
	if err := o.Request.Validate(); err != nil {
		return ledger.Opened{Refused: "the request is not complete: " + err.Error()}, nil
	}
	orderKey := o.Rules.OrderKey.Of(o.Request.Order)
	if orderKey == "" {
		return ledger.Opened{Refused: fmt.Sprintf("order.%s is missing: %s knows an order by it", o.Rules.OrderKey, o.Rules.Provider)}, nil
	}
	request, err := json.Marshal(o.Request)
	if err != nil {
		return ledger.Opened{}, fmt.Errorf("ledger: opening %s: %w", ledger.KeyOf(o.Request), err)
	}
	var opened ledger.Opened
	err = s.write(ctx, func(t *tx) error {
		opened = ledger.Opened{}
		r, err := t.load(ledger.KeyOf(o.Request))
		switch {
		case errors.Is(err, ledger.ErrUnknown):
		case err != nil:
			return err
		case r.Fingerprint != o.Fingerprint:
			opened.Conflict = true
			opened.Refused = fmt.Sprintf("id %q was first used on %s for other content (%s of an order of %s): "+
				"give this refund an id of its own", r.Key.ID, r.Opened.Format("2006-01-02 15:04:05 MST"), r.Amount, r.Request.Order.Total)
			return nil
		default:
			opened.Record = &r.Record
			if o.Sent && r.Status == ledger.Open && r.Sending == ledger.NotBegun && r.askFirst == 0 {
				r.askFirst = 1
				if err := t.save(r); err != nil {
					return err
				}
			}
			if opened.ApprovedBy, err = t.approvers(r.Key); err != nil {
				return err
			}
			opened.Outlook, err = t.outlook(r, o.At, o.Limits)
			return err
		}
		if opened.Refused = staticRefusal(o); opened.Refused != "" {
			return nil
		}
		askFirst, err := t.mayBeForgotten(o)
		if err != nil {
			return err
		}
		if opened.Refused, err = t.refusal(o, orderKey, askFirst); err != nil || opened.Refused != "" {
			return err
		}
		if r, err = t.register(o, orderKey, request, askFirst); err != nil {
			return err
		}
		opened.Record = &r.Record
		opened.Outlook, err = t.outlook(r, o.At, o.Limits)
		return err
	})
	return opened, err
}

// checkOpening finds what only a program's mistake can cause.
func checkOpening(o ledger.Opening) error {
	switch {
	case o.Fingerprint == "":
		return errors.New("no Fingerprint: give Request.Fingerprint()")
	case o.At.IsZero():
		return errors.New("no At: give the workflow's time")
	case o.Rules.Provider == "" || o.Rules.Merchant == "":
		return errors.New("no Rules.Provider or no Rules.Merchant: give the provider's Rules()")
	case o.Rules.OrderKey != providers.OrderKeyPlatform && o.Rules.OrderKey != providers.OrderKeyMerchant:
		return fmt.Errorf("the Rules.OrderKey is %q: give %q or %q", o.Rules.OrderKey, providers.OrderKeyPlatform, providers.OrderKeyMerchant)
	case !o.Rules.Number.Accepts(o.Number):
		return fmt.Errorf("the Number has %d characters and does not fit Rules.Number (at most %d of its alphabet): "+
			"give refund.ProviderNumber", len(o.Number), o.Rules.Number.Max)
	}
	return nil
}

// staticRefusal applies the rules that need nothing but the request.
func staticRefusal(o ledger.Opening) string {
	order := o.Request.Order
	if o.Sent {
		return "" // they were looked at before it was sent
	}
	if !o.Rules.Partial && !o.Request.Full() {
		return fmt.Sprintf("%s gives back whole orders only: %s of %s is a part", o.Rules.Provider, o.Request.Amount, order.Total)
	}
	if age := o.At.Sub(order.PaidAt); o.Rules.Window > 0 && !order.PaidAt.IsZero() && age > o.Rules.Window {
		return fmt.Sprintf("%s gives back within %s of the payment: the order was paid at %s, %s ago",
			o.Rules.Provider, days(o.Rules.Window), order.PaidAt.Format(time.RFC3339), days(age))
	}
	return ""
}

func days(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.Round(time.Second).String()
}

// refusal compares the opening with what is written of its order and number. What may
// have been sent already is not refused for want of a remainder: it may be what is
// missing there.
func (t *tx) refusal(o ledger.Opening, orderKey string, askFirst int) (string, error) {
	var account, id string
	taken, err := t.get([]any{&account, &id}, `SELECT account, id FROM refunds WHERE merchant = ? AND number = ?`,
		o.Rules.Merchant, o.Number)
	if err != nil {
		return "", err
	}
	if taken {
		return fmt.Sprintf("refund number %q of merchant %s belongs to refund %s/%s: accounts that share a merchant number "+
			"need different settings of number_prefix", o.Number, o.Rules.Merchant, account, id), nil
	}
	if o.Sent {
		return "", nil
	}
	// What was given back against the books' word is gone all the same. Totals are compared with standing
	// refunds only: one that failed may have failed for its wrong total.
	var standing int
	var sum, low, high refund.Fen
	_, err = t.get([]any{&standing, &sum, &low, &high}, `SELECT
			COALESCE(SUM(CASE WHEN status IN ('open', 'succeeded') THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(counted), 0),
			COALESCE(MIN(CASE WHEN status IN ('open', 'succeeded') THEN order_total END), 0),
			COALESCE(MAX(CASE WHEN status IN ('open', 'succeeded') THEN order_total END), 0)
		FROM order_shares WHERE merchant = ? AND order_key = ?`, o.Rules.Merchant, orderKey)
	if err != nil {
		return "", err
	}
	elsewhere, unasked, err := t.foreignBut(o.Rules.Merchant, orderKey, o.Number, askFirst)
	if err != nil {
		return "", err
	}
	sum, standing = sum+unasked, standing+elsewhere
	var some, part string // the platform's own share, in words
	if elsewhere > 0 {
		some, part = fmt.Sprintf(" (%d of them not made here)", elsewhere), fmt.Sprintf(" (%s of it not made here)", unasked)
	}
	total, amount := o.Request.Order.Total, o.Request.Amount
	switch {
	case standing > elsewhere && (low != total || high != total):
		return fmt.Sprintf("order %s was refunded before with a total of %s, this request says %s: correct order.total",
			orderKey, high, total), nil
	case o.Rules.MaxRefundsPerOrder > 0 && standing >= o.Rules.MaxRefundsPerOrder:
		return fmt.Sprintf("order %s has %d refunds%s, and %s permits %d", orderKey, standing, some, o.Rules.Provider, o.Rules.MaxRefundsPerOrder), nil
	case sum+amount > total:
		return fmt.Sprintf("order %s of %s has %s left: %s is given back or on its way%s, %s is asked for",
			orderKey, total, max(total-sum, 0), sum, part, amount), nil
	}
	return "", nil
}

func (t *tx) register(o ledger.Opening, orderKey string, request []byte, askFirst int) (*row, error) {
	key := ledger.KeyOf(o.Request)
	if err := t.ensureAccount(key.Account); err != nil {
		return nil, err
	}
	approval, err := json.Marshal(o.Approval)
	if err != nil {
		return nil, fmt.Errorf("ledger: opening %s: %w", key, err)
	}
	if _, err := t.exec(`INSERT INTO refunds (account, id, fingerprint, request, provider, merchant, order_key,
			order_total, amount, number, opened_at, order_gap, status, verification, sending, approval, ask_first)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		key.Account, key.ID, o.Fingerprint, string(request), o.Rules.Provider, o.Rules.Merchant, orderKey,
		o.Request.Order.Total, o.Request.Amount, o.Number, micros(o.At), o.Rules.OrderGap.Microseconds(),
		ledger.Open, ledger.NotBegun, ledger.NotBegun, string(approval), askFirst); err != nil {
		return nil, err
	}
	if _, err := t.journal(key, o.At, "open", fmt.Sprintf("%s of order %s (%s), number %s",
		o.Request.Amount, orderKey, o.Request.Order.Total, o.Number)); err != nil {
		return nil, err
	}
	if o.Sent {
		if _, err := t.journal(key, o.At, stepForgotten, "its workflow has sent it, or may have; the books were restored and do not know"); err != nil {
			return nil, err
		}
	}
	r, err := t.load(key)
	if err != nil {
		return nil, err
	}
	return r, t.adopt(r, o.At)
}
