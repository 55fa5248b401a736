package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

// sent are the documents of callers: a full example that is right at every limit, and Go's verdict.
var sent = map[string]struct {
	example string
	judge   func([]byte) error
}{
	"request": {`{"id":"R20261121-0001","account":"shop-baidu","amount":1,"reason":"not delivered","initiator":"user","requested_by":"agent-17",
		"order":{"platform_id":"800200451","merchant_id":"10000234","user_id":"2250333905","total":10000000000,
		"paid_at":"2026-11-20T10:00:00+08:00","store_id":"12","store_id_type":"miaojie"},"extra":{"refund_account":"A"}}`,
		func(data []byte) error { _, err := refund.ParseRequest(data); return err }},
	"decision": {`{"by":"finance-2","note":"receipt seen","expires":"2026-11-21T08:00:00Z","signature":"` + strings.Repeat("a", 64) + `"}`,
		judged[refund.Decision]},
	"verdict": {`{"decision":"approve","by":"finance-2","note":"receipt seen","expires":"2026-11-21T08:00:00Z","signature":"` + strings.Repeat("a", 64) + `"}`,
		judged[refund.Verdict]},
	"resolution": {`{"action":"succeeded","by":"ops","note":"n","evidence":"receipt 1","expires":"2026-11-21T08:00:00Z","signature":"` + strings.Repeat("a", 64) + `"}`,
		judged[refund.Resolution]},
}

func judged[T interface{ Validate() error }](data []byte) error {
	_, err := refund.Parse[T](data)
	return err
}

func TestSchemaAndGoDrawEveryLimitAtTheSamePlace(t *testing.T) {
	for name, s := range sent {
		t.Run(name, func(t *testing.T) {
			schema := validator(t, name)
			tried := 0
			for _, probe := range probes(t, name, s.example) {
				data, err := json.Marshal(probe.document)
				require.NoError(t, err)
				inGo, inSchema := s.judge(data), schema.Validate(parsed(t, data))
				require.Equal(t, probe.good, inGo == nil, "Go, %s: %v", probe.what, inGo)
				require.Equal(t, probe.good, inSchema == nil, "schema, %s: %v", probe.what, inSchema)
				tried++
			}
			require.Greater(t, tried, 20)
		})
	}
}

// probe is a document that lies just within a limit of the schema, or just beyond it.
type probe struct {
	what     string
	good     bool
	document map[string]any
}

func probes(t *testing.T, name, example string) (all []probe) {
	t.Helper()
	files, err := Schemas(Source)
	require.NoError(t, err)
	var schema map[string]any
	require.NoError(t, json.Unmarshal(files[name+".schema.json"], &schema))
	all = append(all, probe{"the example", true, changed(t, example, nil, nil)})
	visit(t, schema, schema, nil, func(path []string, limit string, good bool, value any) {
		what := fmt.Sprintf("%s, %s: %.40v", strings.Join(path, "."), limit, value)
		all = append(all, probe{what, good, changed(t, example, path, value)})
	})
	return all
}

// absent as a value takes a field away.
type absent struct{}

// visit says for each limit of an object's schema which values keep to it and which do not.
func visit(t *testing.T, root, object map[string]any, path []string, try func(path []string, limit string, good bool, value any)) {
	t.Helper()
	require.Equal(t, false, object["additionalProperties"], "what callers send is strict")
	try(append(slices.Clone(path), "colour"), "unknown", false, "red")
	properties := object["properties"].(map[string]any)
	for _, field := range object["required"].([]any) {
		try(append(slices.Clone(path), field.(string)), "required", false, absent{})
	}
	for _, field := range slices.Sorted(maps.Keys(properties)) {
		at := append(slices.Clone(path), field)
		p := properties[field].(map[string]any)
		if ref, ok := p["$ref"].(string); ok {
			p = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
		}
		for _, wrong := range []any{true, []any{}, 1.5} {
			try(at, "type", false, wrong)
		}
		switch p["type"] {
		case "object":
			if p["properties"] != nil {
				visit(t, root, p, at, try)
			} else {
				tryEntries(p, at, try)
			}
		case "integer":
			least, most := int64(p["minimum"].(float64)), int64(p["maximum"].(float64))
			try(at, "minimum", true, least)
			try(at, "minimum", false, least-1)
			try(at, "maximum", true, most)
			try(at, "maximum", false, most+1)
			try(at, "type", false, "1")
		case "string":
			try(at, "type", false, 7)
			try(at, "type", false, nil)
			tryText(p, at, try)
		default:
			require.FailNow(t, "a type without probes", "%s: %v", field, p["type"])
		}
	}
}

func tryText(p map[string]any, at []string, try func([]string, string, bool, any)) {
	if words, ok := p["enum"].([]any); ok {
		for _, word := range words {
			try(at, "enum", true, word)
		}
		try(at, "enum", false, "somebody")
	}
	if most, ok := p["maxLength"].(float64); ok {
		try(at, "maxLength", true, strings.Repeat("字", int(most)))
		try(at, "maxLength", false, strings.Repeat("字", int(most)+1))
	}
	if _, ok := p["minLength"]; ok {
		try(at, "minLength", false, "")
	}
	if pattern, ok := p["pattern"].(string); ok && strings.Contains(pattern, printable) {
		for _, bad := range []string{" a", "a ", "a\nb", "a\u200bb", "a\u00a0b", "\t", "a\u3000b"} {
			try(at, "pattern", false, bad)
		}
		for _, good := range []string{"a", "a b", "退款 (第1次)", "é", "1️⃣"} {
			try(at, "pattern", true, good)
		}
	}
	if p["format"] == "date-time" {
		for _, bad := range []string{"2026-11-20", "2026-11-20 10:00:00+08:00", "2026-11-20T10:00:00", "2026-02-30T10:00:00Z", "yesterday"} {
			try(at, "format", false, bad)
		}
		for _, good := range []string{"2026-11-20T10:00:00Z", "2026-11-20T10:00:00.25+08:00", "2028-02-29T00:00:00-14:00"} {
			try(at, "format", true, good)
		}
	}
}

func tryEntries(p map[string]any, at []string, try func([]string, string, bool, any)) {
	most := int(p["maxProperties"].(float64))
	name := int(p["propertyNames"].(map[string]any)["maxLength"].(float64))
	value := int(p["additionalProperties"].(map[string]any)["maxLength"].(float64))
	entries := func(n int) map[string]any {
		all := map[string]any{}
		for i := range n {
			all[fmt.Sprintf("n%d", i)] = "v"
		}
		return all
	}
	for more, good := range map[int]bool{0: true, 1: false} {
		try(at, "maxProperties", good, entries(most+more))
		try(at, "propertyNames", good, map[string]any{strings.Repeat("字", name+more): "v"})
		try(at, "additionalProperties", good, map[string]any{"n": strings.Repeat("字", value+more)})
	}
	try(at, "additionalProperties", false, map[string]any{"n": 1})
}

// changed is the example with one field set, or taken away.
func changed(t *testing.T, example string, path []string, value any) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(example))
	d.UseNumber()
	var document map[string]any
	require.NoError(t, d.Decode(&document))
	object := document
	for i, name := range path {
		if i < len(path)-1 {
			object = object[name].(map[string]any)
			continue
		}
		object[name] = value
		if value == (absent{}) {
			delete(object, name)
		}
	}
	return document
}
