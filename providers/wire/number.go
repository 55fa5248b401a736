package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var integer = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

// Int is an integer that a platform writes as a JSON number or as a string of
// digits. It is exact to the last digit of int64 and never passes through a
// float: 1e3, 1.5, 0x1F, 007 and "" are errors. Use *Int where a missing or null
// value must be told from 0.
type Int int64

// UnmarshalJSON reads either form.
func (i *Int) UnmarshalJSON(raw []byte) error {
	text, err := scalar(raw)
	if err != nil {
		return err
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || !integer.MatchString(text) {
		return fmt.Errorf("want an integer of at most 64 bits, as a number or in quotes, got %d characters", len(text))
	}
	*i = Int(v)
	return nil
}

// ID is an identifier that a platform writes as a JSON number in one message
// and as a string in another. A number keeps its digits; a string may be empty
// and holds at most 128 printable ASCII characters, since it is stored and shown.
type ID string

// UnmarshalJSON reads either form.
func (id *ID) UnmarshalJSON(raw []byte) error {
	text, err := scalar(raw)
	if err != nil {
		return err
	}
	quoted := raw[0] == '"'
	switch {
	case !quoted && !integer.MatchString(text):
		return errors.New("want an id as an integer or a string, got another number")
	case len(text) > 128, strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' }):
		return fmt.Errorf("want an id of at most 128 printable ASCII characters, got %d bytes", len(text))
	}
	*id = ID(text)
	return nil
}

// scalar returns the text of a JSON string or number. JSON null is refused, for
// encoding/json would otherwise leave a zero that looks like an answer.
func scalar(raw []byte) (string, error) {
	switch {
	case len(raw) > 0 && raw[0] == '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'):
		return string(raw), nil
	}
	return "", errors.New("want a number or a string")
}

// Object is a JSON object with its members still encoded. Names match exactly,
// unlike those of a Go struct, so that "Errno" does not pass for "errno".
type Object map[string]json.RawMessage

// ParseObject reads exactly one JSON object; a name given twice is an error,
// since two readers of it may disagree on which counts.
func ParseObject(raw []byte) (Object, error) {
	if !json.Valid(raw) {
		return nil, errors.New("want one JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("want a JSON object")
	}
	object := Object{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		if _, twice := object[name]; twice {
			return nil, errors.New("a name is given twice")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		object[name] = value
	}
	return object, nil
}

// Has reports whether the member is there and not null.
func (o Object) Has(name string) bool {
	raw, ok := o[name]
	return ok && string(raw) != "null"
}

// Object reads a member that is itself an object and must be there. Platforms
// written in PHP send [] for an empty one: that is an error here.
func (o Object) Object(name string) (Object, error) {
	if !o.Has(name) {
		return nil, fmt.Errorf("%s is missing", name)
	}
	inner, err := ParseObject(o[name])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return inner, nil
}

// Read decodes a member that must be there and must not be null.
func (o Object) Read(name string, into any) error {
	if !o.Has(name) {
		return fmt.Errorf("%s is missing", name)
	}
	if err := json.Unmarshal(o[name], into); err != nil {
		return fmt.Errorf("%s is not of the documented shape", name)
	}
	return nil
}
