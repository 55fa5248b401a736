package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/wire"
)

// cloudRun is the open interface inside a Cloud Run container (§4.4): JSON over
// plain http, which the platform intercepts and to which it adds credentials.
type cloudRun struct {
	p    *Provider
	http *wire.Client
}

func newCloudRun(bad *account.Mistakes, p *Provider) *cloudRun {
	return &cloudRun{p: p, http: p.client(bad, nil)}
}

var cloudRunPaths = map[op]string{opApply: "/_/pay/refund", opQuery: "/_/pay/queryrefund", opOrder: "/_/pay/queryorder"}

func (c *cloudRun) exchange(ctx context.Context, o op, business params) (fields, error) {
	body, err := c.body(o, business)
	if err != nil {
		return nil, refuse(o, err)
	}
	answer, err := c.http.Do(ctx, wire.Call{
		Method: http.MethodPost, URL: strings.TrimRight(c.p.settings.URL, "/") + cloudRunPaths[o],
		ContentType: "application/json", Body: body, // without the type the side-car answers with nothing (§4.4)
	})
	if err != nil {
		return nil, transportFailure(o, err)
	}
	members, err := gateway(layerRun, o, answer, c.p.now())
	if err != nil {
		return nil, err
	}
	f, err := parseCloud(members["respdata"])
	if err != nil {
		return nil, unreadableFailure(o, errors.New("respdata is missing or no JSON object"))
	}
	return f, c.p.ours(o, f)
}

func (c *cloudRun) body(o op, business params) (string, error) {
	s := c.p.settings
	ps := c.p.cloudParams(o, business)
	body := ps.object(func(name string) string { return name })
	if o == opApply {
		body["env_id"] = s.EnvID
		body["callback_type"] = 2 // "call my container"
		body["container"] = map[string]string{"service": s.Service, "path": s.Path}
	}
	raw, err := json.Marshal(body)
	return string(raw), err
}

// open takes a callback for proven only where the account says that nobody but
// the platform can reach the service (§7.2): the message itself proves nothing, but
// it must still say whose it is.
func (c *cloudRun) open(callback providers.Callback) (fields, bool, error) {
	f, named, err := c.p.openCloud(callback.Body)
	return f, named && c.p.settings.TrustCallback && callback.Header.Get("X-Wx-Source") != "", err
}

func (c *cloudRun) reply(taken bool) providers.Reply { return cloudReply(taken) }

// cloudParams adds what every request of the cloud dialects has around its
// business content; the platform adds appid and mch_id by itself. The queries' own
// tables know no sub_appid (§5), and the shipped function refuses it there.
func (p *Provider) cloudParams(o op, business params) params {
	var ps params
	ps.text("sub_mch_id", p.settings.SubMchID)
	if o == opApply {
		ps.text("sub_appid", p.settings.SubAppID)
	}
	ps.text("nonce_str", p.nonce())
	return append(ps, business...)
}

// object is params as JSON members, in a dialect's own spelling.
func (ps params) object(spell func(string) string) map[string]any {
	members := make(map[string]any, len(ps))
	for _, p := range ps {
		members[spell(p.name)] = p.value
		if n, err := strconv.ParseInt(p.value, 10, 64); p.number && err == nil {
			members[spell(p.name)] = n
		}
	}
	return members
}

// ours compares the merchant that a cloud answer names, as far as it does.
func (p *Provider) ours(o op, f fields) error {
	if f.has("sub_mch_id") && f["sub_mch_id"] != p.settings.SubMchID {
		return mismatch(o, "sub_mch_id is not ours")
	}
	return nil
}
