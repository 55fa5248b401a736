package wire

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"unicode"
)

// maxKeyFile is far above any key; what is larger is the wrong file.
const maxKeyFile = 64 << 10

// SecretFile reads a short secret, such as a client secret, from a file that
// only its owner may read. White space around it is dropped, since editors end
// files with a line break. No error shows any of the content.
func SecretFile(path string) (string, error) {
	raw, err := guardedFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(strings.TrimPrefix(string(raw), bom))
	if secret == "" {
		return "", fmt.Errorf("%s is empty: write the secret into it", path)
	}
	if strings.ContainsFunc(secret, func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }) {
		return "", fmt.Errorf("%s holds %d characters with white space or control characters between them: write one secret on one line", path, len(secret))
	}
	return secret, nil
}

// guardedFile reads a file that neither its group nor others may read.
func guardedFile(path string) ([]byte, error) {
	raw, mode, err := smallFile(path)
	if err != nil {
		return nil, err
	}
	// Windows has no such bits: Go reports every file there as readable by all.
	if mode.Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s has mode %04o, others than its owner can use it: run chmod 600 %s", path, mode.Perm(), path)
	}
	return raw, nil
}

func smallFile(path string) ([]byte, os.FileMode, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot be read: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil, 0, fmt.Errorf("%s is not a regular file of at most %d bytes: name the file itself", path, maxKeyFile)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot be read: %w", err)
	}
	return raw, info.Mode(), nil
}
