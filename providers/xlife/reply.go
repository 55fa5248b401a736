package xlife

import (
	"bytes"
	"errors"
	"html"
	"strconv"
	"strings"

	"github.com/refundflow/refundflow/providers/wire"
)

// reply is the gateway's answer (§2.3, §7): the operation's own object, or a
// refusal.
type reply struct {
	// members of the operation's answer; nil when refused.
	members wire.Object
	refused bool
	// number is the gateway's code, sub the code behind it, which says more.
	number  int64
	sub     string
	message string
}

// byteOrderMark may stand before a JSON text (RFC 8259 §8.1) and means nothing.
var byteOrderMark = []byte("\uFEFF")

// parseReply reads either form of an answer: simplify drops the outer wrapper.
// An answer that is both a refusal and a result contradicts itself and is none.
func parseReply(o op, body []byte) (reply, error) {
	top, err := wire.ParseObject(bytes.TrimPrefix(body, byteOrderMark))
	if err != nil {
		return reply{}, err
	}
	wrapper, inner := o.envelope()
	wrapped, bare, refused := top.Has(wrapper), top.Has(inner), top.Has("error_response")
	switch {
	case wrapped && bare, refused && (wrapped || bare):
		return reply{}, errors.New("more than one answer is given")
	case refused:
		return parseRefusal(top)
	case wrapped:
		if top, err = top.Object(wrapper); err != nil {
			return reply{}, err
		}
	}
	members, err := top.Object(inner)
	return reply{members: members}, err
}

func parseRefusal(top wire.Object) (reply, error) {
	fields, err := top.Object("error_response")
	if err != nil {
		return reply{}, err
	}
	var number wire.Int
	if err := fields.Read("code", &number); err != nil {
		return reply{}, err
	}
	r := reply{refused: true, number: int64(number)}
	if fields.Has("sub_code") { // it decides, so it must be readable
		if err := fields.Read("sub_code", &r.sub); err != nil {
			return reply{}, err
		}
		// Blanks around it would hide its row, and turn a final refusal into a question.
		r.sub = strings.TrimSpace(r.sub)
	}
	// Entities were seen in sub_msg: "don&apos;t" (§7).
	r.message = html.UnescapeString(text(fields, "sub_msg"))
	if r.message == "" {
		r.message = html.UnescapeString(text(fields, "msg"))
	}
	return r, nil
}

// text reads words for people. What is missing or no string does not spoil an
// answer, since they decide nothing.
func text(in wire.Object, name string) string {
	var s string
	if in.Read(name, &s) != nil {
		return ""
	}
	return s
}

// name is the code as a failure shows it.
func (r reply) name() string {
	if word.MatchString(r.sub) {
		return r.sub
	}
	return "code " + strconv.FormatInt(r.number, 10)
}

// envelope returns the names around an operation's answer: the outer one, which
// simplify drops, and the inner one.
func (o op) envelope() (wrapper, inner string) {
	wrapper = strings.ReplaceAll(string(o), ".", "_") + "_response"
	switch o {
	case opRefund:
		return wrapper, "onsite_trade_refund_response"
	case opOrder:
		return wrapper, "onsite_trade_query_response"
	case opQueryRefund:
		return wrapper, "result"
	}
	return wrapper, "result"
}
