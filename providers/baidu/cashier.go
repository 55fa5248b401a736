package baidu

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// Apply sends the refund over the configured transport (§3). Acceptance is not
// yet the refund. The same instruction is always the same bytes.
func (p *Provider) Apply(ctx context.Context, in providers.Instruction) (providers.Receipt, error) {
	if err := p.Validate(in.Request); err != nil {
		return providers.Receipt{}, refuse(opApply, err)
	}
	if err := in.Check(numberFormat); err != nil {
		return providers.Receipt{}, refuse(opApply, err)
	}
	var (
		r   reply
		err error
	)
	if p.settings.Transport == TransportOpenAPI {
		r, err = p.applyByToken(ctx, in)
	} else {
		params := p.applyParams(in)
		params["appKey"] = p.settings.AppKey
		r, err = p.cashier(ctx, opApply, params)
	}
	if err != nil {
		return providers.Receipt{}, err
	}
	return receipt(r)
}

// applyParams is what the transports have in common. bizRefundBatchId goes with
// full refunds too: it is the one key of ours that the refund query returns.
func (p *Provider) applyParams(in providers.Instruction) map[string]string {
	o := in.Request.Order
	params := map[string]string{
		"orderId":          o.PlatformID,
		"userId":           o.UserID,
		"tpOrderId":        o.MerchantID,
		"refundType":       strconv.FormatInt(int64(refundTypeOf(in.Request.Initiator)), 10),
		"refundReason":     wireReason(p.settings.SendReason, in.Request),
		"bizRefundBatchId": in.Number,
	}
	if *p.settings.SendAmountOnFull || !in.Request.Full() {
		params["applyRefundMoney"] = strconv.FormatInt(int64(in.Request.Amount), 10)
	}
	return params
}

// CancelVerification takes the order's verification back (§4.2). It has no
// inverse, and money must be in the enterprise balance. Baidu documents no
// answer to a repeat: after an ambiguous one, ask [Provider.OrderState] first.
func (p *Provider) CancelVerification(ctx context.Context, o refund.Order) error {
	if err := orderProblems(o).OrNil(); err != nil {
		return refuse(opCancel, err)
	}
	_, err := p.cashier(ctx, opCancel, map[string]string{
		"orderId": o.PlatformID,
		"userId":  o.UserID,
		"appKey":  p.settings.AppKey,
		// The constant that makes this call a cancellation. No other value is
		// documented; never try one on a real order.
		"type": "3",
	})
	return err
}

// legacyMethod is the parameter that names the operation on the legacy address,
// where it is sent and therefore signed; the new one has the path instead (§2.1).
var legacyMethod = map[op]string{
	opApply:  "nuomi.cashier.applyorderrefund",
	opCancel: "nuomi.cashier.syncorderstatus",
}

// cashier makes a signed call. It is a POST although Baidu allows GET, which
// would leave signature and reason in access logs (inferred, §2.1).
func (p *Provider) cashier(ctx context.Context, o op, params map[string]string) (reply, error) {
	address := strings.TrimRight(p.settings.CashierURL, "/") + "/" + string(o)
	if p.settings.Transport == TransportCashierLegacy {
		address, params["method"] = p.settings.LegacyURL, legacyMethod[o]
	}
	form, err := sign(p.key, signatureCashier, params)
	if err != nil {
		return reply{}, refuse(o, err)
	}
	r, err := p.send(ctx, o, wire.PostForm(address, nil, form))
	if err != nil {
		return reply{}, err
	}
	err = r.failure(o)
	var f *refund.Failure
	if r.signatureRefused() && errors.As(err, &f) && !oneForm.MatchString(params["tpOrderId"]) {
		f.RequestOnly, f.Hint = true, hintForms
	}
	return r, err
}

// receipt reads an acceptance. refundPayMoney is a string on the cashier and a
// number on the openapi, and is what Baidu calls refundable rather than an echo.
func receipt(r reply) (providers.Receipt, error) {
	// Baidu writes [] where an object is empty: then this is an acceptance
	// without its number, and nobody knows what was accepted.
	data, err := r.members.Object("data")
	if err != nil {
		return providers.Receipt{}, unreadableFailure(opApply, err)
	}
	var batch wire.ID
	if err := data.Read("refundBatchId", &batch); err != nil {
		return providers.Receipt{}, unreadableFailure(opApply, err)
	}
	if batch == "" || batch == "0" {
		return providers.Receipt{}, unreadableFailure(opApply, errors.New("refundBatchId is empty"))
	}
	var amount wire.Int
	if data.Has("refundPayMoney") {
		if err := data.Read("refundPayMoney", &amount); err != nil {
			return providers.Receipt{}, unreadableFailure(opApply, err)
		}
	}
	if amount < 0 || refund.Fen(amount) > refund.MaxFen {
		return providers.Receipt{}, unreadableFailure(opApply, errors.New("refundPayMoney is no amount"))
	}
	return providers.Receipt{PlatformRefundID: string(batch), Amount: refund.Fen(amount)}, nil
}
