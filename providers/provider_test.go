package providers

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

func TestNothingIsSentThatNoPlatformCanTake(t *testing.T) {
	format := refund.NumberFormat{Alphabet: "0123456789", Max: 4}
	for name, c := range map[string]struct {
		number        string
		amount, total refund.Fen
		wrong         string // "" for nothing
	}{
		"a part":                  {"1", 1, 2, ""},
		"the whole":               {"1234", 2, 2, ""},
		"the greatest amount":     {"1", refund.MaxFen, refund.MaxFen, ""},
		"nothing":                 {"1", 0, 2, "amount"},
		"less than nothing":       {"1", -1, 2, "amount"},
		"more than the order":     {"1", 3, 2, "amount"},
		"more than can be":        {"1", 1, refund.MaxFen + 1, "amount"},
		"no number":               {"", 1, 2, "1 to 4 characters"},
		"a number that is long":   {"12345", 1, 2, "1 to 4 characters"},
		"a number of other signs": {"12a", 1, 2, "1 to 4 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Instruction{Number: c.number, Request: refund.Request{Amount: c.amount, Order: refund.Order{Total: c.total}}}.Check(format)
			if c.wrong == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.wrong)
		})
	}
}
