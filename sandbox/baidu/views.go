package baidu

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"slices"

	"github.com/refundflow/refundflow/sandbox/control"
)

func (m *merchant) view() control.BaiduMerchant {
	return control.BaiduMerchant{AppKey: m.appKey, AppID: m.appID, PublicKeyPEM: m.publicPEM, PlatformPublicKeyPEM: m.platformPublicPEM(),
		ClientID: m.clientID, Balance: m.balance, DailyCap: m.dailyCap, CapUsed: m.capUsed, Day: m.capDay, OnRepeat: m.onRepeat,
		RefundAuditURL: m.auditURL, RefundNotifyURL: m.notifyURL}
}

// platformPublicPEM is what the merchant installs to check callbacks with; it is not the merchant's own key (§9.2).
func (m *merchant) platformPublicPEM() string {
	der, err := x509.MarshalPKIXPublicKey(&m.platform.PublicKey)
	if err != nil { // impossible for an RSA key made here
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func (o *order) view() control.BaiduOrder {
	v := control.BaiduOrder{OrderID: id(o.id), UserID: id(o.userID), TpOrderID: o.tpOrderID, AppKey: o.m.appKey, Total: o.total,
		Promo: o.promo, Paid: o.paid, Verified: o.verified, SettleAfter: o.settleAfter, Outcome: o.outcome, Barred: o.barred, Released: o.released,
		Refunds: []control.BaiduRefund{}}
	for _, r := range o.refunds {
		switch r.status {
		case control.Success:
			v.Refunded += r.amount
		case control.Processing:
			v.Refunding += r.amount
		case control.Failed, control.Abnormal: // the latter is no end of Baidu's
		}
		v.Refunds = append(v.Refunds, control.BaiduRefund{RefundBatchID: id(r.batchID), BizRefundBatchID: r.bizID, Amount: r.amount,
			Full: r.full, Status: r.status, Audit: r.audit, Elsewhere: r.elsewhere, AppliedAt: r.appliedAt, SettlesAt: r.settlesAt})
	}
	return v
}

func sortByKey(ms []control.BaiduMerchant) {
	slices.SortFunc(ms, func(a, b control.BaiduMerchant) int { return cmp.Compare(a.AppKey, b.AppKey) })
}
