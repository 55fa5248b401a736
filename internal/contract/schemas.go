package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/refundflow/refundflow/refund"
)

// Where package refund's source and the schemas are, seen from this package's folder.
const (
	Source = "../../refund"
	Folder = "../../docs/schema"
)

const home = "github.com/refundflow/refundflow/internal/contract"

// document is one kind of document of the contract.
type document struct {
	name  string
	of    any
	title string
	// sent by a caller: strict, with every limit. Otherwise it is an answer, which may
	// get more fields.
	sent bool
}

var documents = []document{
	{"request", refund.Request{}, "What a refund is started with: input of the workflow RefundWorkflow and of its update submit.", true},
	{"decision", refund.Decision{}, "Input of the signals approve, reject and cancel, and of the update cancel.", true},
	{"verdict", refund.Verdict{}, "Input of the update decide.", true},
	{"resolution", refund.Resolution{}, "Input of the signal and of the update resolve.", true},
	{"answer", refund.Answer{}, "Result of every update.", false},
	{"view", refund.View{}, "Answer of the query status: the whole refund as it stands.", false},
	{"outcome", refund.Outcome{}, "Result of the workflow: how the refund ended.", false},
}

// grows are the enumerations of which an answer may show other words than these: new
// ones, and what stood in a document that was refused.
var grows = []string{"WaitFor", "Initiator"}

// Schemas are the files of docs/schema by name, made from package refund, whose
// comments are read from the folder source.
func Schemas(source string) (map[string][]byte, error) {
	words, err := readWords(source)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, d := range documents {
		s, err := d.schema(source, words)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		if files[d.name+".schema.json"], err = encode(s); err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return files, nil
}

func (d document) schema(source string, words map[string]enumeration) (*jsonschema.Schema, error) {
	used := jsonschema.Definitions{}
	comments := jsonschema.Reflector{}
	if err := comments.AddGoComments(home, source); err != nil {
		return nil, err
	}
	r := jsonschema.Reflector{
		ExpandedStruct: true, AllowAdditionalProperties: !d.sent,
		LookupComment: func(t reflect.Type, field string) string {
			if t.Kind() != reflect.Struct {
				return ""
			}
			key := t.PkgPath() + "." + t.Name()
			if field != "" {
				key += "." + field
			}
			return foreign(t, comments.CommentMap[key])
		},
		// An enumeration stands once among the definitions, where each of its uses refers to.
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			w, ok := words[t.Name()]
			if !ok || t.PkgPath() != reflect.TypeOf(d.of).PkgPath() {
				return nil
			}
			used[t.Name()] = w.schema(!d.sent && slices.Contains(grows, t.Name()))
			return &jsonschema.Schema{Ref: "#/$defs/" + t.Name()}
		},
	}
	s := r.Reflect(d.of)
	s.ID = jsonschema.ID("urn:refundflow:" + d.name)
	s.Title = d.title
	if s.Definitions == nil {
		s.Definitions = jsonschema.Definitions{}
	}
	if !d.sent {
		s.Comments = "May get more fields: ignore those you do not know."
	}
	root := reflect.TypeOf(d.of).Name()
	structs := map[string]*jsonschema.Schema{root: s}
	for name, def := range s.Definitions {
		structs[name] = def
	}
	for name, def := range used {
		s.Definitions[name] = def
	}
	for name, def := range structs {
		if err := say(name, def); err != nil {
			return nil, err
		}
		if d.sent {
			if err := limit(name, def); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// plain is a Go comment without line breaks and links.
func plain(comment string) string {
	return strings.NewReplacer("[", "", "]", "").Replace(strings.Join(strings.Fields(comment), " "))
}

// foreign is a comment for readers who know the fields of a type by their JSON names.
func foreign(t reflect.Type, comment string) string {
	comment = plain(comment)
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			comment = regexp.MustCompile(`\b`+f.Name+`\b`).ReplaceAllString(comment, "`"+name+"`")
		}
	}
	return comment
}

func encode(s *jsonschema.Schema) ([]byte, error) {
	compact, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	// The library escapes for HTML pages, which these are not.
	text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(out.String())
	return []byte(text), nil
}
