package wechat

import (
	"context"
	"errors"
	"slices"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// maxPages bounds the pages of one question: an order has at most 50 refunds,
// ten to a page (§13).
const maxPages = 6

// Query asks what became of the refund, by its number (§5). The cloud dialects
// know the refund but are seen to keep its status to themselves; then
// [providers.ResultProcessing] says no more than "accepted and known".
func (p *Provider) Query(ctx context.Context, in providers.Instruction) (providers.Result, error) {
	if err := p.problems(in); err != nil {
		return providers.Result{}, refuse(opQuery, err)
	}
	for page, offset := 0, 0; page < maxPages; page++ {
		var ps params
		ps.text("out_refund_no", in.Number)
		if offset > 0 { // an offset beyond the count is a PARAM_ERROR
			ps.count("offset", offset)
		}
		f, err := p.call(ctx, opQuery, ps)
		switch {
		case errors.Is(err, errAbsent):
			return providers.Result{State: providers.ResultAbsent}, nil
		case errors.Is(err, errSilent):
			return providers.Result{State: providers.ResultUnknown}, nil
		case err != nil:
			return providers.Result{}, err
		}
		records, err := readRecords(f)
		if err != nil {
			return providers.Result{}, unreadableFailure(opQuery, err)
		}
		if err := sameOrder(opQuery, f, in.Request.Order); err != nil {
			return providers.Result{}, err
		}
		mine := slices.DeleteFunc(slices.Clone(records), func(r refunded) bool { return r.number != in.Number })
		switch {
		case len(mine) > 1:
			return providers.Result{}, mismatch(opQuery, "two refunds under one number")
		case given(records) > in.Request.Order.Total:
			return providers.Result{}, mismatch(opQuery, "the order's refunds exceed its total")
		case len(mine) == 1:
			return p.result(mine[0], in)
		}
		if p.settings.Transport != TransportV2 {
			return presence(f, records)
		}
		// A list that goes on: the record may stand on a later page.
		total, err := f.count("total_refund_count")
		if offset += len(records); err != nil || len(records) == 0 || int64(offset) >= total {
			break
		}
	}
	// Neither found nor said to be missing: that is no answer to the question.
	return providers.Result{}, unreadableFailure(opQuery, errors.New("no record has our out_refund_no"))
}

// readRecords reads every refund in an answer; which indices are there decides.
func readRecords(f fields) ([]refunded, error) {
	var records []refunded
	for _, n := range f.indices("out_refund_no") {
		r, err := readRefund(f, index("", n))
		if err != nil { // it may be the one that is looked for
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

// given is what refunds that are paid or may still be add up to (§14).
func given(records []refunded) (sum refund.Fen) {
	for _, r := range records {
		if r.fee != nil && r.status.result() != providers.ResultFailed {
			sum += *r.fee
		}
	}
	return sum
}

// result says what the record of the refund means (§10).
func (p *Provider) result(r refunded, in providers.Instruction) (providers.Result, error) {
	if err := r.agrees(opQuery, in); err != nil {
		return providers.Result{}, err
	}
	result := providers.Result{State: r.status.result(), PlatformRefundID: r.id}
	switch {
	case r.status == refundChange:
		return providers.Result{}, fail(opQuery, refund.Failure{Class: refund.ClassNeedsHuman, Code: string(refundChange),
			Hint: "the buyer's card is void or frozen: finish the refund in the merchant console (交易中心, 退款管理); its number stays valid"})
	case r.fee != nil:
		result.Amount = *r.fee
	case p.settings.Transport == TransportV2:
		return providers.Result{}, unreadableFailure(opQuery, errors.New("refund_fee is missing"))
	case result.State == providers.ResultSucceeded:
		// Nobody has seen the cloud dialects fill these lists (§5): a success
		// without its amount is not proven.
		result.State = providers.ResultProcessing
	}
	return result, nil
}

// presence is what a cloud answer without our record says (§5): lists are seen
// empty although the count for our number is not 0. Records that are all somebody
// else's make the count theirs.
func presence(f fields, records []refunded) (providers.Result, error) {
	if f.has("refund_count") && len(records) == 0 {
		n, err := f.count("refund_count")
		if err != nil {
			return providers.Result{}, unreadableFailure(opQuery, err)
		}
		if n > 0 {
			return providers.Result{State: providers.ResultProcessing}, nil
		}
	}
	return providers.Result{State: providers.ResultUnknown}, nil
}
