package contract

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
)

// enumeration is a string type of package refund with its constants, in the order of
// the source.
type enumeration struct {
	about string
	words []word
}

// word is one constant: its name in Go, its value, and what its comment says.
type word struct{ name, text, means string }

func (e enumeration) schema(grows bool) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string", Description: e.about}
	var known []any
	for _, w := range e.words {
		known = append(known, w.text)
		if w.means != "" {
			s.Description += " `" + w.text + "`: " + strings.TrimRight(w.means, ".") + ";"
		}
	}
	s.Description = strings.TrimSuffix(s.Description, ";")
	for _, w := range e.words {
		s.Description = regexp.MustCompile(`\b`+w.name+`\b`).ReplaceAllString(s.Description, "`"+w.text+"`")
	}
	if grows {
		s.Examples, s.Comments = known, "There may be other words: bear one that you do not know."
	} else {
		s.Enum = known
	}
	return s
}

// readWords finds every enumeration in a folder's source. Reflection does not know
// constants, and a list of them here would be a second one.
func readWords(folder string) (map[string]enumeration, error) {
	all := map[string]enumeration{}
	files, err := fs.Glob(os.DirFS(folder), "*.go")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(token.NewFileSet(), folder+"/"+file, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, decl := range source.Decls {
			if group, ok := decl.(*ast.GenDecl); ok {
				for _, spec := range group.Specs {
					read(all, group, spec)
				}
			}
		}
	}
	for name, e := range all {
		if len(e.words) == 0 {
			delete(all, name)
		}
	}
	return all, nil
}

func read(all map[string]enumeration, group *ast.GenDecl, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		e := all[spec.Name.Name]
		e.about = plain(group.Doc.Text())
		all[spec.Name.Name] = e
	case *ast.ValueSpec:
		of, typed := spec.Type.(*ast.Ident)
		if group.Tok != token.CONST || !typed || len(spec.Values) != 1 {
			return
		}
		value, ok := spec.Values[0].(*ast.BasicLit)
		if !ok || value.Kind != token.STRING {
			return
		}
		text, err := strconv.Unquote(value.Value)
		if err != nil {
			return // the compiler would have refused it
		}
		means := plain(spec.Doc.Text() + spec.Comment.Text())
		name := spec.Names[0].Name
		e := all[of.Name]
		e.words = append(e.words, word{name, text, strings.TrimPrefix(means, name+": ")})
		all[of.Name] = e
	}
}
