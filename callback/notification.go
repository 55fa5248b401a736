package callback

import (
	"context"
	"errors"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

func (h *handler) notifications(p providers.Provider) receiver {
	n, ok := p.(providers.Notified)
	if !ok {
		return receiver{}
	}
	return receiver{limit: bookTime, answer: func(ctx context.Context, m message) providers.Reply {
		return n.NotificationReply(h.notified(ctx, n, m))
	}}
}

// notified reports whether the message was taken: false makes the platform send it
// again.
func (h *handler) notified(ctx context.Context, p providers.Notified, m message) bool {
	n, err := p.Notification(m.Callback)
	if err != nil {
		m.refused(err)
		return false
	}
	if !n.Proven {
		return h.hinted(ctx, m, n)
	}
	m.log = m.log.WithFields(logrus.Fields{"platform_refund": n.PlatformRefundID, "state": n.State})
	record, how, err := h.find(ctx, m.rules, n)
	if err != nil {
		m.log.WithError(err).Error("a notification could not be looked up; the platform will send it again")
		return false
	}
	switch how {
	case matchNone:
		return h.foreign(ctx, m, n)
	case matchOrder:
		// The order's refund may have been accepted under this number, but that is not
		// written yet: were it taken now, its word would be lost. Until the platform
		// sends it again, the workflow asks. Without a number it stays a hint for ever.
		m.log.WithField("refund", record.Key.String()).Info("a notification names no refund of ours, but the order of one that is on its way")
		h.signal(ctx, m, record, false)
		return n.PlatformRefundID == ""
	case matchRefund:
	}
	m.log = m.log.WithField("refund", record.Key.String())
	why := mistaken(record, n)
	if why == "" && record.Status == ledger.Open {
		// A refund that is open asks for itself. Of one that has ended nobody would: there
		// the books compare the figures, count money that left, and raise the alert.
		why = differing(record, n)
	}
	if why != "" {
		return h.disagreed(ctx, m, record, why)
	}
	return h.testified(ctx, m, record, n)
}

// hinted wakes the refund that an unproven message names by its number. Nothing is
// written, whatever it says, and the platform is not asked to repeat it: a hint that
// finds nothing would find nothing again.
func (h *handler) hinted(ctx context.Context, m message, n providers.Notification) bool {
	if n.Number == "" {
		m.log.Info("an unproven notification names no refund")
		return true
	}
	record, found, err := known(h.Books.FindByNumber(ctx, m.rules.Merchant, n.Number))
	switch {
	case err != nil:
		m.log.WithError(err).Error("a notification could not be looked up; the platform will send it again")
		return false
	case !found:
		m.log.Info("an unproven notification names a refund that is not ours")
	default:
		h.signal(ctx, m, record, false)
	}
	return true
}

// disagreed is for a message that is the platform's, but not about the refund as we
// know it.
func (h *handler) disagreed(ctx context.Context, m message, record ledger.Record, why string) bool {
	m.log.WithFields(logrus.Fields{"alert": true, "reason": why}).Error("a notification disagrees with the books: nothing is believed, a person must look")
	if err := h.Books.Note(ctx, record.Key, h.Now(), "notification disagrees", why); err != nil {
		m.log.WithError(err).Error("the journal could not be written; the platform will send the notification again")
		return false
	}
	h.signal(ctx, m, record, false)
	return true
}

// testified writes a final word down and wakes the refund, which decides.
func (h *handler) testified(ctx context.Context, m message, record ledger.Record, n providers.Notification) bool {
	news := false
	if n.State == providers.ResultSucceeded || n.State == providers.ResultFailed {
		err := h.Books.Testify(ctx, record.Key, ledger.Evidence{
			State: n.State, PlatformRefundID: n.PlatformRefundID, Amount: n.Amount, At: h.Now(), Source: "notification",
		})
		var contradiction *ledger.ContradictionError
		switch {
		case errors.As(err, &contradiction):
			m.log.WithError(err).WithField("alert", true).Error("a notification contradicts what the platform said before: a person must look")
			news = record.Evidence == nil || !record.Evidence.Contradicted
			h.reopen(ctx, m, record)
		case err != nil:
			m.log.WithError(err).Error("a notification could not be written down; the platform will send it again")
			return false
		default:
			m.log.Info("a notification was written down")
			news = record.Evidence == nil
		}
	}
	h.signal(ctx, m, record, news)
	return true
}

// reopen begins the workflow of an ended refund anew when the word has raised its
// alert; one that raises none, or no second one, is no news to anybody.
func (h *handler) reopen(ctx context.Context, m message, before ledger.Record) {
	if before.Status == ledger.Open || before.Alert != "" || h.Reopen == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), signalTime)
	defer cancel()
	now, err := h.Books.FindByNumber(ctx, m.rules.Merchant, before.Number)
	if err == nil && now.Alert != "" {
		err = h.Reopen(ctx, now.Request)
	}
	if err != nil {
		m.log.WithError(err).WithField("refund", before.Key.String()).Warn("the refund's workflow was not begun anew; the reconciler does it later")
	}
}

// foreign writes down a refund that was not asked for here, so that the order's
// remainder holds.
func (h *handler) foreign(ctx context.Context, m message, n providers.Notification) bool {
	order := m.rules.OrderKey.Of(n.Order)
	if n.PlatformRefundID == "" || order == "" {
		// It cannot be told from others, and sending it again would not change that.
		m.log.WithField("alert", true).Error("a refund that was not made here names no order or has no number: a person must look for it in the platform's console")
		return true
	}
	at := h.Now()
	changed, err := h.Books.NoteForeign(ctx, ledger.ForeignRefund{
		Merchant: m.rules.Merchant, Account: m.account, PlatformRefundID: n.PlatformRefundID, OrderKey: order,
		Number: n.Number, Amount: n.Amount, State: n.State, First: at, Last: at,
	})
	var ends *ledger.ForeignEndsError
	if errors.As(err, &ends) {
		m.log.WithError(err).WithFields(logrus.Fields{"alert": true, "order": order}).Error("a refund that was not made here is reported with two ends: a person must look")
		return true // it is written
	}
	if err != nil {
		m.log.WithError(err).Error("a foreign refund could not be written down; the platform will send the notification again")
		return false
	}
	if changed {
		m.log.WithFields(logrus.Fields{"order": order, "elsewhere": n.Elsewhere}).Warn("a refund was not made here: as far as its amount is told, it counts in its order's remainder")
	}
	return true
}

// signalTime bounds the waking of a workflow, which is worth less than the reply.
const signalTime = 300 * time.Millisecond

// signal wakes a refund that has not ended. What is news goes through at once, the
// rest at the pace of hints. It does not end with the request: the evidence is in the
// books by now, even if the platform has hung up.
func (h *handler) signal(ctx context.Context, m message, record ledger.Record, news bool) {
	if record.Status != ledger.Open {
		return
	}
	id := refund.WorkflowID(record.Key.Account, record.Key.ID)
	if !h.pace.allow(id, h.Now()) && !news {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), signalTime)
	defer cancel()
	if err := h.Signal(ctx, id); err != nil {
		m.log.WithError(err).WithField("refund", record.Key.String()).Warn("the refund's workflow was not woken; it goes on asking by itself")
	}
}
