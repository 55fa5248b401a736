package contract

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSchemaAndGoJudgeTheSameDocumentsAlike(t *testing.T) {
	const (
		good    = "good"
		bad     = "bad"
		onlyGo  = "bad, and only Go sees it"
		lenient = "Go bears it, but does not promise to"
	)
	request := func(old, new string) string {
		base := `{"id":"R1","account":"shop","amount":9800,"reason":"late","initiator":"user","requested_by":"agent-17","order":{"merchant_id":"10000234","total":9800}}`
		if old != "" && !strings.Contains(base, old) {
			panic("nothing is replaced by " + new)
		}
		return strings.Replace(base, old, new, 1)
	}
	key := strings.Repeat("a", 64)
	for _, c := range []struct{ kind, verdict, name, document string }{
		{"request", good, "the shortest", request("", "")},
		{"request", good, "the longest id", request("R1", strings.Repeat("a", 32))},
		{"request", bad, "too long an id", request("R1", strings.Repeat("a", 33))},
		{"request", bad, "an id with a space", request("R1", "R 1")},
		{"request", bad, "an empty id", request("R1", "")},
		{"request", bad, "an id that ends in a line", request("R1", `R1\n`)},
		{"request", good, "the longest account", request("shop", strings.Repeat("a", 64))},
		{"request", bad, "too long an account", request("shop", strings.Repeat("a", 65))},
		{"request", bad, "an account in capitals", request("shop", "Shop")},
		{"request", bad, "an account that begins with a dash", request("shop", "-shop")},
		{"request", bad, "an amount with a fraction", request("9800", "98.5")},
		{"request", bad, "a quoted amount", request("9800", `"9800"`)},
		{"request", bad, "no order number", request(`"merchant_id":"10000234",`, "")},
		{"request", bad, "empty order numbers", request(`"merchant_id":"10000234"`, `"merchant_id":"","platform_id":""`)},
		{"request", good, "one empty order number", request(`"total"`, `"platform_id":"","total"`)},
		{"request", good, "empty shop", request(`"total"`, `"store_id":"","store_id_type":"","total"`)},
		{"request", bad, "a field in another case", request(`"reason"`, `"Reason"`)},
		{"request", bad, "no object", `[]`},
		{"request", bad, "null", `null`},
		{"request", onlyGo, "more than the order", request("9800", "9801")},
		{"request", onlyGo, "a whole amount written as a fraction", request("9800", "9800.0")},
		{"request", onlyGo, "a whole amount with an exponent", request("9800", "98e2")},
		{"request", onlyGo, "a field given twice", request(`"reason":"late"`, `"reason":"late","reason":"later"`)},
		{"request", onlyGo, "paid long ago", request(`"total"`, `"paid_at":"1999-01-01T00:00:00Z","total"`)},
		{"request", onlyGo, "paid in a zone that is none", request(`"total"`, `"paid_at":"2026-01-01T00:00:00+15:00","total"`)},
		{"request", lenient, "an empty time", request(`"total"`, `"paid_at":"","total"`)},
		{"request", lenient, "no extra as null", request(`"order"`, `"extra":null,"order"`)},

		{"decision", good, "the shortest", `{"by":"finance-2"}`},
		{"decision", bad, "nobody", `{}`},
		{"decision", bad, "a signature for ever", `{"by":"a","signature":"` + key + `"}`},
		{"decision", bad, "an end without a signature", `{"by":"a","expires":"2026-11-21T08:00:00Z"}`},
		{"decision", bad, "a signature in capitals", `{"by":"a","expires":"2026-11-21T08:00:00Z","signature":"` + strings.ToUpper(key) + `"}`},
		{"decision", bad, "a short signature", `{"by":"a","expires":"2026-11-21T08:00:00Z","signature":"aa"}`},
		{"decision", lenient, "an empty signature", `{"by":"a","signature":"","expires":""}`},
		{"verdict", good, "the shortest", `{"decision":"reject","by":"a"}`},
		{"verdict", bad, "no decision", `{"by":"a"}`},
		{"verdict", bad, "an action", `{"decision":"approve","action":"retry","by":"a"}`},
		{"verdict", bad, "a signature for ever", `{"decision":"approve","by":"a","signature":"` + key + `"}`},
		{"resolution", bad, "a signature for ever", `{"action":"retry","by":"a","signature":"` + key + `"}`},
		{"resolution", bad, "an end without a signature", `{"action":"retry","by":"a","expires":"2026-11-21T08:00:00Z"}`},
		{"resolution", good, "the shortest", `{"action":"retry","by":"a"}`},
		{"resolution", bad, "closed without evidence", `{"action":"failed","by":"a"}`},
		{"resolution", bad, "closed with empty evidence", `{"action":"succeeded","by":"a","evidence":""}`},
		{"resolution", bad, "no action", `{"by":"a"}`},
	} {
		t.Run(c.kind+" "+c.name, func(t *testing.T) {
			inGo, inSchema := sent[c.kind].judge([]byte(c.document)), validator(t, c.kind).Validate(parsed(t, []byte(c.document)))
			require.Equal(t, c.verdict == good || c.verdict == lenient, inGo == nil, "Go: %v", inGo)
			require.Equal(t, c.verdict == good || c.verdict == onlyGo, inSchema == nil, "schema: %v", inSchema)
		})
	}
}
