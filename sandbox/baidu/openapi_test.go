package baidu_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func credentials() form {
	return form{"grant_type": "client_credentials", "client_id": "client-1", "client_secret": "secret-1", "scope": "smartapp_snsapi_base"}
}

func (w *world) token() string {
	w.Helper()
	res, body, err := w.send(http.MethodGet, "/oauth/2.0/token", encode(credentials()))
	require.NoError(w, err)
	require.Equal(w, http.StatusOK, res.StatusCode)
	var t struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	require.NoError(w, json.Unmarshal(body, &t))
	require.EqualValues(w, 2592000, t.ExpiresIn)
	return t.AccessToken
}

// openapiApply is the standard application in the openapi's words.
func openapiApply(money, biz string) form {
	return with(with(without(partial(money, biz), "appKey"), "pmAppKey", "MMM4hG"), "isSkipAudit", "1")
}

func (w *world) openapi(method, op, token string, f form) reply {
	w.Helper()
	if method == http.MethodGet {
		return w.must(w.send(method, payService+op, encode(with(f, "access_token", token))))
	}
	return w.must(w.send(method, payService+op+"?"+encode(form{"access_token": token, "sp_sdk_lang": "go"}), encode(f)))
}

func (w *world) find(token string) reply {
	w.Helper()
	return w.openapi(http.MethodGet, "findOrderRefund", token, form{"tpOrderId": "10000234", "userId": "2250333905", "pmAppKey": "MMM4hG"})
}

func TestOpenapiApplyAndQueriesUseTheirOwnWireTypes(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{SettleAfter: control.Duration(time.Minute)})
	w.order(nil)
	token := w.token()

	require.JSONEq(t, `{"errno":0,"msg":"success","data":[]}`, w.find(token).Raw)
	require.JSONEq(t, `{"errno":0,"msg":"success","data":{"refundBatchId":"152713835","refundPayMoney":100}}`,
		w.openapi(http.MethodPost, "applyOrderRefund", token, openapiApply("100", "B1")).Raw, "the money is a number on this door")
	status := func() string { return string(w.find(token).Data) }
	row := func(status string) string {
		return `[{"bizRefundBatchId":"B1","orderId":800200451,"refundBatchId":152713835,"refundStatus":` + status + `,"userId":2250333905}]`
	}
	require.JSONEq(t, row("1"), status())
	w.advance(time.Minute)
	require.JSONEq(t, row("2"), status(), "2 is success in this message")

	var got, sample map[string]any
	require.NoError(t, json.Unmarshal(w.openapi(http.MethodGet, "findByTpOrderId", token,
		form{"tpOrderId": "10000234", "pmAppKey": "MMM4hG"}).Data, &got))
	require.NoError(t, json.Unmarshal(sampleData(t, "find-by-tp-order-id"), &sample))
	for field, value := range sample {
		if field == "appId" { // the sample prints 0
			continue
		}
		require.IsType(t, value, got[field], "%s has the published type", field)
	}
	require.EqualValues(t, 9800, got["totalMoney"])
	require.EqualValues(t, 2, got["status"])
}

// sampleData is the data of a published response sample.
func sampleData(t *testing.T, id string) json.RawMessage {
	t.Helper()
	var file struct {
		Samples []struct {
			ID       string
			Response struct{ Data json.RawMessage }
		}
	}
	readJSON(t, "testdata/baidu_samples.json", &file)
	for _, s := range file.Samples {
		if s.ID == id {
			return s.Response.Data
		}
	}
	t.Fatalf("no sample %q", id)
	return nil
}

func TestFailedRefundIsThreeInTheQuery(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(func(o *control.NewBaiduOrder) { o.Outcome = control.Failed })
	require.Zero(t, w.post(cashierApply, partial("100", "B1")).code())
	require.Contains(t, w.find(w.token()).Raw, `"refundStatus":3`)
}

func TestQueryLagHidesAFreshRefund(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{QueryLag: control.Duration(30 * time.Second)})
	w.order(nil)
	token := w.token()
	require.Zero(t, w.post(cashierApply, partial("100", "B1")).code())
	require.JSONEq(t, `[]`, string(w.find(token).Data))
	w.advance(29 * time.Second)
	require.JSONEq(t, `[]`, string(w.find(token).Data))
	w.advance(time.Second)
	require.Contains(t, w.find(token).Raw, `"B1"`)
}

func TestTokensAreCheckedAndExpire(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	token := w.token()
	query := form{"tpOrderId": "10000234", "userId": "2250333905", "pmAppKey": "MMM4hG"}
	refusal := func(token string) string {
		_, body, err := w.send(http.MethodGet, payService+"findOrderRefund", encode(with(query, "access_token", token)))
		require.NoError(t, err)
		return string(body)
	}
	require.JSONEq(t, `{"error_code":110,"error_msg":"Access token invalid or no longer valid"}`, refusal("24.made.up"),
		"a gateway error has no errno and no data")
	require.JSONEq(t, `{"error_code":100,"error_msg":"Invalid parameter"}`, refusal(""))
	w.advance(30*24*time.Hour - time.Second)
	require.Zero(t, w.find(token).code())
	w.advance(time.Second)
	require.JSONEq(t, `{"error_code":111,"error_msg":"Access token expired"}`, refusal(token))

	_, public := docKey(t)
	_, err := w.baidu.CreateMerchant(t.Context(), control.NewBaiduMerchant{AppKey: "MMMbare", AppID: 3, PublicKeyPEM: public})
	require.NoError(t, err, "a merchant without openapi credentials must not make empty ones valid")
	for name, c := range map[string]struct {
		send form
		want string
	}{
		"client unknown":   {with(credentials(), "client_id", "nobody"), `{"error":"invalid_client","error_description":"unknown client id"}`},
		"secret wrong":     {with(credentials(), "client_secret", "x"), `{"error":"invalid_client","error_description":"Client authentication failed"}`},
		"no client at all": {form{"grant_type": "client_credentials"}, `{"error":"invalid_client","error_description":"unknown client id"}`},
		"grant unknown":    {with(credentials(), "grant_type", "x"), `{"error":"unsupported_grant_type","error_description":"the grant_type must be client_credentials"}`},
	} {
		t.Run(name, func(t *testing.T) {
			res, body, err := w.send(http.MethodGet, "/oauth/2.0/token", encode(c.send))
			require.NoError(t, err)
			require.Equal(t, http.StatusUnauthorized, res.StatusCode)
			require.JSONEq(t, c.want, string(body))
		})
	}
}

// The official Go client sends refundNotifyUrl whether there is one or not.
func TestOnOpenapiAnEmptyValueCountsAsNotSent(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	token := w.token()
	apply := with(openapiApply("100", "B1"), "refundNotifyUrl", "")
	require.Zero(t, w.openapi(http.MethodPost, "applyOrderRefund", token, apply).code())
	require.EqualValues(t, 100, w.book().Refunds[0].Amount)
	calls, err := w.ctl.Calls(t.Context(), control.CallFilter{Op: "applyOrderRefund"})
	require.NoError(t, err)
	require.Zero(t, w.openapi(http.MethodPost, "applyOrderRefund", token, without(apply, "refundNotifyUrl")).code())
	again, err := w.ctl.Calls(t.Context(), control.CallFilter{Op: "applyOrderRefund", After: calls[0].Seq})
	require.NoError(t, err)
	require.Equal(t, calls[0].Content, again[0].Content, "with and without it the same is said")
	require.EqualValues(t, 40001, w.openapi(http.MethodPost, "applyOrderRefund", token, with(apply, "bizRefundBatchId", "")).code(),
		"what is required is missing")
}

func TestOpenapiRefusals(t *testing.T) {
	w := newWorld(t, control.BaiduSettings{})
	w.order(nil)
	_, public := docKey(t)
	_, err := w.baidu.CreateMerchant(t.Context(), control.NewBaiduMerchant{AppKey: "MMMother", AppID: 2, PublicKeyPEM: public})
	require.NoError(t, err)
	token := w.token()
	apply := openapiApply("100", "B1")
	find := form{"tpOrderId": "10000234", "userId": "2250333905", "pmAppKey": "MMM4hG"}
	for name, c := range map[string]struct {
		method, op string
		send       form
		code       int64
	}{
		"serial missing":            {http.MethodPost, "applyOrderRefund", without(apply, "bizRefundBatchId"), 40001},
		"audit choice missing":      {http.MethodPost, "applyOrderRefund", without(apply, "isSkipAudit"), 40001},
		"audit choice out of range": {http.MethodPost, "applyOrderRefund", with(apply, "isSkipAudit", "2"), 41000},
		"notify address relative":   {http.MethodPost, "applyOrderRefund", with(apply, "refundNotifyUrl", "/x"), 41000},
		"amount in yuan":            {http.MethodPost, "applyOrderRefund", with(apply, "applyRefundMoney", "1.0"), 41000},
		"appKey unknown":            {http.MethodPost, "applyOrderRefund", with(apply, "pmAppKey", "MMMno"), 60008},
		"appKey of another client":  {http.MethodPost, "applyOrderRefund", with(apply, "pmAppKey", "MMMother"), 6001},
		"order unknown":             {http.MethodPost, "applyOrderRefund", with(apply, "orderId", "1"), 10002},
		"order still verified":      {http.MethodPost, "applyOrderRefund", without(apply, "applyRefundMoney"), 10002},
		"markup in the reason":      {http.MethodPost, "applyOrderRefund", with(apply, "refundReason", "<b>"), 4010006},
		"token sent twice":          {http.MethodPost, "applyOrderRefund", with(apply, "access_token", token), 40001},
		"find: order unknown":       {http.MethodGet, "findOrderRefund", with(find, "tpOrderId", "1"), 60021},
		"find: user wrong":          {http.MethodGet, "findOrderRefund", with(find, "userId", "1"), 60021},
		"order: unknown":            {http.MethodGet, "findByTpOrderId", form{"tpOrderId": "1", "pmAppKey": "MMM4hG"}, 60021},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.openapi(c.method, c.op, token, c.send)
			require.Equal(t, c.code, r.code(), r.Raw)
			require.JSONEq(t, `[]`, string(r.Data))
		})
	}
	require.Empty(t, w.book().Refunds)
	calls, err := w.ctl.Calls(t.Context(), control.CallFilter{})
	require.NoError(t, err)
	logged, err := json.Marshal(calls)
	require.NoError(t, err)
	require.NotContains(t, string(logged), token)
	require.NotContains(t, string(logged), "secret-1")
}
