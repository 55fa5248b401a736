package xlife

import (
	"encoding/json"
	"encoding/xml"
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

type vector struct {
	Name, Secret, Concatenated, Sign string
	Params                           map[string]string
	FormBody                         string `json:"form_body"`
}

func vectors(t testing.TB) []vector {
	t.Helper()
	b, err := os.ReadFile("testdata/xlife_top_sign_vectors.json")
	require.NoError(t, err)
	var file struct{ Vectors []vector }
	require.NoError(t, json.Unmarshal(b, &file))
	require.Len(t, file.Vectors, 9)
	return file.Vectors
}

func TestSignaturesAreTheVectors(t *testing.T) {
	for _, v := range vectors(t) {
		require.Equal(t, v.Concatenated, canonical(v.Params), v.Name)
		got, known := signature(v.Params["sign_method"], v.Secret, v.Params)
		require.True(t, known, v.Name)
		require.Equal(t, v.Sign, got, v.Name)
	}
}

func TestAFaultsCodeIsASubCodeUnderItsCode(t *testing.T) {
	for subCode, want := range map[string]string{
		"isp.REFUND_CREATE_FAILED": `"code":50,`, "isp.top-remote-connection-timeout": `"code":15,`, "session-expired": `"code":27,`,
		"accesscontrol.limited-by-api-access-count": `"code":7,`, "isv.permission-ip-whitelist-limit": `"code":11,`,
		"isv.missing-parameter:session": `"code":40,`, "isv.invalid-parameter": `"code":50,`,
	} {
		got := string(forge(opRefund, form{json: true})(control.Fault{Kind: control.FaultAnswer, Code: subCode, Msg: "x"}, nil))
		require.Contains(t, got, want)
		require.Contains(t, got, `"sub_code":"`+subCode+`","sub_msg":"x"`)
	}
	got := string(forge(opMosFind, form{json: true})(control.Fault{Kind: control.FaultAnswer, Errno: new(int64(77)), Msg: "x y"}, nil))
	require.Contains(t, got, `"result":{"success":false,"err_code":77,"err_msg":"x y"}`)
}

// Whatever arrives, the answer is an error_response in the format asked for, and nothing moves: the secret here is not the
// one that signed the seeds.
func FuzzNothingIsPaidWithoutTheSecret(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.FormBody)
	}
	f.Add("app_key=12345678&app_key=1")
	f.Add("method=%zz;&format=json")
	p, err := New(stage.New(func() time.Time { return time.Date(2026, 3, 1, 7, 20, 0, 0, time.UTC) }, nil), control.XLifeSettings{})
	require.NoError(f, err)
	m, err := newMerchant(control.NewXLifeMerchant{AppKey: "12345678", AppSecret: "another", Session: "test"})
	require.NoError(f, err)
	p.book.merchants[m.AppKey] = m
	o := p.book.Draft(control.NewOrder{Merchant: m.AppKey, PlatformID: "2013112011001004330000121536", MerchantID: "20260301ORDER0001",
		Total: 88888, StoreID: "12345678", StoreIDType: "miaojie"}, time.Now())
	require.NoError(f, p.book.Add(o))
	mux := http.NewServeMux()
	p.Routes(mux)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "/router/rest", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		requireRefusal(t, w)
		require.Empty(t, o.Refunds)
	})
}

// Whatever a signed structure holds, only the one right refund moves money.
func FuzzStructures(f *testing.F) {
	f.Add(`{"trade_no":"1","refund_amount":100,"out_request_no":"R","refund_reason":"x","store_id_type":"miaojie","store_id":"12345678"}`)
	f.Add(`{"trade_no":null,"refund_amount":1e2}`)
	f.Add(`{"a":{"b":[1]},"a":1}`)
	f.Fuzz(func(t *testing.T, structure string) {
		b := newBook(control.XLifeSettings{BusinessCode: 50})
		m, err := newMerchant(control.NewXLifeMerchant{AppKey: "k", AppSecret: "s", Session: "t"})
		require.NoError(t, err)
		o := b.Draft(control.NewOrder{Merchant: "k", PlatformID: "1", MerchantID: "M", Total: 100, StoreID: "12345678", StoreIDType: "miaojie"}, time.Now())
		require.NoError(t, b.Add(o))
		asked, refusal := methods[opRefund].parameters(map[string]string{"onsite_trade_refund_request": structure})
		if refusal != nil {
			return
		}
		got := b.refund(m, asked, time.Now())
		require.Equal(t, got.code == 0, len(o.Refunds) == 1, structure)
		require.True(t, json.Valid(form{json: true}.body(opRefund, got)))
		if got.code == 0 {
			require.Equal(t, "100", asked["refund_amount"])
		}
	})
}

func requireRefusal(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if strings.HasPrefix(w.Body.String(), "<") {
		var refusal struct {
			XMLName xml.Name `xml:"error_response"`
			Code    int      `xml:"code"`
		}
		require.NoError(t, xml.Unmarshal(w.Body.Bytes(), &refusal), w.Body)
		require.NotZero(t, refusal.Code)
		return
	}
	var refusal struct {
		Error *struct{ Code int } `json:"error_response"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &refusal), w.Body)
	require.NotNil(t, refusal.Error, w.Body)
	require.NotZero(t, refusal.Error.Code)
}
