package account

import (
	"fmt"
	"path/filepath"
	"unicode/utf8"

	"github.com/refundflow/refundflow/refund"
)

// Mistakes collects what is wrong with the settings in one provider's block of
// the configuration.
type Mistakes struct {
	block string
	all   refund.InvalidError
}

// NewMistakes makes an empty collection for a block such as "baidu".
func NewMistakes(block string) *Mistakes { return &Mistakes{block: block} }

// Add says what is wanted of a setting, named as within the block: "app_key".
func (m *Mistakes) Add(setting, format string, args ...any) {
	m.all.Add(m.block+"."+setting, format, args...)
}

// OrNil is nil without mistakes, else a [*refund.InvalidError] whose fields read
// "baidu.app_key".
func (m *Mistakes) OrNil() error { return m.all.OrNil() }

// Load reads a file that is named, adding what is wrong with it to bad. Without a
// name there is nothing to read: whether one is needed is said elsewhere.
func Load[T any](bad *Mistakes, setting, path string, read func(string) (T, error)) T {
	var none T
	if path == "" {
		return none
	}
	v, err := read(path)
	if err != nil {
		bad.Add(setting, "%v", err)
	}
	return v
}

// In counts relative file names from dir, the folder of the configuration file.
func In(dir string, paths ...*string) {
	for _, path := range paths {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(dir, *path)
		}
	}
}

// Length describes a value without showing it.
func Length(s string) string {
	if s == "" {
		return "nothing"
	}
	return fmt.Sprintf("%d characters", utf8.RuneCountInString(s))
}
