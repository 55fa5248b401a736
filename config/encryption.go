package config

import (
	"net/url"
	"slices"
	"strings"
)

// Encryption of everything that Temporal stores of a refund but its names: ids, search
// attributes, types and the like stay readable.
type Encryption struct {
	// KeyFiles hold one key each, 32 bytes as 64 hexadecimal digits. The first one
	// encrypts; all of them decrypt.
	KeyFiles []string `yaml:"key_files"`
	// DecryptOnly reads what was encrypted and encrypts nothing any more; set before
	// encryption is removed.
	DecryptOnly bool `yaml:"decrypt_only"`
	// Server is the codec server, run by "worker codec"; nil when left out.
	Server *CodecServer `yaml:"server"`
}

// CodecServer decrypts for people who look at the Web UI.
type CodecServer struct {
	// Listen is "host:port".
	Listen string `yaml:"listen"`
	// Origins are the addresses of the Web UI as a browser writes them, such as
	// https://temporal.example.com; only pages from there may ask.
	Origins []string `yaml:"origins"`
	// TokenFiles hold one token each, of at least 32 characters: who knows one may
	// look. A person signs in with it once.
	TokenFiles []string `yaml:"token_files"`
	// Issuer and Audience let those in whom an OpenID provider vouches for: the address
	// of the issuer, and the audience its tokens must be for. They are what the Web UI
	// passes on when it is told to.
	Issuer   string `yaml:"issuer"`
	Audience string `yaml:"audience"`
}

func (e *Encryption) check(add func(format string, args ...any)) {
	if e == nil {
		return
	}
	if len(e.KeyFiles) == 0 {
		add("encryption.key_files: want at least one file: make one with openssl rand -hex 32, or remove encryption")
	}
	if slices.Contains(e.KeyFiles, "") {
		add("encryption.key_files: want file names, one is empty")
	}
	e.Server.check(add)
}

func (s *CodecServer) check(add func(format string, args ...any)) {
	if s == nil {
		return
	}
	checkListen("encryption.server", s.Listen, "127.0.0.1:8089", add)
	if len(s.Origins) == 0 {
		add("encryption.server.origins: want the Web UI's address, such as https://temporal.example.com")
	}
	for i, o := range s.Origins {
		if !isOrigin(o) {
			add("encryption.server.origins[%d]: want scheme, host and port alone, as a browser sends them: such as http://127.0.0.1:8233, in lower case, "+
				"without the port that the scheme has anyway; got %d characters that are otherwise", i, len(o))
		}
	}
	if len(s.TokenFiles) == 0 && s.Issuer == "" {
		add("encryption.server: want token_files or issuer: without either nobody could be let in")
	}
	if slices.Contains(s.TokenFiles, "") {
		add("encryption.server.token_files: want file names, one is empty")
	}
	if (s.Issuer == "") != (s.Audience == "") {
		add("encryption.server: issuer and audience go together: name both or none")
	}
	if issuer, err := url.Parse(s.Issuer); s.Issuer != "" && (err != nil || issuer.Host == "" || (issuer.Scheme != "https" && issuer.Hostname() != "127.0.0.1" && issuer.Hostname() != "localhost")) {
		add("encryption.server.issuer: want the https address of an OpenID provider, got %d characters that are otherwise", len(s.Issuer))
	}
}

// isOrigin accepts what a browser sends as Origin, and nothing that would let all in.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || strings.HasSuffix(u.Host, ":") || u.User != nil || strings.ToLower(text) != text || u.Scheme+"://"+u.Host != text {
		return false
	}
	return u.Scheme == "http" && u.Port() != "80" || u.Scheme == "https" && u.Port() != "443"
}
