package sqlstore

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A platform may put anything into what it calls a text, and so may a person's note.
// PostgreSQL stores neither NUL nor bytes that are no UTF-8, and to refuse them would be
// to lose the platform's word about money. So they are stored in other words, by both
// engines alike and with a way back: what is read is what was written, byte for byte,
// and a repeated step finds its own.

// escape begins the stored form of one byte: two hexadecimal digits follow. It is
// "substitute" in ASCII, and no text that means something holds it.
const escape = '\x1a'

// stored is the form of a text in the database.
func stored(s string) string {
	if utf8.ValidString(s) && !strings.ContainsAny(s, "\x00\x1a") {
		return s
	}
	var out strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 || r == 0 || r == escape {
			fmt.Fprintf(&out, "%c%02x", escape, s[0])
		} else {
			out.WriteString(s[:size])
		}
		s = s[size:]
	}
	return out.String()
}

// original is the text that has this stored form.
func original(s string) string {
	parts := strings.Split(s, string(escape))
	for i, part := range parts[1:] {
		if len(part) >= 2 {
			if b, err := hex.DecodeString(part[:2]); err == nil {
				parts[i+1] = string(b) + part[2:]
				continue
			}
		}
		parts[i+1] = string(escape) + part // of a ledger that was written before there was a form
	}
	return strings.Join(parts, "")
}

// keyMost is how many bytes of a text a key may hold: an entry of PostgreSQL's indexes ends
// at 2704, in which several texts may stand, each three times as long in its stored form.
const keyMost = 256

// asKey is a text that is short enough for a key, and as unique. What is only compared is
// shortened so; what has to be read again is refused by tooLong.
func asKey(s string) string {
	if len(s) <= keyMost {
		return s
	}
	digest := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:keyMost-2*len(digest)-1], "") + " " + hex.EncodeToString(digest[:])
}

// tooLong refuses a text that would not fit into a key, in both engines alike.
func tooLong(what, s string) error {
	if len(s) <= keyMost {
		return nil
	}
	return fmt.Errorf("ledger: %s has %d bytes: want at most %d", what, len(s), keyMost)
}

// bind makes the arguments of a statement plain integers and texts in their stored
// form: a driver that looked at their types itself would store what their String
// method says.
func bind(args []any) ([]any, error) {
	bound := make([]any, len(args))
	for i, arg := range args {
		value, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		if s, ok := value.(string); ok {
			value = stored(s)
		}
		bound[i] = value
	}
	return bound, nil
}

// restore turns the texts that were read back. What has a type of its own is of a
// fixed set of words, and a request is JSON: they are their own stored form.
func restore(into []any) {
	for _, target := range into {
		if s, ok := target.(*string); ok {
			*s = original(*s)
		}
	}
}
