package refund

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"
)

// UnmarshalJSON reads a request strictly: unknown, doubled and wrongly typed
// fields are all named in one [*InvalidError]. Field names are matched
// exactly, and amounts must be plain integers: a float or a quoted number is
// refused, since a silently converted amount is how money goes astray. What is
// missing is left zero, for [Request.Validate] to name.
func (r *Request) UnmarshalJSON(data []byte) error {
	if known, ok := asWritten(data); ok {
		*r = known
		return nil
	}
	*r = Request{}
	return strictly(data, map[string]field{
		"id": text(&r.ID), "account": text(&r.Account), "amount": fen(&r.Amount), "reason": text(&r.Reason),
		"initiator": text(&r.Initiator), "requested_by": text(&r.RequestedBy), "extra": texts(&r.Extra),
		"order": object(map[string]field{
			"platform_id": text(&r.Order.PlatformID), "merchant_id": text(&r.Order.MerchantID),
			"user_id": text(&r.Order.UserID), "total": fen(&r.Order.Total), "paid_at": moment(&r.Order.PaidAt),
			"store_id": text(&r.Order.StoreID), "store_id_type": text(&r.Order.StoreIDType),
		}),
	})
}

// asWritten reads a document that is, byte for byte, what this program writes, as nearly all
// are: histories, the ledger, and backends in Go. Nothing in it can be unknown, doubled or of
// another type, or it would be written otherwise; to know that takes a third of the time.
func asWritten(data []byte) (Request, bool) {
	type plain Request // without UnmarshalJSON
	var r plain
	if err := json.Unmarshal(data, &r); err != nil {
		return Request{}, false
	}
	again, err := json.Marshal(r)
	paid := r.Order.PaidAt
	return Request(r), err == nil && bytes.Equal(again, data) && (paid.IsZero() || plausible(paid))
}

// ParseRequest decodes and validates one request document.
func ParseRequest(data []byte) (Request, error) {
	var r Request
	if err := json.Unmarshal(data, &r); err != nil {
		return Request{}, err
	}
	return r, r.Validate()
}

// field reads the raw JSON of one field, adding what is wrong to bad.
type field func(path string, raw json.RawMessage, bad *InvalidError)

// strictly decodes one JSON object into the given fields and nothing else.
func strictly(data []byte, fields map[string]field) error {
	var bad InvalidError
	object(fields)("", data, &bad)
	return bad.OrNil()
}

func object(fields map[string]field) field {
	return func(path string, raw json.RawMessage, bad *InvalidError) {
		prefix, name := "", "document"
		if path != "" {
			prefix, name = path+".", path
		}
		seen := map[string]bool{}
		err := members(raw, func(key string, value json.RawMessage) {
			read, known := fields[key]
			switch {
			case !known:
				bad.Add(prefix+shorten(key), "unknown field: remove it or correct its name")
			case seen[key]:
				bad.Add(prefix+key, "given twice: keep one")
			default:
				read(prefix+key, value, bad)
			}
			seen[key] = true
		})
		if err != nil {
			bad.Add(name, "want a JSON object: %v", err)
		}
	}
}

// members walks a JSON object in order. Unlike a map it shows a doubled name.
func members(raw []byte, each func(key string, value json.RawMessage)) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	open, err := dec.Token()
	if err != nil {
		return readable(err)
	}
	if open != json.Delim('{') {
		return fmt.Errorf("got %s", kind(raw))
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return readable(err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return readable(err)
		}
		each(key.(string), value)
	}
	if _, err := dec.Token(); err != nil {
		return readable(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more text follows it")
	}
	return nil
}

func readable(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the text ends too early")
	}
	return err
}

func text[T ~string](into *T) field {
	return func(path string, raw json.RawMessage, bad *InvalidError) {
		if kind(raw) != "a string" {
			bad.Add(path, `want a string in quotes, got %s`, kind(raw))
			return
		}
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			bad.Add(path, "want a string: %v", err)
		}
		*into = T(s)
	}
}

var integer = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

func fen(into *Fen) field {
	return func(path string, raw json.RawMessage, bad *InvalidError) {
		v, err := strconv.ParseInt(string(raw), 10, 64)
		if !integer.Match(raw) || err != nil {
			bad.Add(path, "want an integer number of fen, such as 9800 for ¥98.00, got %s", kind(raw))
		}
		*into = Fen(v)
	}
}

func moment(into *time.Time) field {
	return func(path string, raw json.RawMessage, bad *InvalidError) {
		var s string
		text(&s)(path, raw, bad)
		if s == "" {
			return
		}
		t, err := time.Parse(time.RFC3339, s)
		switch {
		case err != nil:
			bad.Add(path, "want a time as in 2026-11-20T10:00:00+08:00, got %s", shape(s))
		case !plausible(t):
			bad.Add(path, wantMoment+", got %s", shape(s))
		}
		*into = t
	}
}

func texts(into *map[string]string) field {
	return func(path string, raw json.RawMessage, bad *InvalidError) {
		if kind(raw) == "null" {
			return
		}
		all := map[string]string{}
		err := members(raw, func(key string, value json.RawMessage) {
			if _, twice := all[key]; twice {
				bad.Add(path+"."+shorten(key), "given twice: keep one")
			}
			var s string
			text(&s)(path+"."+shorten(key), value, bad)
			all[key] = s
		})
		if err != nil {
			bad.Add(path, "want an object of strings: %v", err)
		}
		*into = all
	}
}

// kind names the type of a JSON value for a message, never the value itself.
func kind(raw []byte) string {
	switch raw = bytes.TrimSpace(raw); {
	case len(raw) == 0:
		return "nothing"
	case raw[0] == '"':
		return "a string"
	case raw[0] == '{':
		return "an object"
	case raw[0] == '[':
		return "an array"
	case raw[0] == 't', raw[0] == 'f':
		return "a boolean"
	case raw[0] == 'n':
		return "null"
	case bytes.ContainsAny(raw, ".eE"):
		return "a number with a fraction or exponent"
	default:
		return "a number"
	}
}
