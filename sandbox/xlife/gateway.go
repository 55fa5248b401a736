package xlife

import (
	"crypto/hmac"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// The methods that are served.
const (
	opRefund      = "alibaba.xlife.onsite.trade.refund"
	opMosQuery    = "alibaba.mos.onsite.trade.query"
	opMosFind     = "alibaba.mos.onsite.trade.queryrefund"
	opMosRefund   = "alibaba.mos.onsite.trade.refund"
	opMosNewOrder = "alibaba.mos.onsite.trade.isnewpayorder"
	opRest        = "rest" // a call whose method names none of them
)

// method is one API behind the gateway.
type method struct {
	structure string // the form field that carries the parameters as JSON text; empty: they are form fields themselves
	result    bool   // answers the second error layer of the mos family
	serve     func(b *book, m *merchant, asked map[string]string, now time.Time) answer
}

var methods map[string]method

func init() { // not a literal: serve leads back to the map through forge
	methods = map[string]method{
		opRefund:      {structure: "onsite_trade_refund_request", serve: (*book).refund},
		opMosQuery:    {serve: (*book).mosQuery},
		opMosFind:     {result: true, serve: (*book).mosFind},
		opMosRefund:   {structure: "onsite_refund_request", result: true, serve: (*book).mosRefund},
		opMosNewOrder: {result: true, serve: (*book).mosNewOrder},
	}
}

func methodNames() []string { return slices.Sorted(maps.Keys(methods)) }

// clockSkew is how far a timestamp may be off (§1).
const clockSkew = 10 * time.Minute

// gateway checks the system parameters, then hands over to the method. TOP does not tell the order of its checks; a client
// must not depend on this one.
func (b *book) gateway(httpMethod string, params map[string]string, formErr error, now time.Time) answer {
	if httpMethod != http.MethodGet && httpMethod != http.MethodPost {
		return httpMethodNotAllowed
	}
	if formErr != nil {
		return invalidArgument("form", formErr.Error())
	}
	m := b.merchants[params["app_key"]]
	called, known := methods[params["method"]]
	switch {
	case params["method"] == "":
		return missingMethod
	case !known:
		return invalidMethod
	case params["app_key"] == "":
		return missingAppKey
	case m == nil:
		return invalidAppKey
	}
	if refusal := checkSystem(m, params, now); refusal != nil {
		return *refusal
	}
	if refusal := b.limit(params["app_key"], params["method"], now); refusal != nil {
		return *refusal
	}
	if !slices.Contains(m.Entitled, params["method"]) {
		return notEntitled
	}
	asked, refusal := called.parameters(params)
	if refusal != nil {
		return *refusal
	}
	return called.serve(b, m, asked, now)
}

// checkSystem goes through the system parameters of §1.
func checkSystem(m *merchant, params map[string]string, now time.Time) *answer {
	at, isTime := parseTime(params["timestamp"])
	want, knownMethod := signature(params["sign_method"], m.AppSecret, params)
	var refusal answer
	switch {
	case params["v"] == "":
		refusal = missingVersion
	case params["v"] != "2.0":
		refusal = invalidVersion
	case params["timestamp"] == "":
		refusal = missingTimestamp
	case !isTime || at.Sub(now.Truncate(time.Second)).Abs() > clockSkew: // timestamps know whole seconds only
		refusal = invalidTimestamp
	case params["format"] != "" && params["format"] != "json" && params["format"] != "xml":
		refusal = invalidFormat
	case params["sign_method"] == "":
		refusal = missingArgument("sign_method")
	case !knownMethod:
		refusal = invalidArgument("sign_method", "use md5, hmac or hmac-sha256")
	case params["sign"] == "":
		refusal = missingSignature
	case !hmac.Equal([]byte(want), []byte(params["sign"])):
		refusal = invalidSignature
	case params["session"] == "":
		refusal = missingSession
	case !hmac.Equal([]byte(m.Session), []byte(params["session"])):
		refusal = foreignSession(m.AppKey)
	case m.SessionExpired:
		refusal = expiredSession
	default:
		return nil
	}
	return &refusal
}

// usage is how many calls fell into the limit window that ends at until.
type usage struct {
	Until time.Time `json:"until"`
	Calls int       `json:"calls"`
}

// limit counts a call and refuses it when its window is used up (§7.2). A refused call does not count.
func (b *book) limit(appKey, method string, now time.Time) *answer {
	if b.settings.CallLimit == 0 {
		return nil
	}
	counted := map[string]string{"app": appKey, "api": method, "app_api": appKey + " " + method}[string(b.settings.LimitKind)]
	subCode := map[string]string{"app": "app", "api": "api", "app_api": "app-api"}[string(b.settings.LimitKind)]
	u := b.used[counted]
	if !u.Until.After(now) {
		year, month, day := now.Date()
		midnight := time.Date(year, month, day, 0, 0, 0, 0, now.Location())
		window := b.settings.LimitWindow.Std()
		end := midnight.Add((now.Sub(midnight)/window + 1) * window)
		if tomorrow := midnight.Add(24 * time.Hour); end.After(tomorrow) { // a daily quota resets at 00:00 GMT+8
			end = tomorrow
		}
		u = usage{Until: end}
	}
	if u.Calls >= b.settings.CallLimit {
		left := (u.Until.Sub(now) + time.Second - 1) / time.Second
		return &answer{code: 7, msg: "App Call Limited", subCode: "accesscontrol.limited-by-" + subCode + "-access-count",
			subMsg: fmt.Sprintf("This ban will last for %d more seconds", left)}
	}
	u.Calls++
	b.used[counted] = u
	return nil
}
