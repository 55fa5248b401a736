package shengpay

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

type vectorFile struct {
	Keys map[string]struct {
		Private string `json:"private_pkcs8_pem"`
		Public  string `json:"public_pem"`
	}
	Vectors []struct {
		ID, Key, Canonical, Signature string
		Params                        map[string]string
	}
}

func vectors(t testing.TB) vectorFile {
	t.Helper()
	b, err := os.ReadFile("testdata/shengpay_signature_vectors.json")
	require.NoError(t, err)
	var file vectorFile
	require.NoError(t, json.Unmarshal(b, &file))
	require.Len(t, file.Vectors, 4)
	return file
}

func TestSignaturesAreTheVectors(t *testing.T) {
	file := vectors(t)
	for _, v := range file.Vectors {
		require.Equal(t, v.Canonical, canonical(v.Params), v.ID)
		block, _ := pem.Decode([]byte(file.Keys[v.Key].Private))
		require.NotNil(t, block)
		private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		require.NoError(t, err)
		got, err := sign(private.(*rsa.PrivateKey), v.Params)
		require.NoError(t, err)
		require.Equal(t, v.Signature, got, v.ID)
		public, err := parsePublicKey(file.Keys[v.Key].Public)
		require.NoError(t, err)
		v.Params["sign"] = v.Signature
		require.True(t, signed(public, v.Params, nil), v.ID)
		v.Params["nonceStr"] += "x"
		require.False(t, signed(public, v.Params, nil), v.ID)
	}
}

func TestSharesNeverOverflowAndNeverExceedTheWhole(t *testing.T) {
	for _, c := range []struct{ of, part, whole, want int64 }{
		{20, 33, 100, 6}, {20, 100, 100, 20}, {0, 1, 1, 0}, {1, 1, 3, 0},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64},
		{math.MaxInt64 - 1, math.MaxInt64 / 2, math.MaxInt64, math.MaxInt64/2 - 1},
	} {
		require.Equal(t, c.want, share(c.of, c.part, c.whole), "%d * %d / %d", c.of, c.part, c.whole)
	}
}

// The table of the notes: every code of it is answered somewhere, but for the two the sandbox has no reason for.
func TestTheTablesCodesAreAnsweredInItsSpelling(t *testing.T) {
	b, err := os.ReadFile("testdata/shengpay_error_codes.json")
	require.NoError(t, err)
	var file struct{ Codes []struct{ Code string } }
	require.NoError(t, json.Unmarshal(b, &file))
	made := map[string]bool{"ORDER_PAID": true, "SYSTEM_ERROR": true} // senseless for a refund; by a planned fault only
	for _, a := range []answer{noAuth, orderClosed, appIDUnknown, mchIDUnknown, notAPair, lacks("x"), wrong("x"), numberUsed, signError} {
		made[a.code] = true
	}
	for _, c := range file.Codes {
		if strings.ToUpper(c.Code) == c.Code { // the rest describes the levels around the codes
			require.True(t, made[c.Code], c.Code)
			delete(made, c.Code)
		}
	}
	require.Empty(t, made, "answered, but not in the table")
}

func TestAFaultsCodeIsAnErrorCode(t *testing.T) {
	p, err := New(stage.New(time.Now, nil), control.ShengpaySettings{})
	require.NoError(t, err)
	for fault, want := range map[*control.Fault]string{
		{Code: "NO_AUTH", Msg: "x"}: `"errorCode":"NO_AUTH","errorCodeDes":"x"`,
		{Code: "FAIL", Msg: "x"}:    `"returnCode":"FAIL","returnMsg":"x"`,
		{Errno: new(int64(0))}:      `"returnCode":"FAIL","returnMsg":"系统错误"`,
	} {
		fault.Kind = control.FaultAnswer
		require.Contains(t, string(p.forge(*fault, nil)), want)
	}
}

// Whatever arrives, the answer is JSON that is no success, and nothing moves: the merchant's key here is not the one that
// signed the seeds.
func FuzzNothingIsPaidWithoutTheMerchantsSignature(f *testing.F) {
	file := vectors(f)
	for _, v := range file.Vectors {
		v.Params["sign"] = v.Signature
		b, err := json.Marshal(v.Params)
		require.NoError(f, err)
		f.Add(string(b))
	}
	f.Add(`{"mchId":93745648,"sign":null,"a":[1]}`)
	f.Add(`{"mchId":"93745648","nonceStr":"n","signType":"RSA","sign":"===="}`)
	p, err := New(stage.New(time.Now, nil), control.ShengpaySettings{})
	require.NoError(f, err)
	stranger, err := rsa.GenerateKey(rand.Reader, 1024) // both keys of the vectors signed some of the seeds
	require.NoError(f, err)
	m, err := newMerchant(control.NewShengpayMerchant{AppID: "appid_huawei", MchID: "93745648", Unsettled: 100, PublicKeyPEM: publicPEM(stranger)})
	require.NoError(f, err)
	p.book.merchants[m.MchID] = m
	o := p.book.Draft(control.NewOrder{Merchant: m.MchID, PlatformID: "DO1", MerchantID: "huaweitest_0jhiuhi_31", Total: 100}, time.Now())
	require.NoError(f, p.book.Add(o))
	mux := http.NewServeMux()
	p.Routes(mux)
	f.Fuzz(func(t *testing.T, body string) {
		for _, op := range p.Ops() {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/"+op, strings.NewReader(body)))
			var answer struct{ ReturnCode, ResultCode string }
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), "%s: %s", op, w.Body)
			require.Equal(t, "FAIL", answer.ResultCode, "%s accepted %q: %s", op, body, w.Body)
			require.Empty(t, o.Refunds)
			require.EqualValues(t, 100, m.Unsettled)
		}
	})
}

// Whatever a genuine merchant asks for, the sum of an order's refunds stays within its total and the balance within bounds.
func FuzzGenuineRefundsKeepTheBooks(f *testing.F) {
	f.Add("100", "40", "RECHARGE", "R1")
	f.Add("1e2", "-1", "", "")
	f.Add("100", "9223372036854775807", "UNSETTLED", "R\n")
	f.Fuzz(func(t *testing.T, total, fee, account, no string) {
		p, err := New(stage.New(time.Now, nil), control.ShengpaySettings{})
		require.NoError(t, err)
		m := &merchant{ShengpayMerchant: control.ShengpayMerchant{AppID: "a", MchID: "1", Recharge: 60, Unsettled: 60}}
		p.book.merchants["1"] = m
		o := p.book.Draft(control.NewOrder{Merchant: "1", PlatformID: "D", MerchantID: "O", Total: 100, Coupon: 7}, time.Now())
		o.Own.Coupons = []control.ShengpayCoupon{{ID: "C", Type: "CASH", Fee: 7}}
		require.NoError(t, p.book.Add(o))
		params := map[string]string{"outTradeNo": "O", "outRefundNo": no, "totalFee": total, "refundFee": fee, "refundAccount": account,
			"notifyUrl": "http://127.0.0.1:9/n", "appId": "a"}
		for range 3 {
			if missing, bad := checkFields(params, requests[opRefund]); missing+bad != "" {
				return
			}
			p.book.apply(opRefund, m, o, params, time.Now())
			params["outRefundNo"] += "x"
		}
		var drawn int64
		for _, r := range o.Refunds {
			require.Positive(t, r.Amount)
			require.Equal(t, r.Amount, r.Own.Drawn+r.Coupon)
			drawn += r.Own.Drawn
		}
		require.LessOrEqual(t, o.Live(), o.Total)
		require.EqualValues(t, 120, m.Recharge+m.Unsettled+drawn)
		require.GreaterOrEqual(t, min(m.Recharge, m.Unsettled), int64(0))
	})
}
