package shengpay

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// What is read of a message, whichever it is: tolerant of what is missing, for
// the tables contradict the samples (§3.2, §13), strict about what is there.
var (
	idNames = []string{
		"appId", "mchId", "outTradeNo", "transactionId", "refundId", "refundStatus",
		"outRefundNo", "refundOrderNo", // two names of one number (§4.2)
	}
	feeNames = []string{"totalFee", "refundFee", "settlementRefundFee", "couponRefundFee"}

	fieldNames = append(append([]string{
		"returnCode", "returnMsg", "resultCode", "errorCode", "errorCodeDes",
	}, idNames...), feeNames...)
)

// facts are the members of a message by their names; what is missing, null or an
// empty text is not among them.
type facts struct {
	ids  map[string]string
	fees map[string]refund.Fen
	// number is the merchant's refund number under either of its names.
	number string
	// coupons are the single coupons given back.
	coupons []providers.Coupon
}

func readFacts(o wire.Object) (facts, error) {
	f := facts{ids: map[string]string{}, fees: map[string]refund.Fen{}}
	for _, name := range idNames {
		if !given(o, name) {
			continue
		}
		var id wire.ID
		err := o.Read(name, &id)
		if err != nil && name == "refundStatus" && o[name][0] == '"' {
			continue // a word in another script is one more that no list knows
		}
		if err != nil {
			return facts{}, err
		}
		f.ids[name] = string(id)
	}
	for _, name := range feeNames {
		if !given(o, name) {
			continue
		}
		fee, err := readFee(o, name)
		if err != nil {
			return facts{}, err
		}
		f.fees[name] = fee
	}
	for _, n := range couponNumbers(o) {
		c, err := readCoupon(o, n)
		if err != nil {
			return facts{}, err
		}
		f.coupons = append(f.coupons, c)
		if f.couponSum() > refund.MaxFen {
			return facts{}, errors.New("the coupons are no amount")
		}
	}
	f.number = f.ids["outRefundNo"]
	if other := f.ids["refundOrderNo"]; f.number == "" {
		f.number = other
	} else if other != "" && other != f.number {
		return facts{}, errors.New("outRefundNo and refundOrderNo disagree")
	}
	return f, nil
}

// couponName is the amount of one coupon. Coupons are numbered from 0, and the
// number is glued to the name (§3.2).
var couponName = regexp.MustCompile(`^couponRefundFee(0|[1-9][0-9]{0,3})$`)

// couponNumbers are those that are there, in their own order. That none is left
// out is not documented: whoever stopped at a gap would lose the coupons behind it.
func couponNumbers(o wire.Object) (numbers []int) {
	for name := range o {
		if match := couponName.FindStringSubmatch(name); match != nil && given(o, name) {
			n, _ := strconv.Atoi(match[1]) // at most four digits
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers
}

func readCoupon(o wire.Object, n int) (providers.Coupon, error) {
	fee, err := readFee(o, fmt.Sprintf("couponRefundFee%d", n))
	return providers.Coupon{
		ID: label(o, fmt.Sprintf("couponRefundId%d", n)), Type: label(o, fmt.Sprintf("couponType%d", n)), Amount: fee,
	}, err
}

// label reads a coupon's words, on which nothing is decided: no alphabet is
// documented, and what cannot be read must not put an accepted refund in doubt.
func label(o wire.Object, name string) string {
	var id wire.ID
	if o.Read(name, &id) == nil {
		return string(id)
	}
	var text string
	if o.Read(name, &text) != nil {
		return ""
	}
	return refund.CleanText(text)
}

func (f facts) couponSum() (sum refund.Fen) {
	for _, c := range f.coupons {
		sum += c.Amount
	}
	return sum
}

// parts is how the refund divides, nil when nothing of it is a coupon (§3.2). A
// smaller settlementRefundFee tells of coupons by itself: then they are the rest
// (inferred).
func (f facts) parts() *providers.Parts {
	coupon := max(f.fees["couponRefundFee"], f.couponSum())
	settled, told := f.fees["settlementRefundFee"]
	if coupon == 0 && told {
		coupon = f.fees["refundFee"] - settled
	}
	if coupon <= 0 {
		return nil
	}
	return &providers.Parts{Settled: settled, Coupon: coupon, Coupons: f.coupons}
}

func given(o wire.Object, name string) bool { return o.Has(name) && string(o[name]) != `""` }

func readFee(o wire.Object, name string) (refund.Fen, error) {
	var fee wire.Int
	if err := o.Read(name, &fee); err != nil {
		return 0, err
	}
	if fee < 0 || refund.Fen(fee) > refund.MaxFen {
		return 0, fmt.Errorf("%s is no amount", name)
	}
	return refund.Fen(fee), nil
}

// stranger reports whether the message names another merchant or application.
func (p *Provider) stranger(f facts) bool {
	merchant, app := f.ids["mchId"], f.ids["appId"]
	return merchant != "" && merchant != p.settings.MchID || app != "" && app != p.settings.AppID
}

// named reports whether the message says whose it is. Shengpay signs the
// messages of all its merchants with one key: what does not say so may be
// another merchant's, about a refund number that they chose.
func (f facts) named() bool { return f.ids["mchId"] != "" || f.ids["appId"] != "" }

// excess names what claims to be part of the refund and is more than it. With
// coupons the customer's part is smaller than the refund, never larger (§3.2).
func (f facts) excess() string {
	whole, ok := f.fees["refundFee"]
	switch {
	case !ok:
		return ""
	case f.fees["settlementRefundFee"] > whole:
		return "settlementRefundFee"
	case f.fees["couponRefundFee"] > whole, f.couponSum() > whole:
		return "couponRefundFee"
	}
	return ""
}

// compare returns nil when everything the answer names is that of in. An answer
// to another question leaves ours open; one to ours with other numbers is for a
// person, since money may have moved.
func (p *Provider) compare(o op, f facts, in providers.Instruction) error {
	if p.stranger(f) || f.number != "" && f.number != in.Number {
		return fail(o, refund.Failure{Class: refund.ClassAmbiguous, Code: "other refund",
			Message: "the answer is about another merchant or refund number", Hint: hintLook})
	}
	if err := otherOrder(o, f, in.Request.Order); err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		want refund.Fen
	}{{"refundFee", in.Request.Amount}, {"totalFee", in.Request.Order.Total}} {
		if got, ok := f.fees[c.name]; ok && got != c.want {
			return fail(o, refund.Failure{Class: refund.ClassNeedsHuman, Code: "other amount",
				Message: fmt.Sprintf("%s is %d fen, asked for were %d", c.name, int64(got), int64(c.want)), Hint: hintRefund})
		}
	}
	if name := f.excess(); name != "" {
		return fail(o, refund.Failure{Class: refund.ClassNeedsHuman, Code: "other amount",
			Message: name + " is more than refundFee", Hint: hintRefund})
	}
	return nil
}

const hintRefund = "look at the refund in Shengpay's merchant platform: money may have moved under this refund number"

// otherOrder: the answer names an order that is not the one asked for.
func otherOrder(o op, f facts, order refund.Order) error {
	merchant, platform := f.ids["outTradeNo"], f.ids["transactionId"]
	if merchant != "" && merchant != order.MerchantID || platform != "" && order.PlatformID != "" && platform != order.PlatformID {
		return fail(o, refund.Failure{Class: refund.ClassNeedsHuman, Code: "other order",
			Message: "outTradeNo or transactionId is not the order's",
			Hint:    "compare order.merchant_id and order.platform_id with the payment, then look at the order in Shengpay's merchant platform"})
	}
	return nil
}
