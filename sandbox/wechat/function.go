package wechat

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// triggerLimit is when the HTTP trigger gives up on a function (§1).
const triggerLimit = 5 * time.Second

// functionInput is what the function that this project ships is called with.
type functionInput struct {
	Action string          `json:"action"`
	Params json.RawMessage `json:"params"`
}

// required are the parameters without which the function does not ask CloudPay; functionName and envId are CloudPay's own
// demand today (§4.1).
var required = map[string][]string{
	doRefund:      {"sub_mch_id", "out_refund_no", "total_fee", "refund_fee", "function_name", "env_id"},
	doQueryRefund: {"sub_mch_id"},
	doQueryOrder:  {"sub_mch_id"},
}

// taken are the parameters that the function hands on to CloudPay. Any other is refused, lest half of a request be dropped in silence.
var taken = map[string][]string{
	doRefund: {"sub_mch_id", "nonce_str", "transaction_id", "out_trade_no", "sub_appid", "out_refund_no", "total_fee", "refund_fee",
		"refund_fee_type", "refund_desc", "refund_account", "function_name", "env_id"},
	doQueryRefund: {"sub_mch_id", "nonce_str", "transaction_id", "out_trade_no", "out_refund_no", "refund_id", "offset"},
	doQueryOrder:  {"sub_mch_id", "nonce_str", "transaction_id", "out_trade_no"},
}

// invoke serves POST /tcb/invokecloudfunction. env and name come in the query with the input as body or, on a newer page, all in
// one JSON body with the input as req_data (§1).
func (p *Platform) invoke(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	query := r.URL.Query()
	env, name, input := query.Get("env"), query.Get("name"), body
	if env == "" && name == "" {
		env, name, input = newerForm(body)
	}
	var in functionInput
	inputErr := json.Unmarshal(input, &in)
	params, wrong := jsonParams(in.Params, unCamel)
	p.stage.Serve(w, p.call(opInvoke, "cloudfunction", params), func() (reply stage.Reply) {
		if r.Method != http.MethodPost {
			return gatewayReply(codeMethod, "require POST method")
		}
		p.locked(func(b *book, now time.Time) {
			m, refused := b.door(query, env, name, now)
			switch {
			case refused != nil:
				reply = *refused
			case len(body) == 0:
				reply = gatewayReply(44002, "empty post data")
			case err != nil || inputErr != nil:
				reply = gatewayReply(codeBadJSON, "data format error")
			default:
				reply = b.run(m, in.Action, params, wrong, now)
			}
		})
		return reply
	}, p.forgeFunction(params))
}

func newerForm(body []byte) (env, name string, input []byte) {
	var all struct {
		Env  string          `json:"env"`
		Name string          `json:"name"`
		Data json.RawMessage `json:"req_data"`
	}
	if json.Unmarshal(body, &all) != nil {
		return "", "", body
	}
	var text string
	if json.Unmarshal(all.Data, &text) == nil { // as text or as an object; the page was not seen
		return all.Env, all.Name, []byte(text)
	}
	return all.Env, all.Name, all.Data
}

// door checks token, environment and function with the codes of §1.
func (b *book) door(query url.Values, env, name string, now time.Time) (*merchant, *stage.Reply) {
	no := func(code int64, text string) (*merchant, *stage.Reply) {
		reply := gatewayReply(code, text)
		return nil, &reply
	}
	t, known := b.tokens[query.Get("access_token")]
	switch {
	case query.Get("access_token") == "":
		return no(41001, "access_token missing")
	case !known:
		return no(40014, "invalid access_token")
	case !now.Before(t.expires):
		return no(42001, "access_token expired")
	case env == "" || name == "":
		return no(40101, "missing parameter")
	}
	for _, m := range b.merchants {
		switch {
		case m.SubAppID != t.appID || m.Mode != control.WeChatCloud || m.EnvID != env:
		case m.Function == name:
			return m, nil
		}
	}
	return no(85088, "no qbase privilege") // the notes know the meaning, cloud not enabled, but no code for an unknown function
}

// run is the shipped function: one call to CloudPay, its answer passed on. It works under the mini program that was invoked; the
// sub-merchants of another have no relation to it.
func (b *book) run(m *merchant, action string, params map[string]string, wrong error, now time.Time) stage.Reply {
	refused := func(text string) stage.Reply {
		return b.functionReply(map[string]any{"errCode": -1, "errMsg": text, "refused": true}, "refused: "+text)
	}
	need, known := required[action]
	switch {
	case !known:
		return refused("unknown action")
	case params == nil:
		return refused("missing params")
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !slices.Contains(taken[action], name) {
			return refused("unknown params." + camel(name))
		}
	}
	for _, name := range need {
		if params[name] == "" && wrong == nil { // of a wrong type is not missing, CloudPay says so itself
			return refused("missing params." + camel(name))
		}
	}
	res := result{no: noRelation}
	if to := b.merchants[params["sub_mch_id"]]; to == nil || to.SubAppID == m.SubAppID {
		res = b.gateway(action, params, wrong, doorFunction, now)
	}
	return b.functionReply(b.cloudPay(action, res), res.no.outcome())
}

// cloudPay is the object the SDK hands to the function. A refusal's code collides with the SDK's own errCode (§16.12).
func (b *book) cloudPay(action string, res result) map[string]any {
	shown := res.fields().object(camel)
	if res.no == nil || res.no.code == "" || b.settings.CloudErrCode == control.CloudHidden {
		shown["errCode"] = 0
	}
	shown["errMsg"] = "cloudPay." + action + ":ok"
	return shown
}

// functionReply is the trigger's answer. When the function took too long, it has done its work all the same.
func (b *book) functionReply(result map[string]any, outcome string) stage.Reply {
	if b.settings.FunctionTime.Std() > triggerLimit {
		reply := gatewayReply(-1, "system error: function timed out")
		reply.Outcome += ", in truth " + outcome
		return reply
	}
	return stage.Reply{Status: http.StatusOK, Outcome: outcome, Body: triggerBody(result)}
}

func triggerBody(result map[string]any) []byte {
	return mustJSON(map[string]any{"errcode": 0, "errmsg": "ok", "resp_data": string(mustJSON(result))})
}
