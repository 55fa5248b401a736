package stage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxControlBody bounds a control request in bytes.
const maxControlBody = 1 << 20

// ControlError is a refusal of a control request, with the HTTP status that fits it.
type ControlError struct {
	Status  int
	Message string
}

func (e *ControlError) Error() string { return e.Message }

// Wrong is a 400: the input is not right; the message names the field and the fix.
func Wrong(format string, args ...any) error {
	return &ControlError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// Unknown is a 404: what is named does not exist.
func Unknown(format string, args ...any) error {
	return &ControlError{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// Taken is a 409: what is to be made exists already.
func Taken(format string, args ...any) error {
	return &ControlError{http.StatusConflict, fmt.Sprintf(format, args...)}
}

// Decode reads exactly one JSON value over *into and refuses unknown fields. Fields left out keep what *into held.
func Decode(r io.Reader, into any) error {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if err := dec.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value where exactly one object belongs")
	}
	return nil
}

// Read decodes the body of a control request.
func Read(r *http.Request, into any) error {
	if err := Decode(http.MaxBytesReader(nil, r.Body, maxControlBody), into); err != nil {
		return Wrong("request body: %v; send one JSON object with the documented fields (GET /sandbox/v1/ lists them)", err)
	}
	return nil
}

// Control turns a function into a handler of the control API: its value becomes JSON, its error {"error":"..."} with
// the status of the ControlError in it (400 for any other error). What it changed, and what became due by it, is in the books
// file before it is answered.
func (s *Stage) Control(f func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		v, err := f(r)
		s.settle()
		s.Wake()
		if err != nil {
			status = http.StatusBadRequest
			var refusal *ControlError
			if errors.As(err, &refusal) {
				status = refusal.Status
			}
			v = map[string]string{"error": err.Error()}
		}
		if err := s.commit(); err != nil {
			status, v = http.StatusInternalServerError, map[string]string{"error": err.Error()}
		}
		body, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			status, body = http.StatusInternalServerError, []byte(`{"error":"the answer could not be written as JSON"}`)
		}
		write(w, Reply{Status: status, Body: append(body, '\n')})
	}
}

// Set takes a value over where a patch has one.
func Set[T any](target *T, value *T) {
	if value != nil {
		*target = *value
	}
}
