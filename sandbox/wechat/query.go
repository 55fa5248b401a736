package wechat

import "time"

// pageSize is how many refunds one query answer holds (§5).
const pageSize = 10

// finding is what a refund query found.
type finding struct {
	o     *order
	page  []*refund
	total int64 // of the order's refunds; 0 when one refund was asked for by its own number
}

// queryRefund: refund_id before out_refund_no before transaction_id before out_trade_no (§5).
func (b *book) queryRefund(m *merchant, params map[string]string, now time.Time) (finding, *refusal) {
	if no := checkParams(params, refundQueryRules...); no != nil {
		return finding{}, no
	}
	var o *order
	switch {
	case params["refund_id"] != "":
		return b.one(b.byID[params["refund_id"]], m, now)
	case params["out_refund_no"] != "":
		return b.one(b.byNumber[m][params["out_refund_no"]], m, now)
	case params["transaction_id"] != "":
		o = b.orders[params["transaction_id"]]
	case params["out_trade_no"] != "":
		o = b.byOut[m][params["out_trade_no"]]
	default:
		return finding{}, badParam("refund_id, out_refund_no, transaction_id, out_trade_no")
	}
	if o == nil || o.m != m {
		return finding{}, noRefund
	}
	var seen []*refund
	for _, r := range o.refunds {
		if b.visible(r, now) {
			seen = append(seen, r)
		}
	}
	total, offset := int64(len(seen)), number(params, "offset")
	switch {
	case total == 0:
		return finding{}, noRefund
	case offset > total:
		return finding{}, badParam("offset")
	}
	return finding{o: o, page: seen[offset:min(offset+pageSize, total)], total: total}, nil
}

func (b *book) one(r *refund, m *merchant, now time.Time) (finding, *refusal) {
	if r == nil || r.o.m != m || !b.visible(r, now) {
		return finding{}, noRefund
	}
	return finding{o: r.o, page: []*refund{r}}, nil
}

// visible: a fresh refund may take a moment to reach the query.
func (b *book) visible(r *refund, now time.Time) bool {
	return now.Sub(r.appliedAt) >= b.settings.QueryLag.Std()
}

// fieldsV2 is the answer's third layer in v2.
func (f finding) fieldsV2() fields {
	out := f.o.head()
	if f.total > 0 {
		out.add("total_refund_count", f.total)
	}
	out.add("refund_count", int64(len(f.page)))
	if f.total == 0 && f.page[0].state() == "SUCCESS" { // sums are optional (§5); the sample has them where they are final
		out.add("refund_fee", f.page[0].amount)
		out.add("cash_refund_fee", f.page[0].amount-f.page[0].coupon)
	}
	return append(out, indexed(f.page)...)
}

// queryOrder finds an order for the payment query; unknown ones of either id are ORDERNOTEXIST here (§3).
func (b *book) queryOrder(m *merchant, params map[string]string) (*order, *refusal) {
	if no := checkParams(params, orderQueryRules...); no != nil {
		return nil, no
	}
	o := b.byOut[m][params["out_trade_no"]]
	switch id := params["transaction_id"]; {
	case id != "":
		o = b.orders[id]
	case params["out_trade_no"] == "":
		return nil, badParam("transaction_id, out_trade_no")
	}
	if o == nil || o.m != m {
		return nil, noOrder
	}
	return o, nil
}
