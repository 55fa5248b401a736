package baidu_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestRepeatedSerialFollowsTheMerchantsPolicy(t *testing.T) {
	for name, c := range map[string]struct {
		policy   control.RepeatPolicy
		repeat   form
		code     int64
		refunded int64
		same     bool
	}{
		"pay again pays twice":                   {policy: control.PayAgain, repeat: partial("100", "B1"), refunded: 200},
		"pay again pays another amount":          {policy: control.PayAgain, repeat: partial("300", "B1"), refunded: 400},
		"pay again stops at the order's total":   {policy: control.PayAgain, repeat: partial("9701", "B1"), code: 10001, refunded: 100},
		"replay gives the first answer":          {policy: control.Replay, repeat: partial("100", "B1"), refunded: 100, same: true},
		"replay refuses another amount":          {policy: control.Replay, repeat: partial("101", "B1"), code: 40000, refunded: 100},
		"replay pays another serial":             {policy: control.Replay, repeat: partial("100", "B2"), refunded: 200},
		"refuse refuses":                         {policy: control.RefuseRepeat, repeat: partial("100", "B1"), code: 40000, refunded: 100},
		"the default is the worst: paying again": {repeat: partial("100", "B1"), refunded: 200},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.BaiduSettings{})
			w.order(nil)
			if c.policy != "" {
				w.patch(control.BaiduMerchantPatch{OnRepeat: &c.policy})
			}
			first := w.post(cashierApply, partial("100", "B1"))
			second := w.post(cashierApply, c.repeat)
			require.Equal(t, c.code, second.code(), second.Raw)
			require.Equal(t, c.same, first.Raw == second.Raw)
			o := w.book()
			require.Equal(t, c.refunded, o.Refunded)
			require.Equal(t, 1_000_000-c.refunded, w.merchant().Balance)
			require.Equal(t, c.repeat["applyRefundMoney"] == "100" && c.repeat["bizRefundBatchId"] == "B1",
				o.Calls[0].Content == o.Calls[1].Content, "the digest tells identical requests from changed ones")
		})
	}
}

func TestACarelessPlatformCanPayMoreThanTheOrder(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{OverTotal: control.Pay})
	w.order(unverified)
	require.Zero(t, w.post(cashierApply, full("B1")).code())
	require.Zero(t, w.post(cashierApply, full("B1")).code())
	require.EqualValues(t, 2*9800, w.book().Refunded)
}

func TestPartialsDrawOnTheBalance(t *testing.T) {
	for name, c := range map[string]struct {
		short  control.Choice
		code   int64
		status []control.RefundStatus
	}{
		"short of money is refused":            {code: 10003, status: []control.RefundStatus{}},
		"short of money fails later if set so": {short: control.Fail, status: []control.RefundStatus{control.Failed}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.BaiduSettings{ShortBalance: c.short})
			w.order(nil)
			w.patch(control.BaiduMerchantPatch{Balance: new(int64(99))})
			require.Equal(t, c.code, w.post(cashierApply, partial("100", "B1")).code())
			got := []control.RefundStatus{}
			for _, r := range w.book().Refunds {
				got = append(got, r.Status)
			}
			require.Equal(t, c.status, got)
			require.EqualValues(t, 99, w.merchant().Balance)
		})
	}
}

func TestCancelVerificationTakesWhatPartialsHaveLeft(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	w.patch(control.BaiduMerchantPatch{Balance: new(int64(9800))})
	require.Zero(t, w.post(cashierApply, partial("800", "B1")).code())
	require.Zero(t, w.post(cashierCancel, cancel()).code(), "9000 are left of the balance and of the order")
	require.EqualValues(t, 9000, w.book().Released)
	require.Zero(t, w.merchant().Balance)
	require.EqualValues(t, 10001, w.post(cashierApply, full("B2")).code(), "the whole order is no longer there to refund")
}

func TestRefundsSettleByTheSandboxClock(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{SettleAfter: control.Duration(time.Minute)})
	w.order(nil)
	w.order(func(o *control.NewBaiduOrder) {
		o.OrderID, o.TpOrderID = "2", "T2"
		o.SettleAfter, o.Outcome = new(control.Duration(time.Hour)), control.Failed
	})
	second := with(with(partial("200", "B2"), "orderId", "2"), "tpOrderId", "T2")
	require.Zero(t, w.post(cashierApply, partial("100", "B1")).code())
	require.Zero(t, w.post(cashierApply, second).code())

	states := func() (a, b control.RefundStatus, balance int64) {
		books, err := w.baidu.Books(t.Context())
		require.NoError(t, err)
		require.Len(t, books.Orders, 2)
		return books.Orders[0].Refunds[0].Status, books.Orders[1].Refunds[0].Status, books.Merchants[0].Balance
	}
	for _, step := range []struct {
		by      time.Duration
		a, b    control.RefundStatus
		balance int64
	}{
		{59 * time.Second, control.Processing, control.Processing, 1_000_000 - 300},
		{time.Second, control.Success, control.Processing, 1_000_000 - 300},
		{59 * time.Minute, control.Success, control.Failed, 1_000_000 - 100}, // the failed refund's money comes back
	} {
		w.advance(step.by)
		a, b, balance := states()
		require.Equal(t, step.a, a)
		require.Equal(t, step.b, b)
		require.Equal(t, step.balance, balance)
	}
	require.EqualValues(t, 300, w.merchant().CapUsed, "a failed refund gives nothing back to the day")
}

func TestOutcomeCanBeChangedUntilARefundSettles(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{SettleAfter: control.Duration(time.Minute)})
	w.order(nil)
	require.Zero(t, w.post(cashierApply, partial("100", "B1")).code())
	set := func(s control.RefundStatus) {
		_, err := w.baidu.PatchOrder(t.Context(), "800200451", control.BaiduOrderPatch{Outcome: &s})
		require.NoError(t, err)
	}
	set(control.Failed)
	w.advance(time.Minute)
	set(control.Success)
	require.Equal(t, control.Failed, w.book().Refunds[0].Status, "final is final")
	require.Contains(t, w.query().Raw, `"refundStatus":{"statusDesc":"退费失败","statusNum":9}`)
	require.Zero(t, w.post(cashierApply, partial("9700", "B2")).code())
	require.Zero(t, w.post(cashierApply, partial("100", "B3")).code(), "a failed refund leaves its amount to the order")
}

func TestDailyCapFreesOnTheNextShanghaiDay(t *testing.T) {
	for name, c := range map[string]struct {
		rule  control.Choice
		cap   int64
		codes []int64 // of 600, 600, 400 fen
		used  int64
	}{
		"cross refuses what would exceed":     {cap: 1000, codes: []int64{0, 10005, 0}, used: 1000},
		"reach lets the crossing one through": {rule: control.Reach, cap: 1000, codes: []int64{0, 0, 10005}, used: 1200},
		"reach ends with the last fen":        {rule: control.Reach, cap: 1200, codes: []int64{0, 0, 10005}, used: 1200},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.BaiduSettings{CapRule: c.rule})
			w.order(nil)
			w.patch(control.BaiduMerchantPatch{DailyCap: &c.cap})
			for i, money := range []string{"600", "600", "400"} {
				require.Equal(t, c.codes[i], w.post(cashierApply, partial(money, fmt.Sprint("B", i))).code())
			}
			require.Equal(t, c.used, w.merchant().CapUsed)
			w.advance(12*time.Hour - time.Second)
			require.EqualValues(t, 10005, w.post(cashierApply, partial("600", "C1")).code(), "23:59:59 is still today")
			clock, err := w.ctl.NextDay(t.Context())
			require.NoError(t, err)
			require.Equal(t, "2026-11-22T00:00:01+08:00", clock.Now.Format(time.RFC3339))
			require.Zero(t, w.merchant().CapUsed)
			require.Zero(t, w.post(cashierApply, partial("600", "C2")).code())
		})
	}
}

// Parallel callers must never see the books between two states, whatever the platform's policy is.
func TestParallelAppliesKeepOrderBalanceAndCap(t *testing.T) {
	for name, c := range map[string]struct {
		balance, dailyCap, paid int64
	}{
		"the order's total":      {balance: 1_000_000, paid: 9800},
		"the enterprise balance": {balance: 3050, paid: 3000},
		"the daily cap":          {balance: 1_000_000, dailyCap: 5099, paid: 5000},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.BaiduSettings{})
			w.order(nil)
			w.patch(control.BaiduMerchantPatch{Balance: &c.balance, DailyCap: &c.dailyCap})
			var wg sync.WaitGroup
			accepted := make([]bool, 100)
			failures := make([]error, 100)
			for i := range accepted {
				body := encode(w.sign(partial("100", fmt.Sprint("B", i)), "rsaSign"))
				wg.Go(func() {
					_, answer, err := w.send(http.MethodPost, cashierApply, body)
					failures[i] = err
					accepted[i] = err == nil && string(answer[:9]) == `{"data":{`
				})
			}
			wg.Wait()
			count := int64(0)
			for i, ok := range accepted {
				require.NoError(t, failures[i])
				if ok {
					count++
				}
			}
			o := w.book()
			require.Equal(t, c.paid, o.Refunded)
			require.Equal(t, c.paid, count*100, "callers and books agree")
			require.Equal(t, c.balance-c.paid, w.merchant().Balance)
			require.Len(t, o.Calls, 100)
			ids := map[string]bool{}
			for _, r := range o.Refunds {
				ids[r.RefundBatchID] = true
			}
			require.Len(t, ids, len(o.Refunds), "every refund has a batch id of its own")
		})
	}
}

func TestParallelCancelsTakeTheMoneyOnce(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	body := encode(w.sign(cancel(), "rsaSign"))
	var wg sync.WaitGroup
	failures := make([]error, 50)
	for i := range failures {
		wg.Go(func() { _, _, failures[i] = w.send(http.MethodPost, cashierCancel, body) })
	}
	wg.Wait()
	for _, err := range failures {
		require.NoError(t, err)
	}
	require.EqualValues(t, 1_000_000-9800, w.merchant().Balance)
}

func TestAMerchantCannotTouchTheOrderOfAnother(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	_, public := docKey(t)
	_, err := w.baidu.CreateMerchant(t.Context(), control.NewBaiduMerchant{AppKey: "OTHER", AppID: 7, PublicKeyPEM: public, Balance: 1_000_000})
	require.NoError(t, err)
	require.EqualValues(t, 10002, w.post(cashierApply, with(partial("100", "B1"), "appKey", "OTHER")).code())
	require.EqualValues(t, 10002, w.post(cashierCancel, with(cancel(), "appKey", "OTHER")).code())
	require.Empty(t, w.book().Refunds)
	require.True(t, w.book().Verified)
}
