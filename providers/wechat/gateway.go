package wechat

import (
	"time"

	"github.com/refundflow/refundflow/providers/wire"
)

// gateway reads the outer layer of a cloud answer, {"errcode":..,"errmsg":..}: it
// says only that the gateway worked (§4.4). A listed code says more than the HTTP
// status it came with; a missing one is not 0.
func gateway(l layer, o op, answer wire.Answer, now time.Time) (wire.Object, error) {
	members, unreadable := parseObject(answer.Body)
	var errcode wire.Int
	if unreadable == nil {
		unreadable = members.Read("errcode", &errcode)
	}
	if unreadable == nil && errcode != 0 {
		number := wireText(errcode)
		if _, listed := find(l, o, number, errmsg(members)); listed || answer.Status/100 == 2 {
			return nil, codeFailure(l, o, number, errmsg(members))
		}
	}
	if err := statusFailure(o, answer.Status, answer.RetryAfter(now)); err != nil {
		return nil, err
	}
	if unreadable != nil {
		return nil, unreadableFailure(o, unreadable)
	}
	return members, nil
}

// errmsg reads the gateway's text. One that is missing or no string does not
// spoil the answer, since the number decides.
func errmsg(members wire.Object) string {
	var text string
	if members.Read("errmsg", &text) != nil {
		return ""
	}
	return text
}
