package wechat

import (
	"errors"
	"fmt"
	"slices"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// receipt reads an acceptance (§4.2) and makes the hard identity checks (§14).
func (p *Provider) receipt(f fields, in providers.Instruction) (providers.Receipt, error) {
	r, err := readRefund(f, "")
	if err == nil && r.id == "" {
		err = errors.New("refund_id is missing")
	}
	if err == nil && r.number == "" {
		err = errors.New("out_refund_no is missing")
	}
	if err == nil && p.settings.Transport == TransportV2 && (!f.has("total_fee") || !f.has("out_trade_no")) {
		// The cloud function's answer is seen without them; v2's is documented with (§4.2).
		err = errors.New("total_fee or out_trade_no is missing")
	}
	if err == nil && r.fee == nil {
		err = errors.New("refund_fee is missing")
	}
	if err != nil {
		return providers.Receipt{}, unreadableFailure(opApply, err)
	}
	if err := errors.Join(sameOrder(opApply, f, in.Request.Order), r.agrees(opApply, in)); err != nil {
		return providers.Receipt{}, err
	}
	return providers.Receipt{PlatformRefundID: r.id, Amount: *r.fee, Parts: r.parts()}, nil
}

// parts is how the refund divides, nil when nothing of it is a coupon.
func (r refunded) parts() *providers.Parts {
	if r.coupon == 0 && len(r.coupons) == 0 {
		return nil
	}
	parts := &providers.Parts{Settled: r.settled, Coupon: r.coupon}
	for _, c := range r.coupons {
		parts.Coupons = append(parts.Coupons, providers.Coupon{ID: c.id, Type: c.kind, Amount: c.fee})
	}
	return parts
}

// sameOrder compares what an answer says of the order, as far as it does.
func sameOrder(o op, f fields, order refund.Order) error {
	for _, c := range []struct{ name, want string }{
		{"transaction_id", order.PlatformID}, {"out_trade_no", order.MerchantID},
	} {
		if f.has(c.name) && c.want != "" && f[c.name] != c.want {
			return mismatch(o, c.name+" is another order's")
		}
	}
	total, err := f.fenIfAny("total_fee")
	if err != nil {
		return unreadableFailure(o, err)
	}
	settled, err := f.fenIfAny("settlement_total_fee")
	switch {
	case err != nil:
		return unreadableFailure(o, err)
	case f.has("total_fee") && order.Total != 0 && total != order.Total:
		return mismatch(o, fmt.Sprintf("total_fee is %d fen, the order's total %d", total, order.Total))
	case f.has("total_fee") && settled > total:
		return mismatch(o, "settlement_total_fee exceeds total_fee")
	}
	return nil
}

// refunded is one refund in an answer: the acceptance, or one record of a query.
type refunded struct {
	number, id string
	status     refundStatus
	// fee is what was asked for, in fen; nil when the answer does not name it.
	fee *refund.Fen
	// settled is fee without the part that coupons the merchant did not pay for
	// make up; 0 when not named.
	settled refund.Fen
	// coupon is the part given back as coupons, which are listed one by one.
	coupon  refund.Fen
	coupons []coupon
}

// coupon is one coupon given back. Type is CASH (bought) or NO_CASH.
type coupon struct {
	kind, id string
	fee      refund.Fen
}

// readRefund reads the fields of one refund; suffix is "" in an acceptance, "_$n"
// in a query. It refuses what is no number rather than leaving it out.
func readRefund(f fields, suffix string) (refunded, error) {
	r := refunded{status: refundStatus(f.word("refund_status" + suffix))}
	var errs [5]error
	r.number, errs[0] = f.id("out_refund_no" + suffix)
	r.id, errs[1] = f.id("refund_id" + suffix)
	if name := "refund_fee" + suffix; f.has(name) {
		fee, err := f.fen(name)
		r.fee, errs[2] = &fee, err
	}
	r.settled, errs[3] = f.fenIfAny("settlement_refund_fee" + suffix)
	r.coupon, errs[4] = f.fenIfAny("coupon_refund_fee" + suffix)
	if err := errors.Join(errs[:]...); err != nil {
		return refunded{}, err
	}
	// Every index that is there, under any of the three names: a fixed number of
	// them would lose coupons (§16.5). In an acceptance coupon_refund_fee_0 is
	// a coupon's; in a query it is a whole refund's, whose coupons are _0_$m.
	var all []int
	for _, name := range []string{"coupon_type", "coupon_refund_id", "coupon_refund_fee"} {
		all = append(all, f.indices(name+suffix)...)
	}
	slices.Sort(all)
	for _, m := range slices.Compact(all) {
		at := index(suffix, m)
		c := coupon{kind: f["coupon_type"+at]}
		var idErr, feeErr error
		c.id, idErr = f.id("coupon_refund_id" + at)
		c.fee, feeErr = f.fenIfAny("coupon_refund_fee" + at)
		if err := errors.Join(idErr, feeErr); err != nil {
			return refunded{}, err
		}
		r.coupons = append(r.coupons, c)
	}
	return r, nil
}

// agrees makes the hard checks of one refund (§14). The soft ones (cash and
// coupons adding up) are left alone: WeChat's rounding is its own.
func (r refunded) agrees(o op, in providers.Instruction) error {
	switch {
	case r.number != in.Number:
		return mismatch(o, "out_refund_no is another refund's")
	case r.fee != nil && *r.fee != in.Request.Amount:
		return mismatch(o, fmt.Sprintf("refund_fee is %d fen, asked for were %d", *r.fee, in.Request.Amount))
	case r.settled > in.Request.Amount:
		return mismatch(o, "settlement_refund_fee exceeds refund_fee")
	case r.coupon > in.Request.Amount:
		return mismatch(o, "coupon_refund_fee exceeds refund_fee")
	}
	return nil
}
