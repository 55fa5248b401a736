package xlife_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

// The samples of the notes, byte for byte as a client sends them, are answered with the fields and values of the samples.
func TestTheRequestSamplesAreAnsweredLikeTheAnswerSamples(t *testing.T) {
	var vectors struct {
		Vectors []struct {
			Name     string
			FormBody string `json:"form_body"`
		}
	}
	readJSON(t, "xlife_top_sign_vectors.json", &vectors)
	calls := 0
	for _, v := range vectors.Vectors {
		if v.FormBody == "" {
			continue
		}
		calls++
		w := newWorld(t, control.XLifeSettings{})
		w.order(nil)
		for _, sample := range []string{"xlife_refund_response.json", "xlife_refund_response_replay.json"} {
			requireLike(t, sample, w.post(v.FormBody), "gmt_refund_pay", "request_id")
		}
	}
	require.Equal(t, 3, calls, "md5, hmac and hmac-sha256")
}

// requireLike compares an answer with a sample, but for the named members, which must be there.
func requireLike(t *testing.T, sample, got string, free ...string) {
	t.Helper()
	var want, have any
	readJSON(t, sample, &want)
	require.NoError(t, json.Unmarshal([]byte(got), &have), "%s", got)
	for _, v := range []any{want, have} {
		for _, name := range free {
			require.True(t, blank(v, name), "%s in %s", name, sample)
		}
	}
	require.Equal(t, want, have)
}

func blank(v any, name string) (found bool) {
	m, _ := v.(map[string]any)
	for k, inner := range m {
		if k == name {
			m[k], found = nil, true
		}
		found = blank(inner, name) || found
	}
	return found
}

// The values of the page's own sample contradict each other, so only its shape counts.
func TestTheAnswerHasTheMembersOfThePage(t *testing.T) {
	var page struct {
		Body map[string]map[string]map[string]any `json:"body"`
	}
	readJSON(t, "xlife_refund_response_seed_sample.json", &page)
	want := page.Body["alibaba_xlife_onsite_trade_refund_response"]["onsite_trade_refund_response"]
	require.Len(t, want, 13)
	w := newWorld(t, control.XLifeSettings{})
	w.order(nil)
	got := w.refund(wanted()).fields
	require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)))
}

func TestMoneyMovesOnceAndRepeatsSayN(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(nil)
	first := w.refund(wanted())
	require.Equal(t, "Y", first.fields["fund_change"], first.raw)
	require.Equal(t, "2026-03-01 15:20:00", first.fields["gmt_refund_pay"])
	w.stage.Clock.Advance(time.Hour)
	again := w.refund(with(wanted(), "refund_reason", "again"))
	require.Equal(t, "N", again.fields["fund_change"])
	require.Equal(t, "2026-03-01 15:20:00", again.fields["gmt_refund_pay"], "when the money moved, not when it was asked for")
	require.EqualValues(t, 88888, w.book().Refunded)
	require.Len(t, w.book().Refunds, 1)
	require.Equal(t, "isp.REFUND_NOT_ALLOWED_ERROR", w.refund(with(wanted(), "out_request_no", "HZ01RF002")).subCode)
}

func TestTheParts(t *testing.T) {
	for name, c := range map[string]struct {
		coupon, subsidy, marketing, fund int64
	}{
		"cash only":    {0, 0, 0, 88888},
		"all parts":    {1, 2, 3, 88882},
		"nothing cash": {88888, 0, 0, 0},
	} {
		t.Run(name+" add up to the refund", func(t *testing.T) {
			w := newWorld(t, control.XLifeSettings{})
			w.order(func(o *control.NewXLifeOrder) { o.Coupon, o.Subsidy, o.Marketing = c.coupon, c.subsidy, c.marketing })
			got := w.refund(wanted()).fields
			part := func(name string) int64 {
				n, err := got[name].(json.Number).Int64()
				require.NoError(t, err)
				return n
			}
			require.Equal(t, c.fund, part("refund_fund_fee"))
			require.Equal(t, c.fund, part("send_back_fee"))
			require.Equal(t, part("refund_fee"), part("refund_fund_fee")+part("refund_buy_promotion_fee")+part("refund_mj_subsidy_fee")+part("refund_store_marketing_fee"))
		})
	}
}

func TestBusinessRefusals(t *testing.T) {
	unpaid := func(o *control.NewXLifeOrder) { o.Paid = new(false) }
	for name, c := range map[string]struct {
		order    func(*control.NewXLifeOrder)
		settings control.XLifeSettings
		in       map[string]any
		want     string
	}{
		"part of the order":               {in: with(wanted(), "refund_amount", 100), want: "isv.REFUND_AMOUNT_INVALID"},
		"more than the order":             {in: with(wanted(), "refund_amount", 88889), want: "isv.REFUND_AMOUNT_INVALID"},
		"no amount":                       {in: with(wanted(), "refund_amount", nil), want: "isv.REFUND_INVALID_PARAMS"},
		"amount with a point":             {in: with(wanted(), "refund_amount", "888.88"), want: "isv.REFUND_INVALID_PARAMS"},
		"no reason":                       {in: with(wanted(), "refund_reason", ""), want: "isv.REFUND_INVALID_PARAMS"},
		"no number":                       {in: with(wanted(), "out_request_no", nil), want: "isv.REFUND_INVALID_PARAMS"},
		"number with blanks":              {in: with(wanted(), "out_request_no", "a b"), want: "isv.REFUND_INVALID_PARAMS"},
		"store type unknown":              {in: with(wanted(), "store_id_type", "shop"), want: "isv.REFUND_INVALID_PARAMS"},
		"extend_params no JSON":           {in: with(wanted(), "extend_params", "x"), want: "isv.REFUND_INVALID_PARAMS"},
		"no order number":                 {in: with(with(wanted(), "trade_no", nil), "out_trade_no", nil), want: "isv.REFUND_INVALID_PARAMS"},
		"order unknown":                   {in: with(wanted(), "trade_no", "1"), want: "isv.REFUND_INVALID_PARAMS"},
		"another store":                   {in: with(wanted(), "store_id", "87654321"), want: "isv.REFUND_FAILED_STORE_NOMATCH"},
		"our number as the other kind":    {in: with(wanted(), "store_id_type", "out"), want: "isv.REFUND_FAILED_STORE_NOMATCH"},
		"unpaid":                          {order: unpaid, in: wanted(), want: "isp.REFUND_NOT_ALLOWED_ERROR"},
		"creation refused by setting":     {settings: control.XLifeSettings{RefuseCreate: true}, in: wanted(), want: "isp.REFUND_CREATE_FAILED"},
		"the refund fails":                {order: func(o *control.NewXLifeOrder) { o.Outcome = control.Failed }, in: wanted(), want: "isp.REFUND_CREATE_FAILED"},
		"business code 15 by its setting": {settings: control.XLifeSettings{BusinessCode: 15}, in: with(wanted(), "refund_amount", 1), want: "isv.REFUND_AMOUNT_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.settings)
			w.order(c.order)
			got := w.refund(c.in)
			require.Equal(t, c.want, got.subCode, got.raw)
			require.EqualValues(t, cmp.Or(c.settings.BusinessCode, 50), got.code)
			require.Zero(t, w.book().Refunded)
		})
	}
}

func TestTheRefusalsSpeakLikeTheSamples(t *testing.T) {
	var file struct {
		Samples []struct {
			Name string
			Body struct {
				Error struct {
					Code    int64
					SubCode string `json:"sub_code"`
					SubMsg  string `json:"sub_msg"`
				} `json:"error_response"`
			}
		}
	}
	readJSON(t, "xlife_error_responses.json", &file)
	for _, s := range file.Samples {
		w := newWorld(t, control.XLifeSettings{})
		w.order(nil)
		var got reply
		switch s.Name {
		case "business_amount_invalid":
			got = w.refund(with(wanted(), "refund_amount", 1))
		case "business_not_allowed":
			w.refund(wanted())
			got = w.refund(with(wanted(), "out_request_no", "other"))
		case "business_create_failed":
			w.settings(control.XLifeSettings{RefuseCreate: true})
			got = w.refund(wanted())
		case "business_exists_refunding":
			w.settings(control.XLifeSettings{SettleAfter: control.Duration(time.Hour)})
			w.refund(wanted())
			got = w.refund(wanted())
		case "business_store_nomatch":
			got = w.refund(with(wanted(), "store_id", "87654321"))
		case "remote_timeout":
			w.settings(control.XLifeSettings{SettleAfter: control.Duration(time.Hour)})
			got = w.refund(wanted())
		case "call_limited":
			w.settings(control.XLifeSettings{CallLimit: 1, LimitWindow: control.Duration(41 * time.Second)})
			w.stage.Clock.Advance(27 * time.Second) // into the first second of a window counted from midnight
			w.refund(wanted())
			got = w.refund(wanted())
		case "invalid_signature":
			f := w.system(refundMethod, nil)
			f["sign"] = "0"
			got = w.read(w.post(encode(f)))
		case "invalid_session":
			got = w.call(refundMethod, form{"session": "stolen"})
		case "missing_session":
			f := w.system(refundMethod, nil)
			delete(f, "session")
			got = w.read(w.post(encode(signed(f))))
		case "invalid_timestamp":
			got = w.call(refundMethod, form{"timestamp": "2026-03-01 07:20:00"})
		default:
			continue // placeholders of the notes that name no rule of their own
		}
		require.Equal(t, []any{s.Body.Error.Code, s.Body.Error.SubCode, s.Body.Error.SubMsg}, []any{got.code, got.subCode, got.subMsg}, s.Name)
	}
}

func TestTheRefundIsOnItsWay(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{SettleAfter: control.Duration(time.Hour)})
	w.order(nil)
	require.Equal(t, "isp.top-remote-connection-timeout", w.refund(wanted()).subCode, "the gateway gives up, the refund goes on")
	require.Equal(t, "isp.EXISTS_REFUNDING_ORDER", w.refund(wanted()).subCode)
	require.Equal(t, "isp.EXISTS_REFUNDING_ORDER", w.refund(with(wanted(), "out_request_no", "other")).subCode)
	require.Equal(t, "REFUNDING", w.call(mosFind, form{"out_request_no": "HZ01RF001"}).data()["refund_status"])
	w.stage.Clock.Advance(time.Hour)
	require.Equal(t, "N", w.refund(wanted()).fields["fund_change"], "an earlier call moved the money")
	require.Equal(t, "SUCCESS", w.call(mosFind, form{"out_request_no": "HZ01RF001"}).data()["refund_status"])
	require.EqualValues(t, 88888, w.book().Refunded)
}

func TestAFailedNumberMayBeTriedAgain(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(func(o *control.NewXLifeOrder) { o.Outcome = control.Failed })
	w.refund(wanted())
	_, err := w.ctl.PatchOrder(t.Context(), tradeNo, control.OrderPatch{Outcome: new(control.Success)})
	require.NoError(t, err)
	require.Equal(t, "Y", w.refund(wanted()).fields["fund_change"])
	require.EqualValues(t, 88888, w.book().Refunded)
}

func TestTheContractsWindowEndsRefundsButNotTheirAnswers(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.patch(control.XLifeMerchantPatch{RefundWindow: new(control.Duration(48 * time.Hour))})
	w.order(nil) // paid a day ago
	w.order(func(o *control.NewXLifeOrder) { o.PlatformID, o.MerchantID = "2", "O2" })
	w.refund(wanted())
	w.stage.Clock.Advance(24*time.Hour + time.Second)
	require.Equal(t, "N", w.refund(wanted()).fields["fund_change"])
	require.Equal(t, "isp.REFUND_NOT_ALLOWED_ERROR", w.refund(with(wanted(), "trade_no", "2")).subCode)
}

func TestThePlatformsNumberWins(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(nil)
	w.order(func(o *control.NewXLifeOrder) { o.PlatformID, o.MerchantID = "2", "O2" })
	got := w.refund(with(wanted(), "out_trade_no", "O2"))
	require.Equal(t, tradeNo, got.fields["trade_no"])
	require.Equal(t, "20260301ORDER0001", got.fields["out_trade_no"], "the order's, not the one sent")
}

func TestAStoreHasTwoNumbers(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(func(o *control.NewXLifeOrder) { o.StoreIDType, o.StoreID = "out", "S2" })
	require.Equal(t, "isv.REFUND_FAILED_STORE_NOMATCH", w.refund(wanted()).subCode)
	require.Equal(t, "银泰武林店", w.refund(with(wanted(), "store_id", "87654321")).fields["store_name"])
}

func TestARefundInTheConsoleClosesTheOrder(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(nil)
	_, err := w.ctl.RefundElsewhere(t.Context(), tradeNo, 1)
	require.ErrorContains(t, err, "in full only")
	o, err := w.ctl.RefundElsewhere(t.Context(), tradeNo, 88888)
	require.NoError(t, err)
	require.True(t, o.Refunds[0].Elsewhere)
	require.Equal(t, "isp.REFUND_NOT_ALLOWED_ERROR", w.refund(wanted()).subCode)
	require.Equal(t, "TRADE_CLOSED", w.call(mosQuery, form{"trade_no": tradeNo, "store_id_type": "miaojie", "store_id": "12345678"}).fields["trade_status"])
}
