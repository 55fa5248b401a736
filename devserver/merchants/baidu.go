package merchants

import (
	"context"
	"slices"
	"time"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// Baidu is a merchant of Baidu's cashier who can also ask OpenAPI, is asked before
// money goes back, and is told afterwards.
type Baidu struct {
	AppKey, ClientID string
	AppID            int64
	DailyCap         int64 // fen, 0 = none
	// Silent: no addresses are registered, so Baidu pays without asking and tells nobody.
	Silent bool
}

// Platform implements [Merchant].
func (Baidu) Platform() string { return "Baidu" }

// baiduBits is the size of the keys that Baidu's documentation has merchants make
// (protocol notes, docs/protocols/baidu.md §9).
const baiduBits = 1024

// Register implements [Merchant].
func (m Baidu) Register(ctx context.Context, s Site) (string, error) {
	public, err := s.key(baiduBits)
	if err != nil {
		return "", err
	}
	secret, err := s.secret(".secret")
	if err != nil {
		return "", err
	}
	audit, notify := s.to("audit"), s.to("refund")
	if m.Silent {
		audit, notify = "", ""
	}
	made, err := s.Sandbox.Baidu().CreateMerchant(ctx, control.NewBaiduMerchant{
		AppKey: m.AppKey, AppID: m.AppID, PublicKeyPEM: public, ClientID: m.ClientID, ClientSecret: secret,
		Balance: rich, DailyCap: m.DailyCap, RefundAuditURL: audit, RefundNotifyURL: notify,
	})
	if taken(err) {
		made, err = s.Sandbox.Baidu().PatchMerchant(ctx, m.AppKey, control.BaiduMerchantPatch{
			PublicKeyPEM: &public, ClientSecret: &secret, RefundAuditURL: &audit, RefundNotifyURL: &notify,
		})
	}
	if err != nil {
		return "", err
	}
	if err := s.write(".platform.pub", made.PlatformPublicKeyPEM); err != nil {
		return "", err
	}
	return fill(baiduBlock, s, m)
}

var baiduBlock = block(`    baidu:
      transport: cashier
      app_id: "{{.M.AppID}}"
      app_key: {{.M.AppKey}}
      private_key_file: {{.S.Account}}.pem
      platform_public_key_file: {{.S.Account}}.platform.pub
      openapi:
        client_id: {{.M.ClientID}}
        client_secret_file: {{.S.Account}}.secret
      cashier_url: {{.S.URL}}/cashier
      order_url: {{.S.URL}}/platform/entity/openapi/queryorderdetail
      openapi_url: {{.S.URL}}
      poll: {{.S.Poll}}
      absence_interval: {{.S.AbsenceInterval}}
`)

// Order implements [Merchant]: a paid order is a verified one.
func (m Baidu) Order(ctx context.Context, c *control.Client, o control.NewOrder) (refund.Order, error) {
	made, err := c.Baidu().CreateOrder(ctx, control.NewBaiduOrder{
		AppKey: m.AppKey, OrderID: o.PlatformID, TpOrderID: o.MerchantID, Total: o.Total, Paid: o.Paid, Verified: o.Paid,
		SettleAfter: o.SettleAfter, Outcome: o.Outcome,
	})
	order := refund.Order{PlatformID: made.OrderID, MerchantID: made.TpOrderID, UserID: made.UserID, Total: refund.Fen(made.Total)}
	if o.PaidAt != nil {
		order.PaidAt = o.PaidAt.Truncate(time.Second) // Baidu's books know no time of payment
	}
	return order, err
}

// Book implements [Merchant].
func (Baidu) Book(ctx context.Context, c *control.Client, o refund.Order) (Book, error) {
	b, err := c.Baidu().OrderBook(ctx, o.PlatformID)
	book := Book{Deliveries: b.Deliveries}
	for _, r := range b.Refunds {
		book.Refunds = append(book.Refunds, control.PlacedRefund{
			PlatformRefundID: r.RefundBatchID, Number: r.BizRefundBatchID, Amount: r.Amount, Status: r.Status,
			Elsewhere: r.Elsewhere, AppliedAt: r.AppliedAt, SettlesAt: r.SettlesAt,
		})
	}
	return book, err
}

// AskAgain lets the five minutes pass after which Baidu asks again whether a refund
// is wanted, and reports whether that was needed. It asks so soon that the worker
// may not have heard yet that the refund was accepted, and then is told to come back
// (protocol notes, docs/protocols/baidu.md §6.1). asked remembers between the calls
// about one order how many answers have had their five minutes.
func AskAgain(ctx context.Context, c *control.Client, o refund.Order, asked *int) (again bool, err error) {
	b, err := c.Baidu().OrderBook(ctx, o.PlatformID)
	if err != nil || !slices.ContainsFunc(b.Refunds, func(r control.BaiduRefund) bool { return r.Audit == control.AuditWaiting }) {
		return false, err
	}
	answers := 0
	for _, d := range b.Deliveries {
		if d.Taken {
			answers++
		}
	}
	if answers <= *asked {
		return false, nil
	}
	*asked = answers
	_, err = c.Advance(ctx, 5*time.Minute)
	return true, err
}
