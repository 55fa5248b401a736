package main

import (
	"context"
	"time"

	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// account is one of the shop's merchant accounts, and what may be asked of its platform.
type account struct {
	merchants.Merchant
	name string
	// platform and number find its orders in the books.
	platform, number string
	// asking: its stand-in asks before it pays, and asks again after five minutes, which
	// are made to pass. It has a clock of its own: the others turn away who is minutes off.
	asking bool
	// partial: a part of an order may be given back; several: more than one, at once.
	partial, several bool
	// verifies: a full refund cancels a verification first, after which no refusal is final.
	verifies bool
	// sure: it refuses the refund of an order that was never paid in words that leave no
	// doubt. The others' words do, and such a refund is a person's in the end.
	sure bool
	// told: the platform sends messages. blind: its messages are the only answer, asking
	// tells nothing. So an answer that is lost may be a person's affair in the end.
	told, blind bool
	// capped has a budget that is too small for its refunds.
	capped bool
}

var accounts = []*account{
	{
		Merchant: merchants.Baidu{AppKey: "MMMsoak", ClientID: "soak", AppID: 10041},
		name:     "shop-baidu", platform: "baidu", number: "MMMsoak", asking: true, partial: true, several: true, verifies: true, sure: true, told: true,
	},
	{
		Merchant: merchants.Baidu{AppKey: "MMMquiet", ClientID: "quiet", AppID: 10042, Silent: true},
		name:     "shop-quiet", platform: "baidu", number: "MMMquiet", partial: true, several: true, verifies: true, sure: true,
	},
	{
		Merchant: merchants.NewWeChat("1900000141", "wx4141414141414141"),
		name:     "shop-wechat", platform: "wechat", number: "1900000141", partial: true, sure: true, told: true,
	},
	{
		Merchant: merchants.NewXLife("41414141"),
		name:     "shop-xlife", platform: "xlife", number: "41414141",
	},
	{
		Merchant: merchants.NewShengpay("41414142", "app41414142"),
		name:     "shop-shengpay", platform: "shengpay", number: "41414142", partial: true, several: true, told: true,
	},
	{
		Merchant: merchants.NewShengpay("41414143", "app41414143"),
		name:     "shop-capped", platform: "shengpay", number: "41414143", partial: true, told: true, capped: true,
	},
	{
		Merchant: merchants.NewCloudPay("1900000142", "wx4242424242424242"),
		name:     "shop-cloud", platform: "wechat", number: "1900000142", partial: true, told: true, blind: true,
	},
}

// order is a paid order of the plan.
type order struct {
	account *account
	total   int64
	unpaid  bool
	// unverified: nobody has used what was bought. Only where verifications exist.
	unverified bool
	outcome    control.RefundStatus // how the platform lets its refunds end; "" = success
	faults     []control.Fault
	made       refund.Order
}

// make makes the order at its stand-in, with its faults.
func (o *order) make(ctx context.Context, stand *control.Client) (err error) {
	paidAt := time.Now().Add(-26 * time.Hour).Truncate(time.Second).UTC()
	wanted := control.NewOrder{Total: o.total, PaidAt: &paidAt, Outcome: o.outcome}
	if o.unpaid {
		wanted.Paid = new(false)
	}
	if o.made, err = o.account.Order(ctx, stand, wanted); err != nil {
		return err
	}
	if o.unverified {
		if _, err = stand.Baidu().PatchOrder(ctx, o.made.PlatformID, control.BaiduOrderPatch{Verified: new(false)}); err != nil {
			return err
		}
	}
	for _, f := range o.faults {
		f.OrderID = o.made.PlatformID
		if _, err = stand.AddFault(ctx, f); err != nil {
			return err
		}
	}
	return nil
}
