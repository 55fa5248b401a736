package wechat

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/failure"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// cloudFunction is CloudPay behind the shipped cloud function, invoked over HTTP
// with an access token (§1). The gateway gives up after 5 s while the function
// may still finish, so that every timeout of an apply is ambiguous.
//
// The function takes {"action":"refund","params":{..}} with CloudPay's own fields
// and returns CloudPay's answer as it is, or {"errCode":-1,"errMsg":"..",
// "refused":true} when it did not call CloudPay. With a secret it signs the
// callbacks that it passes on, see [headerSignature].
type cloudFunction struct {
	p      *Provider
	http   *wire.Client
	tokens *wire.Tokens
	// appSecret is for the token alone.
	appSecret string
	// callbackSecret is empty when the function does not sign what it passes on.
	callbackSecret string
}

func newCloudFunction(bad *account.Mistakes, p *Provider) *cloudFunction {
	s := p.settings
	c := &cloudFunction{
		p: p, http: p.client(bad, nil),
		appSecret:      account.Load(bad, "app_secret_file", s.AppSecretFile, wire.SecretFile),
		callbackSecret: account.Load(bad, "callback_secret_file", s.CallbackSecretFile, wire.SecretFile),
	}
	c.tokens = wire.NewTokens(c.fetchToken, func() time.Time { return p.now() })
	return c
}

// actions are the words of the shipped function.
var actions = map[op]string{opApply: "refund", opQuery: "queryRefund", opOrder: "queryOrder"}

func (c *cloudFunction) exchange(ctx context.Context, o op, business params) (fields, error) {
	ps := c.p.cloudParams(o, business)
	if o == opApply {
		ps.text("function_name", c.p.settings.CallbackFunction)
		ps.text("env_id", c.p.settings.CallbackEnv)
	}
	body, err := json.Marshal(map[string]any{"action": actions[o], "params": ps.object(cloudPayName)})
	if err != nil {
		return nil, refuse(o, err)
	}
	members, err := c.invoke(ctx, o, string(body))
	if err != nil {
		return nil, err
	}
	var text string
	if err := members.Read("resp_data", &text); err != nil {
		return nil, unreadableFailure(o, err)
	}
	return c.functionAnswer(o, []byte(text))
}

// invoke calls the function with a token. When the gateway refuses the token,
// which it does before anything is invoked, one fresh token is tried; a second
// refusal is not the token's age but the account's credentials.
func (c *cloudFunction) invoke(ctx context.Context, o op, body string) (wire.Object, error) {
	s := c.p.settings
	for attempt := 0; ; attempt++ {
		token, err := c.accessToken(ctx)
		if err != nil {
			return nil, err
		}
		query := url.Values{"access_token": {token}, "env": {s.Env}, "name": {s.Function}}
		answer, err := c.http.Do(ctx, wire.Call{
			Method: http.MethodPost, URL: strings.TrimRight(s.URL, "/") + "/tcb/invokecloudfunction?" + query.Encode(),
			ContentType: "application/json", Body: body,
		})
		if err != nil {
			return nil, transportFailure(o, err)
		}
		members, err := gateway(layerFunction, o, answer, c.p.now())
		var f *refund.Failure
		if !errors.As(err, &f) || !tokenRefused(f) {
			return members, err
		}
		if attempt > 0 {
			return nil, fail(o, refund.Failure{Class: refund.ClassMisconfigured, Code: f.Code, Message: f.Message, Hint: hintToken})
		}
		c.tokens.Drop(token)
	}
}

func tokenRefused(f *refund.Failure) bool {
	return slices.ContainsFunc(refusedTokens, func(number string) bool { return f.Code == string(layerFunction)+" "+number })
}

// functionAnswer reads what the function returned: CloudPay's own answer, or
// "refused" when it did not call CloudPay. An error of the SDK in place of an
// answer tells nothing of what CloudPay did.
func (c *cloudFunction) functionAnswer(o op, raw []byte) (fields, error) {
	f, err := parseCloud(raw)
	switch {
	case err != nil:
		return nil, unreadableFailure(o, errors.New("resp_data holds no JSON object"))
	case f["refused"] == "true" && !f.has("return_code"):
		return nil, fail(o, refund.Failure{Class: refund.ClassMisconfigured, Code: "refused by function", Message: failure.Clean(f["err_msg"]),
			Hint: "CloudPay was not called: compare the deployed function with the one shipped"})
	case !f.has("return_code") && f.has(sdkCode):
		return nil, fail(o, refund.Failure{Class: refund.ClassAmbiguous, Code: failure.Clean("errCode " + f[sdkCode]), Message: failure.Clean(f["err_msg"]), Hint: hintLook})
	}
	return f, c.p.ours(o, f)
}

// The headers with which the shipped function signs a callback it passes on: hex
// HMAC-SHA256 with the callback secret over timestamp, ".", body.
const (
	headerSignature = "X-Refundflow-Signature"
	headerTimestamp = "X-Refundflow-Timestamp"
)

// callbackAge bounds how old a signed callback may be, against replays. The
// function signs at every attempt anew.
const callbackAge = 15 * time.Minute

var errCallbackSignature = errors.New("the callback's signature is missing, too old or does not hold: compare callback_secret_file with the function's secret")

func (c *cloudFunction) open(callback providers.Callback) (fields, bool, error) {
	if c.callbackSecret != "" {
		if err := c.verify(callback); err != nil {
			return nil, false, err
		}
	}
	f, named, err := c.p.openCloud(callback.Body)
	return f, named && c.callbackSecret != "", err
}

func (c *cloudFunction) verify(callback providers.Callback) error {
	stamp := callback.Header.Get(headerTimestamp)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || c.p.now().Sub(time.Unix(seconds, 0)).Abs() > callbackAge {
		return errCallbackSignature
	}
	given, err := hex.DecodeString(callback.Header.Get(headerSignature))
	if err != nil {
		return errCallbackSignature
	}
	mac := hmac.New(sha256.New, []byte(c.callbackSecret))
	mac.Write([]byte(stamp + "."))
	mac.Write(callback.Body)
	if !hmac.Equal(given, mac.Sum(nil)) {
		return errCallbackSignature
	}
	return nil
}

func (c *cloudFunction) reply(taken bool) providers.Reply { return cloudReply(taken) }
