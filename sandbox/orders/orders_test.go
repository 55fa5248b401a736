package orders

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

type shelf = Book[struct{}, struct{}]

func newShelf() *shelf {
	return New[struct{}, struct{}]("test", control.Success, control.Failed)
}

func add(t *testing.T, b *shelf, id string) *Order[struct{}, struct{}] {
	t.Helper()
	o := b.Draft(control.NewOrder{Merchant: "m", PlatformID: id, MerchantID: "M" + id, Total: 100}, noon)
	require.NoError(t, b.Add(o))
	return o
}

func place(b *shelf, o *Order[struct{}, struct{}], number string, after time.Duration) *Refund[struct{}, struct{}] {
	r := &Refund[struct{}, struct{}]{PlacedRefund: control.PlacedRefund{Number: number, Amount: 10}}
	b.Place(o, r, control.Duration(after), noon)
	return r
}

func TestRefundsSettleInTheOrderTheyFallDue(t *testing.T) {
	b := newShelf()
	o, failing := add(t, b, "1"), add(t, b, "2")
	failing.Outcome = control.Failed
	var settled []string
	b.Settled = func(r *Refund[struct{}, struct{}]) { settled = append(settled, r.Number+" "+string(r.Status)) }
	place(b, o, "late", 3*time.Hour)
	place(b, failing, "second", 2*time.Hour)
	place(b, o, "first", time.Hour)
	require.Equal(t, noon.Add(time.Hour), b.Settle(noon))
	require.EqualValues(t, 20, o.View().Refunding)
	require.Equal(t, noon.Add(3*time.Hour), b.Settle(noon.Add(2*time.Hour)))
	require.Equal(t, []string{"first success", "second failed"}, settled)
	require.Zero(t, b.Settle(noon.Add(3*time.Hour)))
	require.Zero(t, failing.Live(), "a failed refund leaves the order refundable")
	require.EqualValues(t, 20, o.View().Refunded)
}

func TestAnOrdersOwnDelayComesBeforeThePlatforms(t *testing.T) {
	b := newShelf()
	o := add(t, b, "1")
	o.SettleAfter = new(control.Duration(time.Minute))
	require.Equal(t, noon.Add(time.Minute), place(b, o, "R", time.Hour).SettlesAt)
}

func TestIDsAreOnePerPlatformAndNumbersOnePerMerchant(t *testing.T) {
	b := newShelf()
	add(t, b, "1")
	draft := func(merchant, id, number string) error {
		return b.Add(b.Draft(control.NewOrder{Merchant: merchant, PlatformID: id, MerchantID: number, Total: 1}, noon))
	}
	require.ErrorContains(t, draft("n", "1", "x"), "platform_id")
	require.ErrorContains(t, draft("m", "2", "M1"), "merchant_id")
	require.NoError(t, draft("n", "2", "M1"))
	require.Nil(t, b.ID("m", "2"), "another merchant's order is not found")
	require.NotNil(t, b.Number("n", "M1"))
	require.ErrorContains(t, draft("m", "3 ", "x"), "platform_id")
}

func TestABookComesBackFromItsSavedForm(t *testing.T) {
	b := newShelf()
	o := add(t, b, "1")
	place(b, o, "done", 0)
	b.Settle(noon)
	place(b, o, "waiting", time.Hour)
	saved, err := json.Marshal(b.Save())
	require.NoError(t, err)

	var orders []*Order[struct{}, struct{}]
	require.NoError(t, json.Unmarshal(saved, &orders))
	restored := newShelf()
	require.NoError(t, restored.Restore(orders, func(*Order[struct{}, struct{}]) error { return nil }))
	again, err := json.Marshal(restored.Save())
	require.NoError(t, err)
	require.JSONEq(t, string(saved), string(again))
	restored.Settle(noon.Add(time.Hour))
	require.EqualValues(t, 20, restored.ID("m", "1").View().Refunded, "what waited settles")
}

func TestFlatObjects(t *testing.T) {
	got, err := Flat([]byte(` {"text":"a","number":12345678901234567890,"point":1.50,"yes":true,"none":null} `))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"text": "a", "number": "12345678901234567890", "point": "1.50", "yes": "true"}, got)
	for name, c := range map[string]struct{ in, want string }{
		"nothing":          {"", "not a JSON object"},
		"an array":         {"[]", "not a JSON object"},
		"cut off":          {`{"a":1`, "not a JSON object"},
		"no value":         {`{"a":}`, "not a JSON object"},
		"twice":            {`{"a":1,"a":1}`, `"a" is given twice`},
		"twice with null":  {`{"a":null,"a":1}`, `"a" is given twice`},
		"nested":           {`{"a":[1]}`, `"a" holds a nested value`},
		"something behind": {`{} x`, "something follows"},
		"not UTF-8":        {"{\"a\":\"\xff\"}", "not UTF-8"},
	} {
		_, err := Flat([]byte(c.in))
		require.ErrorContains(t, err, c.want, name)
	}
}

// What Flat takes, the standard decoder takes too, with the same names and the same texts.
func FuzzFlatAgreesWithTheStandardDecoder(f *testing.F) {
	f.Add(`{"a":"b","n":1e5,"t":true,"z":null}`)
	f.Add(`{"\u0061":"\ud800"}`)
	f.Add(`{"a":1,}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Flat([]byte(text))
		if err != nil {
			return
		}
		var want map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &want), text)
		for name, v := range want {
			if s, isText := v.(string); isText {
				require.Equal(t, s, got[name])
			}
			_, there := got[name]
			require.Equal(t, v != nil, there, name)
		}
	})
}

func TestAmountsAreDigitsOnly(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "9223372036854775807": 1<<63 - 1,
		"0": 0, "": 0, "-1": 0, "+1": 0, "01": 0, "1.0": 0, "1e2": 0, " 1": 0, "9223372036854775808": 0, "99999999999999999999": 0,
	} {
		got, ok := Fen(text)
		require.Equal(t, want > 0, ok, text)
		if ok {
			require.Equal(t, want, got, text)
		}
	}
}

func TestJSONIsWrittenAsItIsSigned(t *testing.T) {
	require.Equal(t, `{"a":"<&>退款","b":1}`, string(JSON(map[string]any{"b": 1, "a": "<&>退款"})))
}
