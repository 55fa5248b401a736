package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/refundflow/refundflow/refund"
)

// YAML converts what it reads: 98.5 becomes 98 fen, 010000 is octal for 4096, a
// key of digits loses its zeros, and an empty value counts as left out. So the
// document is compared with the types of [Config] as it was written, before
// anything is converted.

var (
	fenType      = reflect.TypeFor[refund.Fen]()
	durationType = reflect.TypeFor[time.Duration]()
	// plainFen is an amount as it must be written; 18 digits always fit.
	plainFen = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})$`)
	// plainCount is a number of things.
	plainCount = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)
	// numberLike is a number to other readers of YAML, if not to this library.
	numberLike = regexp.MustCompile(`^[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?$`)
)

// written collects what is wrong with the values of a document. Its errors tell
// place and name, never a value: a secret may stand in the wrong place.
type written struct {
	bad []error
	// undecodable: it holds what the library cannot be trusted with, such as a tag
	// on a list, at which it panics.
	undecodable bool
}

// decode checks a document and reads it into c. It reports false when it cannot,
// with at least one error; an odd value alone does not stop it, so that
// [Config.check] can tell what else is wrong.
func (w *written) decode(document ast.Node, c *Config) bool {
	switch document.(type) {
	case nil, *ast.CommentGroupNode:
		return true // nothing is set
	}
	w.check("", document, reflect.TypeOf(*c))
	if w.undecodable {
		return false
	}
	if err := yaml.NodeToValue(document, c, yaml.Strict()); err != nil {
		if len(w.bad) == 0 { // the library's own words may repeat a value
			w.add("", document, "cannot be read: compare it with the README's")
		}
		return false
	}
	return true
}

func (w *written) add(path string, node ast.Node, problem string) {
	if path == "" {
		path = "configuration"
	}
	at := node.GetToken().Position
	w.bad = append(w.bad, fmt.Errorf("[%d:%d] %s: %s", at.Line, at.Column, path, problem))
}

func (w *written) check(path string, node ast.Node, want reflect.Type) {
	for want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	switch node.(type) {
	case *ast.NullNode:
		w.add(path, node, "is empty: give it a value or remove it")
		return
	case *ast.TagNode, *ast.AnchorNode, *ast.AliasNode:
		w.add(path, node, "tags, anchors and aliases are not read here: write the value out")
		w.undecodable = true
		return
	}
	switch {
	case want == fenType:
		if _, ok := node.(*ast.IntegerNode); !ok || !plainFen.MatchString(node.GetToken().Value) {
			w.add(path, node, "want whole fen in plain digits, such as 9800 for ¥98.00")
		}
	case want == durationType:
		s, ok := node.(*ast.StringNode)
		if !ok {
			w.add(path, node, "want a duration such as 30s")
		} else if _, err := time.ParseDuration(s.Value); err != nil {
			w.add(path, node, "want a duration such as 30s")
		}
	case want.Kind() == reflect.Uint:
		if _, ok := node.(*ast.IntegerNode); !ok || !plainCount.MatchString(node.GetToken().Value) {
			w.add(path, node, "want a whole number in plain digits, at least 1")
		}
	case want.Kind() == reflect.String:
		w.text(path, node)
	case want.Kind() == reflect.Bool:
		if _, ok := node.(*ast.BoolNode); !ok {
			w.add(path, node, "want true or false")
		}
	case want.Kind() == reflect.Slice:
		w.list(path, node, want.Elem())
	default: // a struct or a map
		w.block(path, node, want)
	}
}

// text refuses what only looks like text to a person: 0010026 is a number.
func (w *written) text(path string, node ast.Node) {
	const quote = "want text, and this reads as a number or as true or false: put it in quotes"
	switch n := node.(type) {
	case *ast.LiteralNode:
	case *ast.StringNode:
		if n.Token.Type == token.StringType && numberLike.MatchString(n.Value) {
			w.add(path, node, quote)
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		w.add(path, node, quote)
	default:
		w.add(path, node, "want text")
	}
}

func (w *written) list(path string, node ast.Node, element reflect.Type) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		w.add(path, node, "want a list such as [a, b]")
		return
	}
	for i, value := range list.Values {
		w.check(fmt.Sprintf("%s[%d]", path, i), value, element)
	}
}

func (w *written) block(path string, node ast.Node, want reflect.Type) {
	block, ok := node.(ast.MapNode)
	if !ok {
		w.add(path, node, "want a block of settings")
		return
	}
	for i := block.MapRange(); i.Next(); {
		name := i.Key().GetToken().Value
		inside := strings.TrimPrefix(path+"."+name, ".")
		if want.Kind() == reflect.Map {
			w.text(inside, i.Key())
			w.check(inside, i.Value(), want.Elem())
		} else if setting, known := settings(want)[name]; known {
			w.check(inside, i.Value(), setting)
		} else {
			w.add(inside, i.Key(), "unknown setting: remove it or correct its name")
		}
	}
}

// settings are the names and types of a block, those of inlined blocks among them.
func settings(block reflect.Type) map[string]reflect.Type {
	found := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(block) {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" {
			found[name] = f.Type
		}
	}
	return found
}
