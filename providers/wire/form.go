package wire

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Bounds of a form that a platform may send. A callback has a dozen fields.
const (
	// MaxForm is the greatest size of a form's body, in bytes.
	MaxForm = 64 << 10
	// MaxFields is the greatest number of its fields.
	MaxFields = 64
)

// ParseForm reads the body of a callback in application/x-www-form-urlencoded,
// and nothing but the body: parameters in the callback's address are not the
// platform's. Every name it returns has exactly one value.
//
// It is stricter than [url.ParseQuery], since a signature is checked over what it
// returns, and two readings of one body would let a forger choose between them: a
// name given twice, a field without a name or without "=", an invalid escape and
// text that is not UTF-8 are errors. No error shows a name or a value.
func ParseForm(body []byte) (url.Values, error) {
	if len(body) > MaxForm {
		return nil, fmt.Errorf("want a form of at most %d bytes, got %d", MaxForm, len(body))
	}
	if len(body) == 0 {
		return nil, errors.New("want a form, got an empty body")
	}
	if n := strings.Count(string(body), "&") + 1; n > MaxFields {
		return nil, fmt.Errorf("want a form of at most %d fields, got %d", MaxFields, n)
	}
	form := url.Values{}
	for i, field := range strings.Split(string(body), "&") {
		escapedName, escapedValue, ok := strings.Cut(field, "=")
		if !ok {
			return nil, fmt.Errorf("field %d has no =", i+1)
		}
		name, err := unescape(escapedName)
		if err != nil {
			return nil, fmt.Errorf("the name of field %d %w", i+1, err)
		}
		value, err := unescape(escapedValue)
		if err != nil {
			return nil, fmt.Errorf("the value of field %d %w", i+1, err)
		}
		if name == "" {
			return nil, fmt.Errorf("field %d has no name", i+1)
		}
		if form.Has(name) {
			return nil, fmt.Errorf("field %d has the name of an earlier one", i+1)
		}
		form.Set(name, value)
	}
	return form, nil
}

// unescape drops the cause of an invalid escape, which quotes it.
func unescape(text string) (string, error) {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		return "", errors.New("holds an invalid escape")
	}
	if !utf8.ValidString(plain) {
		return "", errors.New("is not UTF-8")
	}
	return plain, nil
}
