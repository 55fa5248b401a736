package wechat

import (
	"encoding/json"
	"strconv"
	"strings"
)

// field is one element of an answer: text, an int64 (bare digits in XML, a number in JSON) or, in the cloud dialects, a list.
type field struct {
	name  string
	value any
}

type fields []field

func (f *fields) add(name string, value any) { *f = append(*f, field{name, value}) }

// addText leaves out what there is nothing to say about.
func (f *fields) addText(name, value string) {
	if value != "" {
		f.add(name, value)
	}
}

// texts is the form that is signed (§8).
func (f fields) texts() map[string]string {
	m := map[string]string{}
	for _, e := range f {
		m[e.name] = e.text()
	}
	return m
}

func (e field) text() string {
	switch v := e.value.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// xml writes the elements under a root: text in CDATA, numbers bare, as the samples do.
func (f fields) xml(root string) []byte {
	var b strings.Builder
	b.WriteString("<" + root + ">\n")
	for _, e := range f {
		b.WriteString("<" + e.name + ">")
		if _, number := e.value.(int64); number {
			b.WriteString(e.text())
		} else {
			b.WriteString(cdata(e.text()))
		}
		b.WriteString("</" + e.name + ">\n")
	}
	b.WriteString("</" + root + ">")
	return []byte(b.String())
}

// cdata wraps text; an end mark within it is divided between two sections.
func cdata(v string) string {
	return "<![CDATA[" + strings.ReplaceAll(v, "]]>", "]]]]><![CDATA[>") + "]]>"
}

// object is the JSON form, each name rewritten by spell.
func (f fields) object(spell func(string) string) map[string]any {
	m := map[string]any{}
	for _, e := range f {
		m[spell(e.name)] = e.value
	}
	return m
}

func snake(name string) string { return name }

// camel turns refund_fee_0 into refundFee0.
func camel(name string) string {
	parts := strings.Split(name, "_")
	for i, part := range parts[1:] {
		if part != "" {
			parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "")
}

// unCamel turns refundFee into refund_fee.
func unCamel(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// mustJSON encodes maps of plain values, which cannot fail; a fault's raw data was checked when the fault was read.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte(`{}`)
	}
	return b
}
