package sandbox_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox"
	"github.com/refundflow/refundflow/sandbox/control"
)

func start(t *testing.T, o sandbox.Options) (*sandbox.Server, *control.Client) {
	t.Helper()
	srv, err := sandbox.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = srv.Close() })
	return srv, control.New(srv.URL() + "/")
}

func publicKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestOnlyLoopbackUnlessAsked(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0"} {
		_, err := sandbox.Start(t.Context(), sandbox.Options{Addr: addr})
		require.ErrorIs(t, err, sandbox.ErrNotLoopback, addr)
	}
	_, err := sandbox.Start(t.Context(), sandbox.Options{Addr: "9300"})
	require.ErrorContains(t, err, "host:port")
	srv, _ := start(t, sandbox.Options{Addr: "0.0.0.0:0", AllowRemote: true})
	require.NoError(t, srv.Close())
}

func TestTakenPortIsNamed(t *testing.T) {
	srv, _ := start(t, sandbox.Options{})
	taken := strings.TrimPrefix(srv.URL(), "http://")
	_, err := sandbox.Start(t.Context(), sandbox.Options{Addr: taken})
	require.ErrorContains(t, err, taken)
	require.ErrorContains(t, err, "free the port")
}

func TestSettingsAreCheckedAtStart(t *testing.T) {
	_, err := sandbox.Start(t.Context(), sandbox.Options{Baidu: control.BaiduSettings{CapRule: "sometimes"}})
	require.ErrorContains(t, err, "cap_rule")
}

func TestServerEndsWithItsContextAndMayBeClosedTwice(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	srv, err := sandbox.Start(ctx, sandbox.Options{})
	require.NoError(t, err)
	cancel()
	require.NoError(t, srv.Close())
	require.NoError(t, srv.Close())
	_, err = control.New(srv.URL()).Clock(t.Context())
	require.Error(t, err)
}

func TestCloseCutsAPlannedDelayShort(t *testing.T) {
	srv, ctl := start(t, sandbox.Options{})
	_, err := ctl.AddFault(t.Context(), control.Fault{Op: "token", Kind: control.FaultDelay, Delay: control.Duration(100 * time.Hour)})
	require.NoError(t, err)
	failed := make(chan error, 1)
	go func() {
		res, err := http.Get(srv.URL() + "/oauth/2.0/token")
		if err == nil {
			_ = res.Body.Close()
		}
		failed <- err
	}()
	require.Eventually(t, func() bool {
		faults, err := ctl.Faults(t.Context())
		return err == nil && faults[0].Used == 1
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, srv.Close())
	require.Error(t, <-failed)
}

func TestAPersonWithCurlFindsTheWay(t *testing.T) {
	srv, _ := start(t, sandbox.Options{})
	for path, wants := range map[string][]string{
		"/sandbox/v1/": {"/clock/advance", "/faults", "/calls", "/reset", "/baidu/merchants", "/baidu/books/{order_id}", "applyOrderRefund"},
		"/nowhere":     {"/sandbox/v1/"},
	} {
		res, err := http.Get(srv.URL() + path)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		for _, want := range wants {
			require.Contains(t, string(body), want, path)
		}
	}
}

func TestResetForgetsEverything(t *testing.T) {
	_, ctl := start(t, sandbox.Options{Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	ctx := t.Context()
	_, err := ctl.Baidu().CreateMerchant(ctx, control.NewBaiduMerchant{AppKey: "MMM", AppID: 1, PublicKeyPEM: publicKey(t)})
	require.NoError(t, err)
	_, err = ctl.Baidu().CreateOrder(ctx, control.NewBaiduOrder{AppKey: "MMM", Total: 1})
	require.NoError(t, err)
	_, err = ctl.Baidu().SetSettings(ctx, control.BaiduSettings{OverTotal: control.Pay})
	require.NoError(t, err)
	_, err = ctl.AddFault(ctx, control.Fault{Op: "*", Kind: control.FaultEmpty})
	require.NoError(t, err)
	_, err = ctl.Advance(ctx, time.Hour)
	require.NoError(t, err)

	require.NoError(t, ctl.Reset(ctx))

	books, err := ctl.Baidu().Books(ctx)
	require.NoError(t, err)
	require.Empty(t, books.Merchants)
	require.Empty(t, books.Orders)
	require.EqualValues(t, 1_800_000_000, books.Now.Unix())
	settings, err := ctl.Baidu().Settings(ctx)
	require.NoError(t, err)
	require.Equal(t, control.Refuse, settings.OverTotal)
	faults, err := ctl.Faults(ctx)
	require.NoError(t, err)
	require.Empty(t, faults)
}

func TestControlRefusesWithTheFieldAndTheFix(t *testing.T) {
	srv, ctl := start(t, sandbox.Options{})
	_, err := ctl.Baidu().CreateMerchant(t.Context(), control.NewBaiduMerchant{AppKey: "MMM", AppID: 1, PublicKeyPEM: publicKey(t)})
	require.NoError(t, err)
	_, err = ctl.Baidu().CreateOrder(t.Context(), control.NewBaiduOrder{AppKey: "MMM", OrderID: "5", TpOrderID: "T5", Total: 1})
	require.NoError(t, err)
	key := strings.ReplaceAll(publicKey(t), "\n", `\n`)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		text                     string
	}{
		{"field unknown", "POST", "/baidu/orders", `{"app_key":"MMM","amount":1}`, 400, `unknown field`},
		{"not JSON", "POST", "/faults", `x`, 400, "one JSON object"},
		{"two values", "POST", "/faults", `{"op":"*","kind":"html"}{}`, 400, "exactly one object"},
		{"fault unknown", "POST", "/faults", `{"op":"*","kind":"fire"}`, 400, `kind \"fire\"`},
		{"clock: nothing asked", "POST", "/clock/advance", `{}`, 400, "exactly one of"},
		{"clock: both asked", "POST", "/clock/advance", `{"by":"1h","next_day":true}`, 400, "exactly one of"},
		{"clock: backwards", "POST", "/clock/advance", `{"by":"-1h"}`, 400, "negative"},
		{"fault: platform unknown", "POST", "/faults", `{"op":"*","platform":"paypal","kind":"html"}`, 400, `platform \"paypal\"`},
		{"fault: drop is for messages", "POST", "/faults", `{"op":"token","kind":"drop"}`, 400, `op \"notify\"`},
		{"deliveries: filter unknown", "GET", "/deliveries?refund_no=1", ``, 400, "order_id"},
		{"deliveries: seq no number", "POST", "/deliveries/x/again", ``, 400, "seq"},
		{"deliveries: seq unknown", "POST", "/deliveries/7/again", ``, 404, "seq 7"},
		{"tls: no such door", "GET", "/tls", ``, 404, "--tls-addr"},
		{"merchant: audit address relative", "PATCH", "/baidu/merchants/MMM", `{"refund_audit_url":"/audit"}`, 400, "refund_audit_url"},
		{"merchant: notify address odd", "PATCH", "/baidu/merchants/MMM", `{"refund_notify_url":"ftp://h/"}`, 400, "refund_notify_url"},
		{"settings: notify unknown", "PATCH", "/baidu/settings", `{"notify":"sometimes"}`, 400, "success_only"},
		{"desk refund: order unknown", "POST", "/baidu/orders/6/refunds", `{"amount":1}`, 404, "order_id"},
		{"desk refund: amount missing", "POST", "/baidu/orders/5/refunds", `{}`, 400, "amount"},
		{"calls: filter unknown", "GET", "/calls?order=1", ``, 400, "order_id"},
		{"calls: after no number", "GET", "/calls?after=x", ``, 400, "seq"},
		{"merchant: key missing", "POST", "/baidu/merchants", `{"app_key":"A","app_id":1}`, 400, "public_key_pem"},
		{"merchant: app key missing", "POST", "/baidu/merchants", `{"app_id":1}`, 400, "app_key"},
		{"merchant: app id missing", "POST", "/baidu/merchants", `{"app_key":"A"}`, 400, "app_id"},
		{"merchant: taken", "POST", "/baidu/merchants", `{"app_key":"MMM","app_id":1}`, 409, "PATCH"},
		{"merchant: half credentials", "POST", "/baidu/merchants", `{"app_key":"A","app_id":1,"client_id":"x","public_key_pem":"` + key + `"}`, 400, "client_secret"},
		{"merchant: unknown", "GET", "/baidu/merchants/A", ``, 404, "app_key"},
		{"merchant: balance negative", "PATCH", "/baidu/merchants/MMM", `{"balance":-1}`, 400, "balance"},
		{"merchant: balance with a fraction", "PATCH", "/baidu/merchants/MMM", `{"balance":1.5}`, 400, "balance"},
		{"merchant: cap negative", "PATCH", "/baidu/merchants/MMM", `{"daily_cap":-1}`, 400, "daily_cap"},
		{"merchant: policy unknown", "PATCH", "/baidu/merchants/MMM", `{"on_repeat":"shrug"}`, 400, "pay_again"},
		{"order: merchant unknown", "POST", "/baidu/orders", `{"app_key":"A","total":1}`, 404, "app_key"},
		{"order: total missing", "POST", "/baidu/orders", `{"app_key":"MMM"}`, 400, "total"},
		{"order: id taken", "POST", "/baidu/orders", `{"app_key":"MMM","total":1,"order_id":"5"}`, 409, "order_id"},
		{"order: merchant order id taken", "POST", "/baidu/orders", `{"app_key":"MMM","total":1,"tp_order_id":"T5"}`, 409, "tp_order_id"},
		{"order: id no number", "POST", "/baidu/orders", `{"app_key":"MMM","total":1,"order_id":"x"}`, 400, "order_id"},
		{"order: unpaid but verified", "POST", "/baidu/orders", `{"app_key":"MMM","total":1,"paid":false,"verified":true}`, 400, "verified"},
		{"order: outcome unknown", "PATCH", "/baidu/orders/5", `{"outcome":"maybe"}`, 400, "outcome"},
		{"order: total is fixed", "PATCH", "/baidu/orders/5", `{"total":2}`, 400, "unknown field"},
		{"order: unknown", "GET", "/baidu/books/6", ``, 404, "order_id"},
		{"settings: choice unknown", "PATCH", "/baidu/settings", `{"over_total":"cross"}`, 400, "over_total"},
		{"settings: bare number", "PATCH", "/baidu/settings", `{"settle_after":5}`, 400, "duration"},
		{"settings: token too short", "PATCH", "/baidu/settings", `{"token_ttl":"1ms"}`, 400, "token_ttl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), c.method, srv.URL()+"/sandbox/v1"+c.path, bytes.NewReader([]byte(c.body)))
			require.NoError(t, err)
			res, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, c.status, res.StatusCode, "%s", body)
			require.Contains(t, string(body), c.text)
			require.Contains(t, string(body), `"error"`)
		})
	}
	_, err = ctl.Baidu().Order(t.Context(), "6")
	var refusal *control.Error
	require.True(t, errors.As(err, &refusal))
	require.Equal(t, 404, refusal.Status)
}

func TestSettingsPatchKeepsWhatIsLeftOut(t *testing.T) {
	srv, ctl := start(t, sandbox.Options{Baidu: control.BaiduSettings{QueryLag: control.Duration(time.Minute)}})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, srv.URL()+"/sandbox/v1/baidu/settings", strings.NewReader(`{"over_total":"pay"}`))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	s, err := ctl.Baidu().Settings(t.Context())
	require.NoError(t, err)
	require.Equal(t, control.Pay, s.OverTotal)
	require.Equal(t, time.Minute, s.QueryLag.Std())
}

func TestMerchantsShowNoSecretAndBothPublicKeys(t *testing.T) {
	_, ctl := start(t, sandbox.Options{})
	public := publicKey(t)
	m, err := ctl.Baidu().CreateMerchant(t.Context(), control.NewBaiduMerchant{AppKey: "MMM", AppID: 1, PublicKeyPEM: public,
		ClientID: "c", ClientSecret: "s"})
	require.NoError(t, err)
	require.Equal(t, public, m.PublicKeyPEM)
	block, _ := pem.Decode([]byte(m.PlatformPublicKeyPEM))
	require.NotNil(t, block)
	_, err = x509.ParsePKIXPublicKey(block.Bytes)
	require.NoError(t, err)
	require.NotEqual(t, m.PublicKeyPEM, m.PlatformPublicKeyPEM)
}

func TestEveryPlatformIsOnStageAndOwnsItsOperations(t *testing.T) {
	srv, ctl := start(t, sandbox.Options{})
	help, err := get(t, http.DefaultClient, srv.URL()+"/sandbox/v1/")
	require.NoError(t, err)
	for _, platform := range []string{"baidu", "wechat", "xlife", "shengpay"} {
		require.Contains(t, help, platform+" (fault operations: ")
		fault := control.Fault{Platform: platform, Op: "syncOrderStatus", Kind: control.FaultEmpty}
		_, err := ctl.AddFault(t.Context(), fault)
		if platform == "baidu" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "syncOrderStatus", "the operation is Baidu's")
		}
	}
}
