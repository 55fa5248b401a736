package baidu

import (
	"errors"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/providers/wire"
)

// reply is the envelope of every answer: errno, msg and data from a service, or
// error_code and error_msg from the gateway in front of it (§8.3).
type reply struct {
	gateway bool
	number  int64
	message string
	members wire.Object
	// retryAfter is the server's wish for a pause, 0 when it has none.
	retryAfter time.Duration
}

// parseReply reads an envelope. The number must be there: a decoder that takes a
// missing errno for 0 turns a token error into a successful refund. A string "0"
// does count as 0, for Baidu quotes numbers at will (§13). An answer with both a
// service's and a gateway's code contradicts itself and is no answer.
func parseReply(body []byte) (reply, error) {
	members, err := wire.ParseObject(body)
	if err != nil {
		return reply{}, err
	}
	r := reply{members: members}
	var errno, gateway wire.Int
	if members.Has("error_code") {
		if err := members.Read("error_code", &gateway); err != nil {
			return reply{}, err
		}
	}
	if gateway != 0 {
		if members.Has("errno") {
			return reply{}, errors.New("both errno and error_code are given")
		}
		r.gateway, r.number, r.message = true, int64(gateway), r.text("error_msg")
		return r, nil
	}
	if err := members.Read("errno", &errno); err != nil {
		return reply{}, err
	}
	r.number, r.message = int64(errno), r.text("msg")
	if r.message == "" {
		r.message = r.text("errmsg")
	}
	return r, nil
}

// text reads a message. One that is missing or no string does not spoil the
// answer, since the number decides.
func (r reply) text(name string) string {
	var s string
	if r.members.Read(name, &s) != nil {
		return ""
	}
	return s
}

// code is the number as a failure shows it. The gateway's numbers overlap with
// the services', so they say where they come from.
func (r reply) code() string {
	n := strconv.FormatInt(r.number, 10)
	if r.gateway {
		return "error_code " + n
	}
	return n
}

// signatureRefused: the signature does not hold (§8.1, §8.2).
func (r reply) signatureRefused() bool { return !r.gateway && (r.number == 10000 || r.number == 930) }

// tokenRefused: the gateway turned the request away for its token, before any
// service saw it (§8.3).
func (r reply) tokenRefused() bool { return r.gateway && (r.number == 110 || r.number == 111) }
