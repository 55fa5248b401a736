package wechat

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/refundflow/refundflow/refund"
)

// maxMessage bounds every message in bytes, maxFields the fields in it. WeChat's
// own maximum lengths do not hold for answers (§16.11), and ten refunds with their
// coupons make a long page.
const (
	maxMessage = 64 << 10
	maxFields  = 2048
)

// fields are one message of WeChat under v2's names ("refund_fee",
// "refund_status_0"), whatever dialect it came in. Values are the text that was
// received.
type fields map[string]string

var decimal = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})$`)

// has reports whether a field is there with a value. WeChat writes an empty
// element where it has nothing to say.
func (f fields) has(name string) bool { return f[name] != "" }

// word reads a code or a state.
func (f fields) word(name string) string { return strings.TrimSpace(f[name]) }

// fen reads an amount that must be there.
func (f fields) fen(name string) (refund.Fen, error) {
	n, err := f.count(name)
	if err == nil && refund.Fen(n) > refund.MaxFen {
		err = fmt.Errorf("%s is beyond every possible amount", name)
	}
	return refund.Fen(n), err
}

// fenIfAny reads an amount that may be missing; then it is 0.
func (f fields) fenIfAny(name string) (refund.Fen, error) {
	if !f.has(name) {
		return 0, nil
	}
	return f.fen(name)
}

func (f fields) count(name string) (int64, error) {
	if !f.has(name) {
		return 0, fmt.Errorf("%s is missing", name)
	}
	n, err := strconv.ParseInt(f[name], 10, 64)
	if err != nil || !decimal.MatchString(f[name]) {
		return 0, fmt.Errorf("%s is no decimal integer", name)
	}
	return n, nil
}

// id reads a number that may be missing. It is stored and shown, so it has to be
// short and printable.
func (f fields) id(name string) (string, error) {
	v := f[name]
	if len(v) > 64 || strings.ContainsFunc(v, func(c rune) bool { return c < '!' || c > '~' }) {
		return "", fmt.Errorf("%s is no number of at most 64 printable ASCII characters (%d bytes)", name, len(v))
	}
	return v, nil
}

// index is name with the $n of WeChat's tables: index("refund_fee", 2) is
// "refund_fee_2".
func index(name string, n int) string { return name + "_" + strconv.Itoa(n) }

// indices returns every $n for which name_$n is there, in order. Which ones are
// there decides, not a count: the base of later pages is not documented (§17).
func (f fields) indices(name string) []int {
	var found []int
	for key := range f {
		suffix, ok := strings.CutPrefix(key, name+"_")
		if n, err := strconv.Atoi(suffix); ok && err == nil && n >= 0 && index(name, n) == key {
			found = append(found, n)
		}
	}
	slices.Sort(found)
	return found
}
