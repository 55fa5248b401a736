package orders

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"unicode/utf8"
)

// Flat reads one JSON object of plain values: text as it is, a number as the digits it was written with (a float would lose
// some), true and false as those words. null counts as not sent. A name given twice is refused, because whoever signs and
// whoever reads could pick different ones; so are nested values, which no stand-in here has a use for.
func Flat(text []byte) (map[string]string, error) {
	if !utf8.Valid(text) { // the decoder would replace what it cannot read, and a signature would fit the replacement
		return nil, errors.New("the JSON text is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	fields, seen := map[string]string{}, map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, errors.New("not a JSON object")
		}
		name, _ := key.(string)
		if seen[name] {
			return nil, fmt.Errorf("%q is given twice", name)
		}
		seen[name] = true
		value, err := dec.Token()
		if err != nil {
			return nil, errors.New("not a JSON object")
		}
		switch v := value.(type) {
		case string:
			fields[name] = v
		case json.Number:
			fields[name] = v.String()
		case bool:
			fields[name] = fmt.Sprint(v)
		case nil:
		default:
			return nil, fmt.Errorf("%q holds a nested value; nested data goes as JSON text in a string", name)
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, errors.New("not a JSON object")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	return fields, nil
}

// JSON encodes strings, numbers and booleans, which cannot fail, leaving < > & as they are signed.
func JSON(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

var decimal = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)

// Fen reads a positive amount, in digits only: 1e2 and 100.0 are numbers to JSON, but no integers of a platform's table.
func Fen(text string) (int64, bool) {
	if !decimal.MatchString(text) {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
