package baidu_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestEveryFaultKindReachesARealClient(t *testing.T) {
	type seen struct {
		status int
		header http.Header
		body   string
		err    error
	}
	for _, c := range []struct {
		fault control.Fault
		check func(t *testing.T, s seen)
	}{
		{control.Fault{Kind: control.FaultDisconnect}, func(t *testing.T, s seen) {
			require.Error(t, s.err)
			require.Zero(t, s.status, "no answer at all")
		}},
		{control.Fault{Kind: control.FaultStatus, Status: 502}, func(t *testing.T, s seen) {
			require.NoError(t, s.err)
			require.Equal(t, 502, s.status)
			require.Empty(t, s.body)
		}},
		{control.Fault{Kind: control.FaultStatus, Status: 429, RetryAfter: control.Duration(7 * time.Second), Body: "slow down"}, func(t *testing.T, s seen) {
			require.Equal(t, 429, s.status)
			require.Equal(t, "7", s.header.Get("Retry-After"))
			require.Equal(t, "slow down", s.body)
		}},
		{control.Fault{Kind: control.FaultAnswer, Errno: new(int64(5010003)), Msg: "QPS"}, func(t *testing.T, s seen) {
			require.JSONEq(t, `{"errno":5010003,"msg":"QPS","data":[]}`, s.body)
		}},
		{control.Fault{Kind: control.FaultAnswer, Errno: new(int64(0)), Msg: "success", Data: json.RawMessage(`{"refundBatchId":"1","refundPayMoney":"1"}`)}, func(t *testing.T, s seen) {
			require.JSONEq(t, `{"errno":0,"msg":"success","data":{"refundBatchId":"1","refundPayMoney":"1"}}`, s.body)
		}},
		{control.Fault{Kind: control.FaultAnswer, ErrorCode: new(int64(111)), Msg: "expired"}, func(t *testing.T, s seen) {
			require.JSONEq(t, `{"error_code":111,"error_msg":"expired"}`, s.body)
		}},
		{control.Fault{Kind: control.FaultAnswer, Body: `{"errno":"0"}`}, func(t *testing.T, s seen) {
			require.Equal(t, `{"errno":"0"}`, s.body)
		}},
		{control.Fault{Kind: control.FaultHTML}, func(t *testing.T, s seen) {
			require.Equal(t, 200, s.status)
			require.Contains(t, s.header.Get("Content-Type"), "text/html")
			require.Contains(t, s.body, "<html>")
		}},
		{control.Fault{Kind: control.FaultTruncated}, func(t *testing.T, s seen) {
			require.Equal(t, 200, s.status)
			require.ErrorIs(t, s.err, io.ErrUnexpectedEOF)
			require.False(t, json.Valid([]byte(s.body)))
			require.NotEmpty(t, s.body)
		}},
		{control.Fault{Kind: control.FaultEmpty}, func(t *testing.T, s seen) {
			require.NoError(t, s.err)
			require.Equal(t, 200, s.status)
			require.Empty(t, s.body)
		}},
		{control.Fault{Kind: control.FaultHuge}, func(t *testing.T, s seen) {
			require.NoError(t, s.err)
			require.Greater(t, len(s.body), 4<<20)
			require.True(t, json.Valid([]byte(s.body)), "only a size limit protects against it")
		}},
		{control.Fault{Kind: control.FaultNoErrno}, func(t *testing.T, s seen) {
			require.NotContains(t, s.body, "errno")
			require.Contains(t, s.body, `"msg":"success"`)
		}},
		{control.Fault{Kind: control.FaultDelay, Delay: control.Duration(time.Millisecond)}, func(t *testing.T, s seen) {
			require.Contains(t, s.body, `"errno":0`, "a delay changes nothing but time")
		}},
	} {
		for _, phase := range []control.FaultPhase{control.Before, control.After} {
			t.Run(fmt.Sprintf("%s %d %s %s", c.fault.Kind, c.fault.Status, c.fault.Msg, phase), func(t *testing.T) {
				w := newWorld(t, control.BaiduSettings{})
				w.order(nil)
				c.fault.Op, c.fault.Phase = "applyOrderRefund", phase
				w.fault(c.fault)

				var s seen
				var body []byte
				var res *http.Response
				res, body, s.err = w.send(http.MethodPost, cashierApply, encode(w.sign(partial("100", "B1"), "rsaSign")))
				if res != nil {
					s.status, s.header, s.body = res.StatusCode, res.Header, string(body)
				}
				c.check(t, s)

				o := w.book()
				happened := phase == control.After || c.fault.Kind == control.FaultDelay
				require.Equal(t, happened, len(o.Refunds) == 1, "before: nothing happened; after: only the answer is spoilt")
				require.Len(t, o.Calls, 1)
				require.Equal(t, happened, o.Calls[0].Processed)
				require.Equal(t, []control.AppliedFault{{ID: 1, Kind: c.fault.Kind, Phase: phase}}, o.Calls[0].Faults)
				require.Zero(t, w.post(cashierApply, partial("100", "B2")).code(), "the next call is spared")
			})
		}
	}
}

// Go's transport repeats a GET by itself when a reused connection ends before the first byte; the fault must not be hidden so.
func TestDisconnectOnAReusedConnectionIsNotRepeatedByTheTransport(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	require.Zero(t, w.query().code())
	w.fault(control.Fault{Op: "queryorderdetail", Kind: control.FaultDisconnect})
	_, _, err := w.send(http.MethodGet, orderQuery, encode(w.sign(detail(), "sign")))
	require.Error(t, err)
	require.Len(t, w.book().Calls, 2)
}

func TestEveryOperationCanSufferFaults(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	token := w.token()
	signed := func(f form, name string) string { return encode(w.sign(f, name)) }
	for op, request := range map[string][3]string{
		"applyOrderRefund": {http.MethodPost, cashierApply, signed(partial("1", "B1"), "rsaSign")},
		"syncOrderStatus":  {http.MethodPost, legacyRest, signed(with(cancel(), "method", "nuomi.cashier.syncorderstatus"), "rsaSign")},
		"queryorderdetail": {http.MethodGet, orderQuery, signed(detail(), "sign")},
		"findOrderRefund":  {http.MethodGet, payService + "findOrderRefund", encode(form{"tpOrderId": "10000234", "access_token": token, "pmAppKey": "MMM4hG"})},
		"findByTpOrderId":  {http.MethodGet, payService + "findByTpOrderId", encode(form{"tpOrderId": "10000234", "access_token": token, "pmAppKey": "MMM4hG"})},
		"token":            {http.MethodGet, "/oauth/2.0/token", encode(credentials())},
		"rest":             {http.MethodPost, legacyRest, "method=x"},
	} {
		t.Run(op, func(t *testing.T) {
			f := control.Fault{Op: op, Kind: control.FaultStatus, Status: 503}
			if op != "token" && op != "rest" {
				f.OrderID = "800200451" // also where the call carries the merchant's id only
			}
			w.fault(f)
			res, _, err := w.send(request[0], request[1], request[2])
			require.NoError(t, err)
			require.Equal(t, 503, res.StatusCode)
		})
	}
}

func TestFaultOnAnotherOrderSparesThisOne(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	w.fault(control.Fault{Op: "*", OrderID: "1", Kind: control.FaultEmpty, Times: -1})
	require.Zero(t, w.post(cashierApply, partial("1", "B1")).code())
}

func TestEveryDocumentedCodeCanBeAnswered(t *testing.T) {
	type entry struct {
		Code        int64
		Meaning     string
		Ops         []string
		MsgContains []string `json:"msg_contains"`
	}
	var file struct {
		Cashier []entry `json:"cashier_errno"`
		Access  []entry `json:"access_layer"`
		Gateway []entry `json:"openapi_error_code"`
		Openapi []entry `json:"openapi_errno"`
	}
	readJSON(t, "testdata/baidu_error_codes.json", &file)
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	token := w.token()
	for _, list := range []struct {
		name    string
		entries []entry
		gateway bool
	}{{"cashier", file.Cashier, false}, {"access", file.Access, false}, {"gateway", file.Gateway, true}, {"openapi", file.Openapi, false}} {
		require.NotEmpty(t, list.entries)
		for i, e := range list.entries {
			t.Run(fmt.Sprintf("%s %d %d", list.name, i, e.Code), func(t *testing.T) {
				op := "applyOrderRefund"
				if len(e.Ops) > 0 {
					op = e.Ops[0]
				}
				msg := e.Meaning + strings.Join(e.MsgContains, "")
				f := control.Fault{Op: op, Kind: control.FaultAnswer, Msg: msg}
				want := map[string]any{"errno": e.Code, "msg": msg, "data": []any{}}
				if f.Errno = &e.Code; list.gateway {
					f.Errno, f.ErrorCode = nil, &e.Code
					want = map[string]any{"error_code": e.Code, "error_msg": msg}
				}
				w.fault(f)
				var got string
				switch {
				case op == "syncOrderStatus":
					got = w.post(cashierCancel, cancel()).Raw
				case list.name == "gateway" || list.name == "openapi":
					got = w.openapi(http.MethodPost, op, token, openapiApply("1", "B1")).Raw
				default:
					got = w.post(cashierApply, partial("1", "B1")).Raw
				}
				expected, err := json.Marshal(want)
				require.NoError(t, err)
				require.JSONEq(t, string(expected), got)
			})
		}
	}
	require.Empty(t, w.book().Refunds)
}

func TestACodeInWordsIsReadAsANumberHere(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	for code, want := range map[string]int64{"10002": 10002, "SYSTEM_ERROR": 10003} {
		w.fault(control.Fault{Op: "*", Kind: control.FaultAnswer, Code: code, Msg: "m"})
		got := w.post(cashierApply, partial("1", "B1"))
		require.Equal(t, []any{want, "m"}, []any{got.code(), got.Msg})
	}
	require.Empty(t, w.book().Refunds)
}
