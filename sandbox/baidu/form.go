package baidu

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxForm bounds a platform request's body in bytes; a refund call needs some hundred.
const maxForm = 64 << 10

// readForm collects query and form body. A name given twice is refused: whoever signs and whoever reads could pick
// different ones (§9.5).
func readForm(r *http.Request) (map[string]string, error) {
	body := ""
	if r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		b, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
		if err != nil {
			return nil, fmt.Errorf("read form: %w", err)
		}
		if len(b) > maxForm {
			return nil, fmt.Errorf("form is larger than %d bytes", maxForm)
		}
		body = string(b)
	}
	params := map[string]string{}
	for _, part := range []string{r.URL.RawQuery, body} {
		values, err := url.ParseQuery(part)
		if err != nil {
			return params, fmt.Errorf("form is not urlencoded: %w", err)
		}
		for name, all := range values {
			if _, twice := params[name]; twice || len(all) > 1 {
				return params, fmt.Errorf("%s is given twice", name)
			}
			params[name] = all[0]
		}
	}
	return params, nil
}

// field is the rule for one parameter.
type field struct {
	name     string
	kind     kind
	optional bool
}

type kind int

const (
	isLong       kind = iota // positive 64-bit integer
	isFen                    // fen, positive
	isRefundType             // 1, 2, 3 (§3.1)
	isThree                  // the constant 3 (§4.2)
	isFlag                   // 0 or 1
	isSerial                 // ≤ 32 of [0-9A-Za-z]: the notes' conservative limit for bizRefundBatchId, inferred (§3.1)
	isName                   // ≤ 64 printable characters without blanks: an order id or key; inferred
	isText                   // not empty, UTF-8
	isLink                   // absolute http(s) address
)

var (
	decimal = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	serials = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)
	names   = regexp.MustCompile(`^[!-~]{1,64}$`)
)

// fieldError names the first parameter that breaks its rule.
type fieldError struct {
	name    string
	missing bool
}

// checkFields applies the rules in order. An optional field may be absent, but not empty: empty values are where the
// signature pages contradict each other (§9.3), so a client that sends one is told.
func checkFields(params map[string]string, rules []field) *fieldError {
	for _, rule := range rules {
		value, given := params[rule.name]
		switch {
		case !given && rule.optional:
		case value == "":
			return &fieldError{rule.name, true}
		case !rule.kind.allows(value):
			return &fieldError{rule.name, false}
		}
	}
	return nil
}

func (k kind) allows(v string) bool {
	switch k {
	case isLong, isFen:
		_, ok := parseLong(v)
		return ok
	case isRefundType:
		return v == "1" || v == "2" || v == "3"
	case isThree:
		return v == "3"
	case isFlag:
		return v == "0" || v == "1"
	case isSerial:
		return serials.MatchString(v)
	case isName:
		return names.MatchString(v)
	case isText:
		return utf8.ValidString(v)
	case isLink:
		u, err := url.Parse(v)
		return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	}
	return false
}

// parseLong reads a positive decimal number without sign or leading zero, as the platform's Long fields are written.
func parseLong(v string) (int64, bool) {
	if !decimal.MatchString(v) {
		return 0, false
	}
	n, err := strconv.ParseInt(v, 10, 64)
	return n, err == nil
}

// mustLong reads a field that checkFields has passed; an absent optional one is 0.
func mustLong(params map[string]string, name string) int64 {
	n, _ := parseLong(params[name])
	return n
}
