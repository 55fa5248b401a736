package main

import (
	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
)

// account is one of the demo's merchant accounts. Each is a merchant of its own,
// so that their budgets do not touch.
type account struct {
	merchants.Merchant
	name string // in the configuration
	// stand finds the account's stand-in.
	stand func(*world) *stand
	// poll and absence are faster than in life, or slower, so that it can be seen
	// that nobody asked.
	poll, absence string
	dailyCap      refund.Fen // 0 = none
	// silent says why no message of the platform ever comes; empty where they do.
	silent string
}

func baidu(w *world) *stand    { return w.baidu }
func punctual(w *world) *stand { return w.punctual }

// On every account one person approves what is larger, and two what is larger still.
const oneApproves, twoApprove refund.Fen = 500_00, 1500_00

const (
	often  = "[300ms, 300ms, 500ms, 1s]"
	seldom = "[30s]"
)

const wechatMchID = "1900000109"

var (
	shop = &account{
		Merchant: merchants.Baidu{AppKey: "MMMdemo", ClientID: "demo", AppID: 10026},
		name:     "shop-baidu", stand: baidu, poll: often, absence: "2s",
	}
	capped = &account{
		Merchant: merchants.Baidu{AppKey: "MMMcapped", ClientID: "capped", AppID: 10027, DailyCap: 100_00},
		name:     "shop-capped", stand: baidu, poll: often, absence: "2s", dailyCap: 100_00,
	}
	quiet = &account{
		Merchant: merchants.Baidu{AppKey: "MMMquiet", ClientID: "quiet", AppID: 10028, Silent: true},
		name:     "shop-quiet", stand: baidu, poll: often, absence: "2s",
		silent: "it wants none",
	}
	wechat = &account{
		Merchant: merchants.NewWeChat(wechatMchID, "wx8888888888888888"),
		name:     "shop-wechat", stand: punctual, poll: seldom, absence: "2s",
	}
	cloud = &account{
		Merchant: merchants.NewCloudPay("1900000111", "wx6666666666666666"),
		name:     "shop-cloud", stand: punctual, poll: seldom, absence: "2s",
	}
	xlife = &account{
		Merchant: merchants.NewXLife("23456789"),
		name:     "shop-xlife", stand: punctual, poll: seldom, absence: "300ms",
		silent: "it answers at once",
	}
	shengpay = &account{
		Merchant: merchants.NewShengpay("12345678", "app12345678"),
		name:     "shop-shengpay", stand: punctual, poll: seldom, absence: "2s",
	}
)

var accounts = []*account{shop, capped, quiet, wechat, cloud, xlife, shengpay}
