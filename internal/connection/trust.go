package connection

import (
	"go.temporal.io/sdk/contrib/envconfig"
)

// trust is what a profile gives the server to know us by, and how it is kept from others.
type trust struct {
	// tls: what is sent is encrypted; verified: and the server has proven its name.
	tls, verified bool
	// apiKey, and token, which is sent as the header it would go into. Where both
	// are given the SDK sends the token.
	apiKey, token string
}

func trustOf(p envconfig.ClientConfigProfile) trust {
	t := trust{apiKey: p.APIKey, token: p.GRPCMeta["authorization"]}
	t.tls = p.TLS == nil && p.APIKey != "" || p.TLS != nil && !p.TLS.Disabled // as envconfig does it
	t.verified = t.tls && (p.TLS == nil || !p.TLS.DisableHostVerification)
	return t
}

func (t trust) keyed() bool { return t.apiKey != "" || t.token != "" }

// checkTrust refuses a variable that makes less of a profile that is wanted than was
// written into it. One that adds a key to a profile without any is welcome.
func (s *search) checkTrust(written, given trust, from string) {
	if s.Flags || s.ConfigFile == "" && s.Profile == "" {
		return
	}
	for _, c := range []struct {
		variable, does string
		is             bool
	}{
		{"TEMPORAL_TLS", "turns the TLS off", written.tls && !given.tls},
		{"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "turns the verification of the host off", written.verified && given.tls && !given.verified},
		{"TEMPORAL_API_KEY", "brings another key than that", written.keyed() && written.apiKey != given.apiKey},
		{"TEMPORAL_GRPC_META_AUTHORIZATION", "brings another token than that", written.keyed() && written.token != given.token},
	} {
		if c.is {
			s.add("$%s %s of %s: remove the variable, or change the profile", c.variable, c.does, from)
		}
	}
}

// checkClear refuses to show a key to whoever listens, or answers, on the way.
func (s *search) checkClear(given trust, from, address string) {
	what := "an API key"
	if given.apiKey == "" {
		what = "a token in the header authorization"
	}
	if !given.tls {
		s.add("%s: %s goes to %s without TLS, where everybody on the way can read it: turn TLS on", from, what, address)
		return
	}
	s.add("%s: %s goes to %s with TLS that does not verify the host, where anybody can pretend to be it: turn the verification on, "+
		"with server_ca_cert_path and server_name if its certificate is one of your own", from, what, address)
}
