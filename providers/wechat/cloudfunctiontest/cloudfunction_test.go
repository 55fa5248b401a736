// Package cloudfunctiontest runs the shipped index.js, unchanged, in a
// JavaScript engine written in Go, so that its rules are proven wherever the
// project's other tests run. The platform around it (wx-server-sdk, crypto, https)
// is played by the test.
package cloudfunctiontest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/dop251/goja"
	"github.com/stretchr/testify/require"
)

const (
	url    = "https://refunds.example.com/callbacks/shop-wechat/refund"
	secret = "Eighteen-Wooden-Ducks"
)

// platform is what the function sees of the world.
type platform struct {
	source string
	env    map[string]string
	// answer of cloudPay, or what it throws.
	answer map[string]any
	throws map[string]any
	// status and reply of refundflow's callback address.
	status int
	reply  string

	paid   []string // actions handed to cloudPay
	params map[string]any
	posted *posted
}

type posted struct {
	url     string
	headers map[string]string
	body    string
}

// run calls exports.main with event and returns what it answers.
func (p *platform) run(t *testing.T, event string) map[string]any {
	t.Helper()
	code, err := os.ReadFile("../cloudfunction/index.js")
	require.NoError(t, err)
	vm := goja.New()
	modules := map[string]goja.Value{"wx-server-sdk": p.cloud(vm), "crypto": crypto(vm), "https": p.https(vm)}
	require.NoError(t, vm.Set("require", func(name string) goja.Value {
		require.Contains(t, modules, name)
		return modules[name]
	}))
	require.NoError(t, vm.Set("process", map[string]any{"env": p.env}))
	exports := vm.NewObject()
	require.NoError(t, vm.Set("exports", exports))
	_, err = vm.RunScript("index.js", string(code))
	require.NoError(t, err)
	main, ok := goja.AssertFunction(exports.Get("main"))
	require.True(t, ok)
	input, err := vm.RunString("(" + event + ")")
	require.NoError(t, err)
	result, err := main(goja.Undefined(), input)
	require.NoError(t, err)
	promise, ok := result.Export().(*goja.Promise)
	require.True(t, ok)
	require.Equal(t, goja.PromiseStateFulfilled, promise.State(), "it answers whatever happens: %v", promise.Result())
	text, err := json.Marshal(promise.Result().Export())
	require.NoError(t, err)
	answer := map[string]any{}
	require.NoError(t, json.Unmarshal(text, &answer))
	return answer
}

func (p *platform) cloud(vm *goja.Runtime) goja.Value {
	pay := vm.NewObject()
	for _, action := range []string{"refund", "queryRefund", "queryOrder", "downloadBill"} {
		_ = pay.Set(action, func(params map[string]any) *goja.Promise {
			p.paid, p.params = append(p.paid, action), params
			promise, resolve, reject := vm.NewPromise()
			if p.throws != nil {
				_ = reject(vm.ToValue(p.throws))
			} else {
				_ = resolve(vm.ToValue(p.answer))
			}
			return promise
		})
	}
	return vm.ToValue(map[string]any{
		"DYNAMIC_CURRENT_ENV": "dynamic", "init": func(goja.Value) {}, "cloudPay": pay,
		"getWXContext": func() map[string]any { return map[string]any{"SOURCE": p.source} },
	})
}

func crypto(vm *goja.Runtime) goja.Value {
	return vm.ToValue(map[string]any{"createHmac": func(kind, key string) map[string]any {
		if kind != "sha256" {
			panic(vm.NewTypeError("unexpected digest " + kind))
		}
		mac := hmac.New(sha256.New, []byte(key))
		object := map[string]any{"digest": func(string) string { return hex.EncodeToString(mac.Sum(nil)) }}
		object["update"] = func(text string) map[string]any { mac.Write([]byte(text)); return object }
		return object
	}})
}

func (p *platform) https(vm *goja.Runtime) goja.Value {
	return vm.ToValue(map[string]any{"request": func(url string, options map[string]any, answered goja.Callable) map[string]any {
		p.posted = &posted{url: url, headers: map[string]string{}}
		for name, value := range options["headers"].(map[string]any) {
			p.posted.headers[name] = value.(string)
		}
		failed := map[string]goja.Callable{}
		return map[string]any{
			"on": func(event string, f goja.Callable) { failed[event] = f },
			"end": func(body string) {
				p.posted.body = body
				if p.status == 0 {
					_, _ = failed["error"](goja.Undefined(), vm.ToValue(map[string]any{"message": "connection refused"}))
					return
				}
				heard := map[string]goja.Callable{}
				_, _ = answered(goja.Undefined(), vm.ToValue(map[string]any{
					"statusCode": p.status, "setEncoding": func(string) {},
					"on": func(event string, f goja.Callable) { heard[event] = f },
				}))
				_, _ = heard["data"](goja.Undefined(), vm.ToValue(p.reply))
				_, _ = heard["end"](goja.Undefined())
			},
		}
	}})
}

const refundCall = `{"action":"refund","params":{"subMchId":"1900000111","nonceStr":"n","outTradeNo":"20260301ORDER0001",
	"outRefundNo":"RF-1","totalFee":888,"refundFee":300,"functionName":"refundflow","envId":"prod-1a2b3c"}}`

func TestCloudPaysAnswerComesBackAsItIs(t *testing.T) {
	for action, event := range map[string]string{
		"refund":      refundCall,
		"queryRefund": `{"action":"queryRefund","params":{"subMchId":"1900000111","nonceStr":"n","outRefundNo":"RF-1"}}`,
		"queryOrder":  `{"action":"queryOrder","params":{"subMchId":"1900000111","nonceStr":"n","outTradeNo":"20260301ORDER0001"}}`,
	} {
		p := &platform{source: "wx_http", answer: map[string]any{"returnCode": "SUCCESS", "resultCode": "SUCCESS", "errCode": 0.0}}
		require.Equal(t, p.answer, p.run(t, event))
		require.Equal(t, []string{action}, p.paid)
		require.Equal(t, "1900000111", p.params["subMchId"])
	}
}

func TestWhatIsNotUnderstoodIsRefusedAndNothingIsPaid(t *testing.T) {
	for name, event := range map[string]string{
		"no event":                 `undefined`,
		"no action":                `{"params":{}}`,
		"an action of cloudPay":    `{"action":"downloadBill","params":{}}`,
		"an action of JavaScript":  `{"action":"constructor","params":{}}`,
		"no params":                `{"action":"refund"}`,
		"params that are null":     `{"action":"refund","params":null}`,
		"a field it does not know": `{"action":"refund","params":{"outRefundNo":"RF-1","refundFeee":1}}`,
	} {
		p := &platform{source: "wx_http"}
		answer := p.run(t, event)
		require.Equal(t, true, answer["refused"], name)
		require.Empty(t, p.paid, name)
	}
}

func TestOnlyTheHTTPInterfaceAndWeChatPayMayCall(t *testing.T) {
	for _, source := range []string{"wx_client", "wx_devtools", "wx_localdebug", "wx_unknown", "wx_trigger", "scf",
		"wx_client,scf", "wx_client,wx_http", "", "WX_HTTP"} {
		p := &platform{source: source, env: map[string]string{"REFUNDFLOW_CALLBACK_URL": url, "REFUNDFLOW_CALLBACK_SECRET": secret}}
		require.Equal(t, true, p.run(t, refundCall)["refused"], source)
		require.Equal(t, true, p.run(t, `{"returnCode":"SUCCESS","outRefundNo":"RF-1"}`)["refused"], source)
		require.Empty(t, p.paid, source)
		require.Nil(t, p.posted, "a message of a mini-program must never be signed as WeChat's")
	}
}

func TestWhatCloudPayThrowsIsNoRefusal(t *testing.T) {
	p := &platform{source: "wx_http", throws: map[string]any{"errCode": -501001, "errMsg": "resource system error"}}
	answer := p.run(t, refundCall)
	require.EqualValues(t, -501001, answer["errCode"])
	require.NotContains(t, answer, "refused", "the money may have moved before it threw")
}

func TestACallbackIsSignedAndTakenOnlyWhenRefundflowTookIt(t *testing.T) {
	env := map[string]string{"REFUNDFLOW_CALLBACK_URL": url, "REFUNDFLOW_CALLBACK_SECRET": secret}
	for name, c := range map[string]struct {
		env    map[string]string
		status int
		reply  string
		want   float64
	}{
		"taken":            {env, 200, `{"errcode":0,"errmsg":"ok"}`, 0},
		"turned away":      {env, 200, `{"errcode":1,"errmsg":"no"}`, 1},
		"another language": {env, 200, `SUCCESS`, 1},
		"an HTTP error":    {env, 502, `{"errcode":0}`, 1},
		"nobody there":     {env, 0, ``, 1},
		"not configured":   {map[string]string{}, 200, `{"errcode":0}`, 1},
	} {
		p := &platform{source: "wx_paycallback", env: c.env, status: c.status, reply: c.reply}
		answer := p.run(t, `{"returnCode":"SUCCESS","outRefundNo":"RF-1","refundFee":300,"refundStatus":"SUCCESS"}`)
		require.EqualValues(t, c.want, answer["errcode"], name)
		if len(c.env) == 0 {
			require.Nil(t, p.posted)
			continue
		}
		require.Equal(t, url, p.posted.url)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(p.posted.headers["X-Refundflow-Timestamp"] + "." + p.posted.body))
		require.Equal(t, hex.EncodeToString(mac.Sum(nil)), p.posted.headers["X-Refundflow-Signature"], name)
		require.JSONEq(t, `{"returnCode":"SUCCESS","outRefundNo":"RF-1","refundFee":300,"refundStatus":"SUCCESS"}`, p.posted.body)
	}
}
