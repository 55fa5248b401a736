package connection

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
)

const (
	defaultAddress   = "127.0.0.1:7233"
	defaultNamespace = "default"
)

// Wanted is what a program was told about the server; what is left out is looked for
// elsewhere, see [Find].
type Wanted struct {
	// Address is host:port, Namespace the name of one.
	Address, Namespace string
	// ConfigFile holds profiles; a relative name counts from the working directory.
	ConfigFile, Profile string
	// Flags says that all this was typed for this one run: it then beats the
	// environment. Elsewhere both must agree.
	Flags bool
	// Env is the environment; nil means the process's own.
	Env envconfig.EnvLookup
	// Report hears that a renewed key or certificate cannot be used, once for each
	// content; the one before it stays in use. Nil means that nobody does.
	Report func(error)
}

// Server is where Temporal is, and how it is spoken to.
type Server struct {
	Address, Namespace string
	options            client.Options
	kind               []string // of the connection, for people
}

// Find settles which server is meant. What is wanted comes first, then the variables
// TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, then the profile, then 127.0.0.1:7233 and
// "default". TLS and API key come from the other TEMPORAL_ variables and the profile.
//
// The profile is the one that is named; where neither a profile nor its file is, it is
// "default" of the user's own temporal.toml, unless an address is wanted: what
// a configuration file says about its server must not change with who runs it.
//
// Where what is wanted is no [Wanted.Flags], a variable or a profile that says otherwise
// is a mistake: a variable that somebody forgot must not send refunds to another server
// than the file says. Nor may it turn off the TLS of a profile that is wanted, or bring
// another key than the profile has. The error lists every mistake.
func Find(w Wanted) (*Server, error) {
	if w.Env == nil {
		w.Env = envconfig.EnvLookupOS
	}
	w.Env = present{w.Env}
	s := search{Wanted: w}
	profile, from := s.profile()
	s.checkSwitches()
	written := trustOf(profile)
	if err := profile.ApplyEnvVars(w.Env); err != nil {
		s.add("the variables TEMPORAL_*: %w", err)
	}
	for _, each := range []struct {
		from    string
		address *string
	}{{s.setting("address"), &s.Address}, {s.source("TEMPORAL_ADDRESS", from), &profile.Address}} {
		if err := CheckAddress(each.from, *each.address); err != nil {
			s.bad = append(s.bad, err)
			*each.address = "" // what is said further on would show it
		}
	}
	found := &Server{
		Address:   cmp.Or(s.settle("address", s.Address, profile.Address, "TEMPORAL_ADDRESS", from), defaultAddress),
		Namespace: cmp.Or(s.settle("namespace", w.Namespace, profile.Namespace, "TEMPORAL_NAMESPACE", from), defaultNamespace),
	}
	s.checkTrust(written, trustOf(profile), from)
	s.secure(found, profile, from, written.apiKey)
	if len(s.bad) > 0 {
		return nil, errors.Join(s.bad...)
	}
	return found, nil
}

// ClientOptions sets where to connect and how, and nothing else.
func (s *Server) ClientOptions(o *client.Options) {
	o.HostPort, o.Namespace = s.Address, s.Namespace
	o.Credentials, o.HeadersProvider = s.options.Credentials, s.options.HeadersProvider
	o.ConnectionOptions.TLS = s.options.ConnectionOptions.TLS
	o.ConnectionOptions.TLSDisabled = s.options.ConnectionOptions.TLSDisabled
	o.ConnectionOptions.Authority = s.options.ConnectionOptions.Authority
}

// String tells address, namespace and kind of the connection, for people.
func (s *Server) String() string {
	return fmt.Sprintf("%s, namespace %s, %s", s.Address, s.Namespace, strings.Join(s.kind, ", "))
}

// search collects what is wrong on the way.
type search struct {
	Wanted
	// file and name are the profile that was read, if one was.
	file, name string
	bad        []error
}

func (s *search) add(format string, args ...any) { s.bad = append(s.bad, fmt.Errorf(format, args...)) }

// setting is the name of what is wanted as its writer knows it.
func (s *search) setting(name string) string {
	if s.Flags {
		return "--" + strings.ReplaceAll(name, "_", "-")
	}
	return "temporal." + name
}

// settle demands that what is wanted and what was found agree, where both say something.
func (s *search) settle(name, wanted, found, variable, profile string) string {
	if wanted != "" && found != "" && wanted != found && !s.Flags {
		s.add("%s says %s, and %s says %s: make them the same, or remove one of them", s.setting(name), wanted, s.source(variable, profile), found)
	}
	return cmp.Or(wanted, found)
}

// source is where something was found: variables beat the profile.
func (s *search) source(variable, profile string) string {
	if _, ok := s.Env.LookupEnv(variable); ok {
		return "$" + variable
	}
	return profile
}

// checkSwitches refuses what would be passed over in silence.
func (s *search) checkSwitches() {
	for _, name := range []string{"TEMPORAL_TLS", "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"} {
		value, ok := s.Env.LookupEnv(name)
		switch strings.ToLower(value) {
		case "1", "0", "true", "false":
		default:
			if ok {
				s.add("$%s: want true or false, got %d characters", name, len(value))
			}
		}
	}
}

// present takes a variable that is set to nothing for one that is not set, as
// programs pass them on that have nothing to say.
type present struct{ envconfig.EnvLookup }

func (p present) LookupEnv(name string) (string, bool) {
	value, ok := p.EnvLookup.LookupEnv(name)
	return value, ok && value != ""
}
