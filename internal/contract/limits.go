package contract

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/invopop/jsonschema"

	"github.com/refundflow/refundflow/refund"
)

// rule changes the schema of one field.
type rule func(*jsonschema.Schema)

// rules of a struct's fields, by their JSON names.
type rules map[string]rule

// printable is what [refund.Request.Validate] takes as text for people: nothing
// invisible, and no white space at either end.
const printable = `[\p{L}\p{M}\p{N}\p{P}\p{S}]([\p{L}\p{M}\p{N}\p{P}\p{S} ]*[\p{L}\p{M}\p{N}\p{P}\p{S}])?`

var (
	decision = rules{"by": text(64), "note": atMost(500), "signature": matches("^[0-9a-f]{64}$")}

	// limits are those of Validate. What only Go can see, such as an amount above the
	// order's total, is listed in the tests and in docs/contract.md.
	limits = map[string]rules{
		"Request": {
			"id": matches("^[0-9A-Za-z_-]{1,32}$"), "account": matches("^[0-9a-z][0-9a-z._-]{0,63}$"),
			"amount": fen, "reason": text(200), "requested_by": text(64), "extra": entries(32, 64, 512),
		},
		"Order": {
			"platform_id": optional, "merchant_id": optional, "user_id": optional,
			"store_id": optional, "store_id_type": optional, "total": fen,
		},
		"Decision": decision, "Verdict": decision, "Resolution": with(decision, rules{"evidence": atMost(500)}),
	}

	// wholes are the limits that concern more than one field.
	wholes = map[string]rule{
		"Order": func(s *jsonschema.Schema) {
			s.AnyOf = []*jsonschema.Schema{filled("platform_id"), filled("merchant_id")}
		},
		"Decision": sealed, "Verdict": sealed,
		"Resolution": func(s *jsonschema.Schema) {
			sealed(s)
			closing := jsonschema.NewProperties()
			closing.Set("action", &jsonschema.Schema{Enum: []any{refund.ResolveSucceeded, refund.ResolveFailed}})
			s.If, s.Then = &jsonschema.Schema{Properties: closing}, filled("evidence")
		},
	}

	// sayings are the descriptions whose Go comment says too little without Go.
	sayings = map[string]map[string]string{
		"Request": {
			"amount": "Amount to give back, in fen, greater than 0 and at most the order's `total`.",
			"extra":  "What only one platform needs, by names from its page.",
		},
		"Order": {
			"paid_at": "When it was paid, in the years 2000 to 2100. Leave it out when you do not know.",
		},
		"Decision": seals, "Verdict": seals, "Resolution": seals,
		"Failure": {
			"message":     "The platform's text, without control characters, cut after 120.",
			"retry_after": "The platform's own wish for a pause, in nanoseconds.",
		},
		"Outcome": {
			"status": "How it ended: `succeeded`, `failed`, `rejected` or `cancelled`.",
		},
		"View": {
			"provider": "The platform, such as baidu.",
			"steps":    fmt.Sprintf("What happened so far, oldest first. Of more than %d the first and the newest are kept.", refund.MaxSteps),
		},
		"Waiting": {
			"until": "When the wait ends by itself at the latest; absent when only somebody can end it. The refund may look earlier: see `next_look` beside `waiting`.",
		},
	}
	seals = map[string]string{
		"expires":   "The last moment at which a signed decision may be taken, to the second, at most 31 days ahead.",
		"signature": "For accounts that take signed decisions only: 64 hex digits in lower case, made as docs/contract.md says.",
	}
)

func fen(s *jsonschema.Schema) {
	s.Minimum, s.Maximum = "1", json.Number(fmt.Sprint(int64(refund.MaxFen)))
}

func matches(pattern string) rule { return func(s *jsonschema.Schema) { s.Pattern = pattern } }

func atMost(n uint64) rule { return func(s *jsonschema.Schema) { s.MaxLength = &n } }

func text(max uint64) rule {
	return func(s *jsonschema.Schema) {
		s.MinLength, s.MaxLength, s.Pattern = new(uint64(1)), &max, "^"+printable+"$"
	}
}

// optional text may be empty, which is the same as absent.
func optional(s *jsonschema.Schema) {
	s.MaxLength, s.Pattern = new(uint64(64)), "^("+printable+")?$"
}

func entries(max, name, value uint64) rule {
	return func(s *jsonschema.Schema) {
		s.MaxProperties, s.PropertyNames = &max, &jsonschema.Schema{MaxLength: &name}
		s.AdditionalProperties.MaxLength = &value
	}
}

// filled demands a field that is not empty.
func filled(field string) *jsonschema.Schema {
	p := jsonschema.NewProperties()
	p.Set(field, &jsonschema.Schema{MinLength: new(uint64(1))})
	return &jsonschema.Schema{Required: []string{field}, Properties: p}
}

func sealed(s *jsonschema.Schema) {
	s.DependentRequired = map[string][]string{"expires": {"signature"}, "signature": {"expires"}}
}

func with(a, b rules) rules {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func limit(structure string, s *jsonschema.Schema) error {
	for field, set := range limits[structure] {
		p, ok := s.Properties.Get(field)
		if !ok {
			return fmt.Errorf("limits.go limits %s.%s, which there is not", structure, field)
		}
		set(p)
	}
	if set := wholes[structure]; set != nil {
		set(s)
	}
	return nil
}

func say(structure string, s *jsonschema.Schema) error {
	for field, text := range sayings[structure] {
		p, ok := s.Properties.Get(field)
		if !ok {
			return fmt.Errorf("limits.go describes %s.%s, which there is not", structure, field)
		}
		p.Description = text
	}
	return nil
}
