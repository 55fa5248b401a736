package connection

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
)

// secure settles TLS, client certificate and API key. A remote codec that a profile
// names is for tools that show payloads, not for programs that make them.
func (s *search) secure(found *Server, p envconfig.ClientConfigProfile, from, keyInFile string) {
	if from == "" {
		from = "the variables TEMPORAL_*"
	} else {
		from += " with the variables TEMPORAL_*"
	}
	options, err := p.ToClientOptions(envconfig.ToClientOptionsRequest{})
	if err != nil {
		s.add("%s: %w", from, err) // names the part and the file, and quotes neither key nor certificate
		return
	}
	found.options = options
	settings := options.ConnectionOptions.TLS
	given := trustOf(p)
	switch {
	case given.verified:
		found.kind = []string{"TLS"}
	case given.tls:
		found.kind = []string{"TLS, host NOT verified"}
	default:
		found.kind = []string{"without TLS"}
	}
	if settings != nil && len(settings.Certificates) > 0 {
		found.kind = append(found.kind, "client certificate")
		s.renewCertificate(settings, p.TLS, from)
	}
	if given.token != "" {
		found.kind = append(found.kind, "token in a header")
	}
	if given.keyed() && !given.verified && !loopback(found.Address) {
		s.checkClear(given, from, found.Address)
	}
	if p.APIKey == "" {
		return
	}
	found.kind = append(found.kind, "API key")
	key, err := usable(p.APIKey)
	if err != nil {
		s.add("%s: %w", from, err)
		return
	}
	found.options.Credentials = s.apiKey(key, p.APIKey == keyInFile)
}

// renewCertificate reads a client certificate again for every new connection when its
// files are others than before. Connections that stand keep theirs: the server, which
// ends them after a while, decides for how long. The server's own root certificates are
// read once: another authority wants a restart.
func (s *search) renewCertificate(settings *tls.Config, from *envconfig.ClientConfigTLS, source string) {
	if from.ClientCertPath == "" {
		return // it stands in the profile or a variable, both read once
	}
	if err := guarded(from.ClientKeyPath); err != nil {
		s.add("%s: client key: %w", source, err)
		return
	}
	first := settings.Certificates[0]
	pair := renewing(&first, s.Report, func() (*tls.Certificate, error) {
		if err := guarded(from.ClientKeyPath); err != nil {
			return nil, fmt.Errorf("client key: %w", err)
		}
		c, err := tls.LoadX509KeyPair(from.ClientCertPath, from.ClientKeyPath)
		if err != nil {
			return nil, fmt.Errorf("client certificate %s with %s: %w", from.ClientCertPath, from.ClientKeyPath, err)
		}
		return &c, nil
	}, from.ClientCertPath, from.ClientKeyPath)
	settings.Certificates = nil
	settings.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair.get(), nil }
}

// apiKey is asked for by the SDK before every single call, so that a key that is renewed
// in the file of profiles is used at once. One that stands in a variable cannot change.
func (s *search) apiKey(first string, inFile bool) client.Credentials {
	if !inFile {
		return client.NewAPIKeyStaticCredentials(first)
	}
	file, name := s.file, s.name
	key := renewing(first, s.Report, func() (string, error) {
		p, err := readProfile(file, name)
		if err != nil {
			return "", err
		}
		if p.APIKey == "" {
			return "", fmt.Errorf("profile %s of %s has no api_key any more", name, file)
		}
		return usable(p.APIKey)
	}, file)
	return client.NewAPIKeyDynamicCredentials(func(context.Context) (string, error) { return key.get(), nil })
}

// usable refuses a key that no header can carry, which would be found out by every call.
func usable(key string) (string, error) {
	key = strings.TrimSpace(key)
	if key == "" || strings.ContainsFunc(key, func(c rune) bool { return c > unicode.MaxASCII || unicode.IsSpace(c) || !unicode.IsPrint(c) }) {
		return "", errors.New("the API key is empty, or has white space or other characters in it that no key has: copy it again")
	}
	return key, nil
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
