package refund

import (
	"fmt"
	"strings"
)

// InvalidError says which fields of a document are wrong and what they should
// be. It lists them all, the first fifty at least, so that a caller repairs the
// document once.
type InvalidError struct {
	Fields []FieldError
}

// FieldError is one wrong field: its path as in "order.total", and what is
// wanted instead of what.
type FieldError struct {
	Field   string `json:"field"`
	Problem string `json:"problem"`
}

func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + ": " + f.Problem
	}
	return strings.Join(parts, "; ")
}

// maxFields bounds the list: a document may be nothing but mistakes, and what is said
// of it is kept in histories.
const maxFields = 50

// Add notes one more wrong field. The problem says what is wanted there.
func (e *InvalidError) Add(field, format string, args ...any) {
	switch n := len(e.Fields); {
	case n == maxFields:
		e.Fields = append(e.Fields, FieldError{Field: "…", Problem: "and more fields are wrong"})
		return
	case n > maxFields:
		return
	}
	e.Fields = append(e.Fields, FieldError{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// OrNil returns nil, not a typed nil, when nothing is wrong.
func (e *InvalidError) OrNil() error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

// Invalid makes an [*InvalidError] of one field, for rules that live outside
// this package, such as a provider's own.
func Invalid(field, format string, args ...any) *InvalidError {
	var e InvalidError
	e.Add(field, format, args...)
	return &e
}
