package wechat

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// byteOrderMark may stand before a document in UTF-8 and is no part of it.
var byteOrderMark = []byte("\xef\xbb\xbf")

// parseXML reads a flat document: one root with text elements. It knows no
// document type, so that nothing in it can name a file or an address (§16.8), and
// refuses whatever two readers could understand differently: an element given
// twice, nesting, attributes, comments inside, text beside the elements.
func parseXML(raw []byte, root string) (fields, error) {
	if len(raw) > maxMessage {
		return nil, fmt.Errorf("the document has more than %d bytes", maxMessage)
	}
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, byteOrderMark)))
	f := fields{}
	var (
		depth int
		name  string
		value strings.Builder
		done  bool
	)
	for first := true; ; first = false {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && done {
			return f, nil
		}
		if err != nil { // its text may quote the document
			return nil, errors.New("want one whole XML document")
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch {
			case done || depth == 2:
				return nil, errors.New("want one root with text elements only")
			case len(t.Attr) > 0 || t.Name.Space != "":
				return nil, errors.New("an element has attributes or a name space")
			case depth == 0 && t.Name.Local != root:
				return nil, fmt.Errorf("want the root element %s", root)
			case depth == 1:
				name = t.Name.Local
				if _, twice := f[name]; twice {
					return nil, errors.New("an element is given twice")
				}
				if len(f) == maxFields {
					return nil, fmt.Errorf("the document has more than %d elements", maxFields)
				}
				value.Reset()
			}
			depth++
		case xml.EndElement:
			if depth == 2 {
				f[name] = value.String()
			}
			depth--
			done = depth == 0
		case xml.CharData:
			if depth == 2 {
				value.Write(t)
			} else if strings.TrimSpace(string(t)) != "" {
				return nil, errors.New("text stands beside the elements")
			}
		case xml.ProcInst:
			if !first || t.Target != "xml" {
				return nil, errors.New("a processing instruction is inside")
			}
		case xml.Comment:
			if depth == 2 { // does the value end before it, or go on behind it?
				return nil, errors.New("a comment is inside an element")
			}
		default:
			return nil, errors.New("a document type is inside")
		}
	}
}

// writeXML writes params as WeChat's samples do: text in CDATA, numbers bare.
func writeXML(ps params) string {
	var b strings.Builder
	b.WriteString("<xml>")
	for _, p := range ps {
		b.WriteString("<" + p.name + ">")
		if p.number {
			b.WriteString(p.value)
		} else {
			// "]]>" would end the section: it is split over two.
			b.WriteString("<![CDATA[" + strings.ReplaceAll(p.value, "]]>", "]]]]><![CDATA[>") + "]]>")
		}
		b.WriteString("</" + p.name + ">")
	}
	b.WriteString("</xml>")
	return b.String()
}
