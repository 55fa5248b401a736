package baidu

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/failure"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

const paymentPath = "/rest/2.0/smartapp/pay/paymentservice/"

// applyByToken applies over the openapi (§3.2). The token goes into the query
// also on POST, everything else into the body, as Baidu's own clients do it.
func (p *Provider) applyByToken(ctx context.Context, in providers.Instruction) (reply, error) {
	form := url.Values{}
	for name, value := range p.applyParams(in) {
		form.Set(name, value)
	}
	form.Set("pmAppKey", p.settings.AppKey)
	form.Set("isSkipAudit", "0")
	if p.settings.SkipAudit {
		form.Set("isSkipAudit", "1")
	}
	return p.withToken(ctx, opApply, func(token string) wire.Call {
		return wire.PostForm(p.paymentURL(opApply), url.Values{"access_token": {token}}, form)
	})
}

// queryByNumber looks for the refund in the list of the order's refunds (§5).
func (p *Provider) queryByNumber(ctx context.Context, in providers.Instruction) (providers.Result, error) {
	o := in.Request.Order
	r, err := p.withToken(ctx, opRefunds, func(token string) wire.Call {
		return wire.Get(p.paymentURL(opRefunds), url.Values{
			"access_token": {token}, "tpOrderId": {o.MerchantID}, "userId": {o.UserID}, "pmAppKey": {p.settings.AppKey},
		})
	})
	if err != nil {
		return providers.Result{}, err
	}
	var list []json.RawMessage
	if err := r.members.Read("data", &list); err != nil {
		return providers.Result{}, unreadableFailure(opRefunds, err)
	}
	var found []batch
	for _, raw := range list {
		b, err := parseBatch(raw)
		if err != nil { // it may be the one that is looked for
			return providers.Result{}, unreadableFailure(opRefunds, err)
		}
		if string(b.number) == in.Number {
			found = append(found, b)
		}
	}
	switch {
	case len(found) == 0:
		return providers.Result{State: providers.ResultAbsent}, nil
	case len(found) > 1:
		return providers.Result{}, fail(opRefunds, refund.Failure{Class: refund.ClassNeedsHuman, Code: "number twice",
			Hint: "Baidu shows several refunds under this refund number: compare the order's refunds in its console"})
	case string(found[0].order) != o.PlatformID:
		return providers.Result{}, fail(opRefunds, refund.Failure{Class: refund.ClassNeedsHuman, Code: "other order",
			Hint: "Baidu shows this refund number under another order: look for another installation with the same app_key and prefix"})
	}
	return providers.Result{State: found[0].status.result(), PlatformRefundID: string(found[0].refund)}, nil
}

// batch is one refund in the answer of findOrderRefund, which names no amount.
type batch struct {
	number, order, refund wire.ID
	status                batchStatus
}

func parseBatch(raw json.RawMessage) (batch, error) {
	fields, err := wire.ParseObject(raw)
	if err != nil {
		return batch{}, err
	}
	var (
		b      batch
		status wire.Int
	)
	// Refunds that Baidu started by itself carry no number of ours (inferred).
	if fields.Has("bizRefundBatchId") {
		if err := fields.Read("bizRefundBatchId", &b.number); err != nil {
			return batch{}, err
		}
	}
	err = errors.Join(fields.Read("orderId", &b.order), fields.Read("refundBatchId", &b.refund), fields.Read("refundStatus", &status))
	b.status = batchStatus(status)
	return b, err
}

// withToken makes a call with a token. When the gateway refuses the token, which
// it does before any service sees the request, one fresh token is tried; a second
// refusal is not the token's age but the account's credentials.
func (p *Provider) withToken(ctx context.Context, o op, call func(token string) wire.Call) (reply, error) {
	for attempt := 0; ; attempt++ {
		token, err := p.accessToken(ctx)
		if err != nil {
			return reply{}, err
		}
		r, err := p.send(ctx, o, call(token))
		switch {
		case err != nil:
			return reply{}, err
		case !r.tokenRefused():
			return r, r.failure(o)
		case attempt > 0:
			return reply{}, fail(o, refund.Failure{Class: refund.ClassMisconfigured, Code: r.code(), Message: failure.Clean(r.message), Hint: hintToken})
		}
		p.tokens.Drop(token)
	}
}

func (p *Provider) paymentURL(o op) string {
	return strings.TrimRight(p.settings.OpenAPIURL, "/") + paymentPath + string(o)
}
