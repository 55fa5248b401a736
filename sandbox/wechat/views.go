package wechat

import "github.com/refundflow/refundflow/sandbox/control"

func (m *merchant) view() control.WeChatMerchant {
	return control.WeChatMerchant{Mode: m.Mode, MchID: m.MchID, AppID: m.AppID, SubMchID: m.SubMchID, SubAppID: m.SubAppID, Balance: m.Balance,
		Unauthorized: m.Unauthorized, NotifyURL: m.NotifyURL, ContainerURL: m.ContainerURL, EnvID: m.EnvID, Function: m.Function, ForwardURL: m.ForwardURL}
}

func (o *order) view() control.Order {
	v := control.Order{Platform: "wechat", Merchant: o.m.number(), PlatformID: o.id, MerchantID: o.outTradeNo, Total: o.total, Coupon: o.coupon,
		Paid: o.paid, PaidAt: o.paidAt, SettleAfter: o.settleAfter, Outcome: o.outcome, Refunds: []control.PlacedRefund{}}
	for _, r := range o.refunds {
		switch r.status {
		case control.Success:
			v.Refunded += r.amount
		case control.Processing:
			v.Refunding += r.amount
		case control.Failed, control.Abnormal: // neither reached the buyer
		}
		placed := control.PlacedRefund{PlatformRefundID: r.id(), Number: r.number, Amount: r.amount, Coupon: r.coupon, Status: r.status,
			Elsewhere: r.door == doorConsole, AppliedAt: r.appliedAt, SettlesAt: r.settlesAt}
		if placed.Elsewhere {
			placed.Number = ""
		}
		v.Refunds = append(v.Refunds, placed)
	}
	return v
}
