package wechat

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxBody bounds a request's body in bytes; a refund call needs some hundred.
const maxBody = 64 << 10

// The roots parseXML may ask for. The pages print <xml> everywhere; a widely used public client names the root of its requests
// after its own types all the same, so WeChat must take any there (inferred). What WeChat itself writes is <xml>, and so must be
// a merchant's reply (§7.1).
const (
	anyRoot = ""
	xmlRoot = "xml"
)

// parseXML reads a flat document under that root. Text counts, markup does not: a value may be bare or in CDATA (§2).
// Refused are document types (and with them entities of one's own, §16.8), nested elements, attributes, text between
// the elements, and a name given twice, since whoever signs and whoever reads could pick different ones.
func parseXML(body []byte, root string) (map[string]string, error) {
	dec := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff")))) // a byte order mark is legal before XML
	values := map[string]string{}
	depth, name, closed := 0, "", false
	var text strings.Builder
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			if !closed {
				return nil, errors.New("the document has no root element")
			}
			return values, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the document is no well-formed XML: %w", err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, errors.New("the document declares a type; only plain elements are taken")
		case xml.StartElement:
			depth++
			name = t.Name.Local
			text.Reset()
			if t.Name.Space != "" || len(t.Attr) > 0 || depth > 2 || closed || depth == 1 && root != anyRoot && name != root {
				return nil, fmt.Errorf("element %q is out of place; use <xml> with plain elements inside", name)
			}
		case xml.CharData:
			if depth == 2 {
				text.Write(t)
			} else if len(bytes.TrimSpace(t)) > 0 {
				return nil, errors.New("there is text between the elements")
			}
		case xml.EndElement:
			if depth == 2 {
				if _, twice := values[name]; twice {
					return nil, fmt.Errorf("%s is given twice", name)
				}
				values[name] = text.String()
			}
			depth--
			closed = depth == 0
		}
	}
}
