package baidu

import (
	"bytes"
	"container/heap"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// verdict is auditStatus (§6.1).
type verdict int64

const (
	approve   verdict = 1
	reject    verdict = 2
	undecided verdict = 3
)

// Answered implements stage.Recipient: it reads a merchant's answer as strictly as §6 words it, and acts on a verdict.
func (p *Platform) Answered(l stage.Letter, status int, body []byte) string {
	data, problem := readAnswer(status, body)
	if problem != "" || l.Kind != auditLetter {
		return problem
	}
	v, amount, problem := readVerdict(data)
	if problem != "" {
		return problem
	}
	fields, err := url.ParseQuery(string(l.Body))
	if err != nil {
		return "the letter itself is broken: " + err.Error()
	}
	batch, _ := parseLong(fields.Get("refundBatchId"))
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.stage.Clock.Now()
	p.book.settle(now)
	i := slices.IndexFunc(p.book.waiting, func(r *refund) bool { return r.batchID == batch })
	if i < 0 {
		return "" // decided by an earlier answer, which stands
	}
	r := p.book.waiting[i]
	// A reply with another amount is "the amount really refunded" to the page (§6.1); what the platform would do with it is not
	// told. Refusing it is the reading under which no wrong sum is paid.
	if v == approve && amount != r.amount {
		return fmt.Sprintf("data.calculateRes.refundPayMoney is %d, the refund is of %d fen", amount, r.amount)
	}
	p.book.decide(r, v, now)
	return ""
}

// decide acts on the verdict about a waiting refund.
func (b *book) decide(r *refund, v verdict, now time.Time) {
	if v == undecided {
		r.askAt = now.Add(undecidedPause)
		return
	}
	b.waiting = slices.DeleteFunc(b.waiting, func(other *refund) bool { return other == r })
	r.askAt = time.Time{}
	if v == approve {
		r.audit, r.settlesAt = control.AuditApproved, b.finalAt(r, now)
		heap.Push(&b.pending, r)
		return
	}
	// The order is "not refundable" from here on; that this cannot be taken back is inferred (§6.1).
	r.audit, r.settlesAt, r.o.barred = control.AuditRejected, now, true
	r.fail()
	b.postNotification(r)
}

// readAnswer checks what both letters ask of an answer: HTTP 200, errno 0, data an object.
func readAnswer(status int, body []byte) (data map[string]json.RawMessage, problem string) {
	if status != http.StatusOK {
		return nil, fmt.Sprintf("HTTP status %d instead of 200", status)
	}
	answer, isObject := object(body)
	if !isObject {
		return nil, "the answer is no JSON object"
	}
	switch errno, isNumber := integer(answer["errno"]); {
	case !isNumber:
		return nil, "errno is missing or no JSON number"
	case errno != 0:
		return nil, fmt.Sprintf("errno is %d", errno)
	}
	if data, isObject = object(answer["data"]); !isObject {
		return nil, "data is missing or no JSON object"
	}
	return data, ""
}

// readVerdict reads the data of an audit's answer. The amount is asked for with every verdict, a rejection included.
func readVerdict(data map[string]json.RawMessage) (v verdict, amount int64, problem string) {
	n, isNumber := integer(data["auditStatus"])
	if v = verdict(n); !isNumber || v < approve || v > undecided {
		return 0, 0, "data.auditStatus is not the JSON number 1, 2 or 3"
	}
	result, isObject := object(data["calculateRes"])
	if !isObject {
		return 0, 0, "data.calculateRes is missing or no JSON object"
	}
	if amount, isNumber = integer(result["refundPayMoney"]); !isNumber {
		return 0, 0, "data.calculateRes.refundPayMoney is missing or no JSON number in whole fen"
	}
	return v, amount, ""
}

// object reads a JSON object with its names as they are: matching them regardless of case, as Go's structs do, would accept
// what the platform may not.
func object(raw []byte) (map[string]json.RawMessage, bool) {
	var fields map[string]json.RawMessage
	return fields, json.Unmarshal(raw, &fields) == nil && fields != nil
}

// integer reads a JSON number without fraction or exponent; text with digits in it is none.
func integer(raw json.RawMessage) (int64, bool) {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
	return n, err == nil
}
