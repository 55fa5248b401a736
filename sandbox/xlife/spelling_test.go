package xlife_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestARefundIsTakenInEveryLegalSpelling(t *testing.T) {
	for name, in := range map[string]map[string]any{
		"the amount as text":              with(wanted(), "refund_amount", "88888"),
		"a member nobody knows":           with(wanted(), "colour", "red"),
		"members that are null":           with(with(wanted(), "terminal_id", jsonNull{}), "extend_params", jsonNull{}),
		"members that are empty":          with(with(wanted(), "terminal_id", ""), "out_trade_no", ""),
		"the merchant's number alone":     with(wanted(), "trade_no", nil),
		"a number of 64 characters":       with(wanted(), "out_request_no", strings.Repeat("9", 64)),
		"a reason of 200 Chinese letters": with(wanted(), "refund_reason", strings.Repeat("退", 200)),
		"a reason with markup":            with(wanted(), "refund_reason", `<a> & "b" \ 100%+1`),
		"a till and an operator by name":  with(with(wanted(), "terminal_id", "收银台 1"), "operator_id", strings.Repeat("店员", 40)),
		"nested extend_params":            with(wanted(), "extend_params", `{"ADDRESS":{"city":["杭州"]}}`),
		"the store by the other number":   with(with(wanted(), "store_id_type", "out"), "store_id", "S1"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.XLifeSettings{})
			w.order(nil)
			got := w.refund(in)
			require.Equal(t, "Y", got.fields["fund_change"], got.raw)
			require.EqualValues(t, 88888, w.book().Refunded)
		})
	}
	t.Run("blanks, escapes and another order of members", func(t *testing.T) {
		w := newWorld(t, control.XLifeSettings{})
		w.order(nil)
		got := w.call(refundMethod, form{"onsite_trade_refund_request": " {\n\t\"store_id\" : \"12345678\", \"store_id_type\":\"miaojie\",\r\n" +
			`"refund_reason":"\u6b63\u5e38","out_request_no":"HZ01RF001", "refund_amount" : 88888,"out_trade_no":"20260301ORDER0001"} `})
		require.Equal(t, "Y", got.fields["fund_change"], got.raw)
	})
}

// jsonNull is a member that is sent and holds nothing.
type jsonNull struct{}

func (jsonNull) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func TestWhatNoSpellingMakesRightIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		in   map[string]any
		want string
	}{
		"a number of 65 characters":    {with(wanted(), "out_request_no", strings.Repeat("9", 65)), "isv.REFUND_INVALID_PARAMS"},
		"an amount of nothing":         {with(wanted(), "refund_amount", 0), "isv.REFUND_INVALID_PARAMS"},
		"an amount below nothing":      {with(wanted(), "refund_amount", -88888), "isv.REFUND_INVALID_PARAMS"},
		"an amount with leading zeros": {with(wanted(), "refund_amount", "088888"), "isv.REFUND_INVALID_PARAMS"},
		"an amount as a float":         {with(wanted(), "refund_amount", 8.88885e4), "isv.REFUND_INVALID_PARAMS"},
		"an amount beyond 64 bits":     {with(wanted(), "refund_amount", "99999999999999999999"), "isv.REFUND_INVALID_PARAMS"},
		"a store type in capitals":     {with(wanted(), "store_id_type", "MIAOJIE"), "isv.REFUND_INVALID_PARAMS"},
		"a store nobody knows":         {with(wanted(), "store_id", "银泰城西店"), "isv.REFUND_FAILED_STORE_NOMATCH"},
		"an order in other letters":    {with(with(wanted(), "trade_no", nil), "out_trade_no", "20260301order0001"), "isv.REFUND_INVALID_PARAMS"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.XLifeSettings{})
			w.order(nil)
			require.Equal(t, c.want, w.refund(c.in).subCode)
			require.Zero(t, w.book().Refunded)
		})
	}
}

func TestAnOrderOfAnySizeIsGivenBackToTheFen(t *testing.T) {
	for _, total := range []int64{1, 9007199254740993, 9223372036854775807} {
		w := newWorld(t, control.XLifeSettings{})
		w.order(func(o *control.NewXLifeOrder) { o.Total, o.Coupon, o.Subsidy, o.Marketing = total, 0, 0, 0 })
		got := w.refund(with(wanted(), "refund_amount", total))
		require.Equal(t, strconv.FormatInt(total, 10), fmt.Sprint(got.fields["refund_fee"]), got.raw)
		require.Equal(t, total, w.book().Refunded)
	}
}

// Numbers are compared to the letter: a number in other letters is another refund, of which an order has only one.
func TestANumberInOtherLettersIsAnotherNumber(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(nil)
	require.Equal(t, "Y", w.refund(wanted()).fields["fund_change"])
	require.Equal(t, "isp.REFUND_NOT_ALLOWED_ERROR", w.refund(with(wanted(), "out_request_no", "hz01rf001")).subCode)
}

func TestTheClockIsComparedToTheSecond(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.stage.Clock.Advance(900 * time.Millisecond)
	for by, code := range map[time.Duration]int64{
		-10 * time.Minute: 0, 10 * time.Minute: 0, -10*time.Minute - time.Second: 31, 10*time.Minute + time.Second: 31,
	} {
		at := afternoon.Add(by)
		for _, stamp := range []string{at.Format(time.DateTime), strconv.FormatInt(at.UnixMilli(), 10), strconv.FormatInt(at.UnixMilli()+900, 10)} {
			require.Equal(t, code, w.call(mosNewOrder, form{"out_trade_no": "1", "timestamp": stamp}).code, "%s %s", by, stamp)
		}
	}
	for _, stamp := range []string{strconv.FormatInt(afternoon.Unix(), 10), "2026-03-01 07:20:00", "2026-03-01 15:20:00.0", " 2026-03-01 15:20:00",
		"2026-3-1 15:20:00", "2026-02-30 15:20:00"} {
		require.EqualValues(t, 31, w.call(mosNewOrder, form{"out_trade_no": "1", "timestamp": stamp}).code, stamp)
	}
}

// TOP's clients put the system's parameters into the address, the body or both.
func TestParametersMayStandInTheAddressAndInTheBody(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(nil)
	send := func(kind, query, body string) reply {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/router/rest?"+query, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", kind)
		return w.read(w.do(req))
	}
	const kind = "application/x-www-form-urlencoded"
	all := signed(w.system(refundMethod, form{"onsite_trade_refund_request": text(wanted())}))
	system, own := maps.Clone(all), form{"onsite_trade_refund_request": all["onsite_trade_refund_request"]}
	delete(system, "onsite_trade_refund_request")
	for name, got := range map[string]reply{
		"divided":                        send(kind, encode(system), encode(own)),
		"the system's in both":           send(kind, encode(system), encode(all)),
		"all in the body":                send(kind, "", encode(all)),
		"another charset":                send(kind+" ; charset=GBK", "", encode(all)),
		"the type in other letters":      send("Application/X-WWW-Form-URLEncoded;CHARSET=UTF-8", "", encode(all)),
		"empty ones, which no one signs": send(kind, "", encode(all)+"&partner_id=&simplify="),
	} {
		require.Zero(t, got.code, "%s: %s", name, got.raw)
	}
	require.EqualValues(t, 88888, w.book().Refunded)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		require.EqualValues(t, 41, send(kind, encode(form{name: all[name] + "x"}), encode(all)).code, "%s, two of it", name)
	}
}
