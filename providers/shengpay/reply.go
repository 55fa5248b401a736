package shengpay

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/providers/wire"
)

// verdict is returnCode, the word about the exchange, and resultCode, the word
// about the business. Neither says that money moved (§11).
type verdict string

const (
	verdictSuccess verdict = "SUCCESS"
	verdictFail    verdict = "FAIL"
)

// reply is the envelope of every answer (§3.2).
type reply struct {
	members wire.Object
	// proven: the signature was there and holds.
	proven           bool
	returned, result verdict
	// code and message explain what is not SUCCESS; the code is empty when
	// returned is FAIL, where the page has none.
	code, message string
	// pause is the server's wish, 0 when it has none.
	pause time.Duration
}

// refused reports whether either layer says no.
func (r reply) refused() bool { return r.returned == verdictFail || r.result == verdictFail }

// parseReply reads an envelope in the order of §3.3. Shengpay's own samples leave
// out returnCode; an answer without it is no answer, never a success. A wrong
// signature spoils whatever the answer says, a missing one only its proof, and so
// does one that proves two readings, unless the settings want more.
func (p *Provider) parseReply(body []byte) (reply, error) {
	members, err := parseMessage(body)
	if err != nil {
		return reply{}, err
	}
	r := reply{members: members}
	if r.returned, err = readVerdict(members, "returnCode"); err != nil {
		return reply{}, err
	}
	unsigned := verify(p.platform, members)
	// An order's attach may look like parameters for ever: its answers prove
	// nothing, but refusing them would keep the order from ever being refunded.
	if unsigned != nil && !errors.Is(unsigned, errUnsigned) && !errors.Is(unsigned, errBlurred) {
		return reply{}, unsigned
	}
	r.proven = unsigned == nil
	if r.returned == verdictFail {
		r.message = r.text("returnMsg")
		return r, nil
	}
	if !r.proven && p.settings.RequireSignedAnswers {
		return reply{}, unsigned
	}
	if r.result, err = readVerdict(members, "resultCode"); err != nil {
		return reply{}, err
	}
	if r.result == verdictFail {
		r.code, r.message = r.text("errorCode"), r.text("errorCodeDes")
	}
	return r, nil
}

// parseMessage reads a message without the byte order mark that some writers of
// UTF-8 put before it: the mark is no part of any value, and thus of no signature.
func parseMessage(body []byte) (wire.Object, error) {
	return wire.ParseObject(bytes.TrimPrefix(body, []byte("\ufeff")))
}

func readVerdict(members wire.Object, name string) (verdict, error) {
	var v verdict
	if err := members.Read(name, &v); err != nil {
		return "", err
	}
	if v != verdictSuccess && v != verdictFail {
		return "", fmt.Errorf("%s is neither SUCCESS nor FAIL", name)
	}
	return v, nil
}

// text reads a code or a message. One that is missing or no text does not spoil
// the answer, whose verdict stands; an empty code is an unlisted one.
func (r reply) text(name string) string {
	var s string
	if r.members.Read(name, &s) != nil {
		return ""
	}
	return s
}
