package refund

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Fen is an amount of money in fen, a hundredth of a yuan. All amounts inside
// refundflow and on its JSON are integer fen; yuan exist only where a person
// types ([ParseYuan]) or reads ([Fen.String]).
type Fen int64

// MaxFen bounds every amount a caller may name: one hundred million yuan. It
// keeps sums of any realistic number of refunds far from the edge of int64.
const MaxFen Fen = 100_000_000 * 100

// String renders the amount for a reader, for example "¥98.00".
func (f Fen) String() string {
	sign, v := "", int64(f)
	if v == math.MinInt64 { // its negation does not fit
		return strconv.FormatInt(v, 10) + " fen"
	}
	if v < 0 {
		sign, v = "-", -v
	}
	return fmt.Sprintf("%s¥%d.%02d", sign, v/100, v%100)
}

// ParseYuan reads what a person types as yuan: digits with at most two
// decimals, such as "98", "98.5" or "98.00". It never rounds.
func ParseYuan(s string) (Fen, error) {
	whole, cents, dotted := strings.Cut(s, ".")
	if dotted && (len(cents) < 1 || len(cents) > 2) || !digits(whole) || dotted && !digits(cents) {
		return 0, fmt.Errorf("%q is not an amount in yuan: write digits with at most two decimals, such as 98.00", s)
	}
	if len(cents) == 1 {
		cents += "0"
	}
	if cents == "" {
		cents = "00"
	}
	v, err := strconv.ParseInt(whole+cents, 10, 64)
	if err != nil || Fen(v) > MaxFen {
		return 0, fmt.Errorf("%q is too large: the most is %s", s, MaxFen)
	}
	return Fen(v), nil
}

func digits(s string) bool {
	if s == "" {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
