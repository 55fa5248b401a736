package connection

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"go.temporal.io/sdk/contrib/envconfig"
)

// profile reads the profile that is meant, and says which it is.
func (s *search) profile() (envconfig.ClientConfigProfile, string) {
	file := s.named("config_file", s.ConfigFile, "TEMPORAL_CONFIG_FILE", samePath)
	name := s.named("profile", s.Profile, "TEMPORAL_PROFILE", func(a, b string) bool { return a == b })
	none := envconfig.ClientConfigProfile{}
	if file == "" && name == "" && s.Address != "" {
		return none, ""
	}
	where, which := file, name
	if where == "" {
		where = envconfig.DefaultConfigFilePath()
	}
	if which == "" {
		which = envconfig.DefaultConfigFileProfile
	}
	p, err := readProfile(where, which)
	switch {
	case err == nil:
		s.file, s.name = where, which
		return p, fmt.Sprintf("profile %s of %s", which, where)
	case name == "" && errors.Is(err, errNoProfile), name == "" && file == "" && errors.Is(err, fs.ErrNotExist):
		return none, ""
	case file == "" && errors.Is(err, fs.ErrNotExist):
		s.add("%s: %s is looked for in %s, and there is none: name another file with %s", s.setting("profile"), which, where, s.setting("config_file"))
	default:
		s.add("%s: %w", s.setting("config_file"), err)
	}
	return none, ""
}

// named is what is wanted or what a variable says, which must agree.
func (s *search) named(name, wanted, variable string, same func(a, b string) bool) string {
	value, ok := s.Env.LookupEnv(variable)
	switch {
	case wanted == "":
		return value
	case ok && !s.Flags && !same(wanted, value):
		s.add("%s says %s, and $%s says %s: make them the same, or remove one of them", s.setting(name), wanted, variable, value)
	}
	return wanted
}

func samePath(a, b string) bool {
	first, err := filepath.Abs(a)
	second, err2 := filepath.Abs(b)
	return err == nil && err2 == nil && first == second
}

// errNoProfile is returned for a file that has no profile of the name.
var errNoProfile = errors.New("no such profile")

// readProfile reads one profile. What is wrong with the file is told by its line: its
// text may be a key.
func readProfile(file, name string) (envconfig.ClientConfigProfile, error) {
	none := envconfig.ClientConfigProfile{}
	data, err := os.ReadFile(file)
	if err != nil {
		return none, fmt.Errorf("the profiles cannot be read: %w", err)
	}
	var all envconfig.ClientConfig
	if err := all.FromTOML(data, envconfig.ClientConfigFromTOMLOptions{Strict: true}); err != nil {
		var wrong toml.ParseError
		if errors.As(err, &wrong) {
			return none, fmt.Errorf("%s cannot be understood at line %d: see the settings of temporal.toml", file, wrong.Position.Line)
		}
		return none, fmt.Errorf("%s: %w", file, err)
	}
	p, ok := all.Profiles[name]
	if !ok {
		return none, fmt.Errorf("%s has %w as %s; it has %s", file, errNoProfile, name, strings.Join(slices.Sorted(maps.Keys(all.Profiles)), ", "))
	}
	if trustOf(*p).keyed() || p.TLS != nil && len(p.TLS.ClientKeyData) > 0 {
		if err := guarded(file); err != nil {
			return none, err
		}
	}
	return *p, nil
}

// guarded demands of a file that holds a key that its owner alone may use it.
func guarded(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("cannot be read: %w", err)
	}
	// Windows has no such bits: Go reports every file there as readable by all.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("%s has mode %04o and holds a key that others than its owner can use: run chmod 600 %s", file, mode, file)
	}
	return nil
}
