package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/config"
)

// secret is something that may be nowhere but in its file and on its way to a platform.
type secret struct {
	name string // the setting
	// pieces are the forms in which it could turn up.
	pieces []string
}

// shortest is the length from which a piece is no coincidence.
const shortest = 16

// secretsOf are the contents of all files that the configuration names in a setting called ..._file or ..._files. They
// are found by their settings' names, so that a setting that somebody adds is looked for without being listed here.
func secretsOf(t *testing.T, c *config.Config) (all []secret) {
	t.Helper()
	visit(reflect.ValueOf(*c), "", func(setting, file string) {
		if file == "" {
			return
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(c.Dir(), file)
		}
		content, err := os.ReadFile(file)
		require.NoError(t, err, setting)
		all = append(all, secret{setting, piecesOf(t, setting, string(content))})
	})
	return all
}

// visit walks through settings and finds those that name files.
func visit(v reflect.Value, setting string, found func(setting, file string)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			visit(v.Elem(), setting, found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); f.IsExported() {
				visit(v.Field(i), strings.TrimSuffix(setting+"."+name, "."), found)
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			visit(v.MapIndex(k), setting+"."+k.String(), found)
		}
	case reflect.Slice:
		for i := range v.Len() {
			visit(v.Index(i), setting, found)
		}
	case reflect.String:
		if strings.HasSuffix(setting, "_file") || strings.HasSuffix(setting, "_files") {
			found(setting, v.String())
		}
	default:
	}
}

func piecesOf(t *testing.T, name, content string) (pieces []string) {
	t.Helper()
	whole := strings.TrimSpace(content)
	require.GreaterOrEqual(t, len(whole), shortest, "%s is too short to be looked for", name)
	add := func(piece string) {
		if len(piece) >= shortest {
			pieces = append(pieces, piece)
		}
	}
	if !strings.Contains(whole, "\n") {
		add(whole)
		add(url.QueryEscape(whole))
	}
	for _, form := range []string{whole, content} {
		add(hex.EncodeToString([]byte(form)))
		add(strings.ToUpper(hex.EncodeToString([]byte(form))))
		add(strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(form)), "="))
		add(strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(form)), "="))
	}
	for line := range strings.Lines(content) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			add(line)
		}
	}
	if raw, err := hex.DecodeString(whole); err == nil {
		add(strings.TrimRight(base64.StdEncoding.EncodeToString(raw), "="))
		add(string(raw))
	}
	return pieces
}

// leaks names every secret that is found, and where.
func leaks(in map[string]string, secrets []secret) (found []string) {
	for place, text := range in {
		for _, s := range secrets {
			for i, piece := range s.pieces {
				if strings.Contains(text, piece) {
					found = append(found, fmt.Sprintf("%s: %s in its form %d", place, s.name, i))
				}
			}
		}
	}
	return found
}
