package wechat

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

// Whatever arrives, the answer is a refusal in the dialect's own form and nothing moves: the merchant's key here is not the one that
// signed the seeds, and the cloud merchant's order has nothing left to give.
func FuzzNothingIsPaidToStrangers(f *testing.F) {
	for _, name := range []string{"wechat_v2_refund_request_md5.xml", "wechat_v2_refund_request_hmac_sha256.xml", "wechat_v2_refundquery_request.xml",
		"wechat_cloudrun_refund_request.json", "wechat_cloudrun_queryrefund_request.json"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Add(`{"action":"refund","params":{"subMchId":"1900000333","outRefundNo":"R1","totalFee":888,"refundFee":1,"functionName":"f","envId":"e","outTradeNo":"O1"}}`)
	f.Add(`{"env":"prod-1","name":"refund","req_data":"{}"}`)
	f.Add(`{"sub_mch_id":"1900000333","out_trade_no":"O1","offset":99999999999999999}`)

	p, err := New(stage.New(time.Now, nil), control.WeChatSettings{AnyPace: true})
	if err != nil {
		f.Fatal(err)
	}
	v2 := &merchant{control.NewWeChatMerchant{Mode: control.WeChatV2, MchID: "1900000109", AppID: "wx8888888888888888", SubMchID: "1900000111",
		SubAppID: "wx6666666666666666", APIKey: strings.Repeat("k", 32), Balance: 1000}}
	cloud := &merchant{control.NewWeChatMerchant{Mode: control.WeChatCloud, MchID: cloudMchID, AppID: cloudAppID, SubMchID: "1900000333",
		SubAppID: "wx3", EnvID: "prod-1", Function: "refund"}}
	for _, m := range []*merchant{v2, cloud} {
		p.book.addMerchant(m)
	}
	p.book.addOrder(&order{id: "1217752501201407033233368018", outTradeNo: "20260301ORDER0001", m: v2, total: 888, paid: true, paidAt: time.Now(), outcome: control.Success})
	p.book.addOrder(&order{id: "42", outTradeNo: "O1", m: cloud, total: 888, paid: true, paidAt: time.Now(), outcome: control.Success})
	p.book.tokens["T"] = token{"wx3", time.Now().AddDate(1, 0, 0)}
	mux := http.NewServeMux()
	p.Routes(mux)

	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/secapi/pay/refund", "/pay/refundquery", "/pay/orderquery", "/_/pay/refund", "/_/pay/queryrefund", "/_/pay/queryorder",
			"/tcb/invokecloudfunction?access_token=T&env=prod-1&name=refund", "/tcb/invokecloudfunction?access_token=T"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			answer := w.Body.Bytes()
			if !strings.Contains(path, "_") && !strings.Contains(path, "tcb") {
				values, err := parseXML(answer, xmlRoot)
				if err != nil || values["return_code"] != "FAIL" {
					t.Fatalf("%s answered %q to %q", path, answer, body)
				}
			} else if !json.Valid(answer) {
				t.Fatalf("%s answered no JSON: %q", path, answer)
			}
		}
		if len(p.book.byID) > 0 || v2.Balance != 1000 {
			t.Fatalf("money moved on %q", body)
		}
	})
}
