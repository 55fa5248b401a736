package baidu

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// Whatever arrives, the answer is JSON with a code that is not success, and nothing moves: the merchant's key here is not
// the one that signed the seeds.
func FuzzNothingIsPaidWithoutTheMerchantsSignature(f *testing.F) {
	var file struct {
		Keys map[string]struct {
			Public string `json:"public_pem"`
		}
		Vectors []struct {
			WireForm string `json:"wire_form"`
		}
	}
	b, err := os.ReadFile("testdata/baidu_signature_vectors.json")
	if err != nil {
		f.Fatal(err)
	}
	if err := json.Unmarshal(b, &file); err != nil {
		f.Fatal(err)
	}
	for _, v := range file.Vectors {
		f.Add(v.WireForm)
	}
	f.Add("appKey=MMM4hG&appKey=MMM4hG")
	f.Add("appKey=MMM4hG&rsaSign=====&orderId=%zz;")

	p, err := New(stage.New(time.Now, nil), control.BaiduSettings{})
	if err != nil {
		f.Fatal(err)
	}
	key, err := parsePublicKey(file.Keys["platform_test_key"].Public)
	if err != nil {
		f.Fatal(err)
	}
	m := &merchant{appKey: "MMM4hG", appID: 10026, public: key, balance: 9800, onRepeat: control.PayAgain}
	o := &order{id: 800200451, userID: 2250333905, tpOrderID: "10000234", m: m, total: 9800, paid: true, verified: true, outcome: control.Success}
	p.book.merchants[m.appKey], p.book.orders[o.id] = m, o
	mux := http.NewServeMux()
	p.Routes(mux)

	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/cashier/applyOrderRefund", "/cashier/syncOrderStatus", "/nop/server/rest",
			"/rest/2.0/smartapp/pay/paymentservice/applyOrderRefund"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			var answer struct {
				Errno     *int64 `json:"errno"`
				ErrorCode *int64 `json:"error_code"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatalf("%s answered no JSON: %q", path, w.Body)
			}
			if answer.ErrorCode == nil && (answer.Errno == nil || *answer.Errno == 0) {
				t.Fatalf("%s accepted %q: %s", path, body, w.Body)
			}
			if len(o.refunds) > 0 || !o.verified || m.balance != 9800 {
				t.Fatalf("%s moved money on %q", path, body)
			}
		}
	})
}

// Whatever a merchant answers, a refund is freed only by the verdict 1 over its own amount, and an answer is taken or has a
// problem that can be told.
func FuzzOnlyAnApprovalFreesARefund(f *testing.F) {
	for _, body := range []string{"", "null", "[]", `{"errno":0,"data":{}}`, `{"errno":0,"data":{"auditStatus":1,"calculateRes":{"refundPayMoney":100}}}`,
		`{"errno":0,"data":{"auditStatus":3,"calculateRes":{"refundPayMoney":1e2}}}`, `{"errno":0,"data":{"auditStatus":2,"calculateRes":{"refundPayMoney":-1}}}`} {
		f.Add(200, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		p, err := New(stage.New(func() time.Time { return time.Unix(0, 0) }, nil), control.BaiduSettings{})
		if err != nil {
			t.Fatal(err)
		}
		m := &merchant{appKey: "MMM4hG", auditURL: "http://127.0.0.1:1/"}
		r := &refund{batchID: 7, o: &order{m: m, outcome: control.Success}, amount: 100, status: control.Processing, audit: control.AuditWaiting}
		p.book.addRefund(r)
		problem := p.Answered(stage.Letter{Kind: auditLetter, Body: []byte("refundBatchId=7")}, status, []byte(body))
		if r.audit == control.AuditWaiting && problem == "" && r.askAt.IsZero() {
			t.Fatalf("%q was taken and led nowhere", body)
		}
		if r.audit == control.AuditWaiting {
			return
		}
		var answer struct {
			Errno int64
			Data  struct {
				AuditStatus  verdict
				CalculateRes struct{ RefundPayMoney int64 }
			}
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK || answer.Errno != 0 {
			t.Fatalf("%d %q decided a refund: %v", status, body, err)
		}
		if r.audit == control.AuditApproved && (answer.Data.AuditStatus != approve || answer.Data.CalculateRes.RefundPayMoney != 100) {
			t.Fatalf("%q freed a refund", body)
		}
	})
}
