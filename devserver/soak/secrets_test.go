package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// containsText reports whether one of the texts has a part.
func containsText(texts []string, part string) bool {
	for _, text := range texts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// keyed is a site with a file of the given name for every account.
func keyed(t *testing.T, name, content string) *site {
	t.Helper()
	s := &site{folder: t.TempDir()}
	require.NoError(t, os.Mkdir(s.file("logs"), 0o700))
	for _, a := range accounts {
		require.NoError(t, os.WriteFile(s.file(a.name+name), []byte(content), 0o600))
	}
	return s
}

const (
	oneLine = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	keyLine = "VGhpcyBpcyBub3QgYSBwcml2YXRlIGtleSwgYnV0IGl0IGxvb2tzIGxpa2Ugb25l"
	pemText = "-----BEGIN PRIVATE KEY-----\n" + keyLine + "\n-----END PRIVATE KEY-----\n"
)

// TestASecretIsFoundWhereverItStands plants each form in each kind of file, and across the
// place where two blocks of a large file meet.
func TestASecretIsFoundWhereverItStands(t *testing.T) {
	for name, c := range map[string]struct{ file, content, planted string }{
		"as it is":           {".secret", oneLine, oneLine},
		"a line of a key":    {".pem", pemText, keyLine},
		"hexadecimal digits": {".key", oneLine, hex.EncodeToString([]byte(oneLine))},
		"base64":             {".session", oneLine, base64.StdEncoding.EncodeToString([]byte(oneLine))},
		"url base64":         {".forward", oneLine, base64.RawURLEncoding.EncodeToString([]byte(oneLine))},
	} {
		t.Run(name, func(t *testing.T) {
			for _, at := range []struct {
				file   string
				before int
			}{{"logs/worker-1.log", 0}, {"temporal.db", 5000}, {"temporal.db-wal", block + 64 - 10}, {"ledger.db", 2*block + 64 - 20}} {
				s := keyed(t, c.file, c.content)
				secrets, err := s.secrets()
				require.NoError(t, err)
				text := append(bytes.Repeat([]byte("."), at.before), c.planted+"..."...)
				require.NoError(t, os.WriteFile(s.file(at.file), text, 0o600))
				files, err := s.written()
				require.NoError(t, err)
				found, err := leaks(files, secrets)
				require.NoError(t, err)
				require.Len(t, found, len(accounts), at.file)
				require.Contains(t, found[0].text, c.file+" stands in "+filepath.Base(at.file))
			}
		})
	}
}

func TestWhatHoldsNoSecretIsNotAccused(t *testing.T) {
	s := keyed(t, ".pem", pemText)
	require.NoError(t, os.WriteFile(s.file("shop-quiet.platform.pub"), []byte("a public key is no secret at all"), 0o600))
	require.NoError(t, os.WriteFile(s.file("logs", "worker-1.log"), []byte("-----BEGIN PRIVATE KEY----- a public key is no secret at all "+keyLine[:20]), 0o600))
	secrets, err := s.secrets()
	require.NoError(t, err)
	files, err := s.written()
	require.NoError(t, err)
	require.Len(t, files, 1)
	found, err := leaks(files, secrets)
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestAnAccountWithoutASecretIsAnError(t *testing.T) {
	s := keyed(t, ".credential", oneLine)
	_, err := s.secrets()
	require.ErrorContains(t, err, "no secret of account shop-baidu")
}
