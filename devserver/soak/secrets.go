package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// shortest is the length from which a piece of a secret is no coincidence.
const shortest = 16

// secret is what an account keeps in one file, in the forms in which it could turn up.
type secret struct {
	file   string
	pieces [][]byte
}

// secretFiles are the endings of the files in which package merchants keeps secrets.
var secretFiles = []string{".pem", ".secret", ".key", ".session", ".forward"}

// publicFiles end like them and hold none.
var publicFiles = []string{".platform.pub", ".cert.pem", ".ca.pem"}

// secrets are those of all accounts. An account without any is an error: what is not looked
// for is never found.
func (s *site) secrets() ([]secret, error) {
	var all []secret
	for _, a := range accounts {
		files, err := filepath.Glob(s.file(a.name + ".*"))
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, file := range files {
			name := filepath.Base(file)
			if !ends(name, secretFiles) || ends(name, publicFiles) {
				continue
			}
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			all = append(all, secret{name, pieces(content)})
		}
		if len(all) == before {
			return nil, fmt.Errorf("no secret of account %s was found beside the configuration: its files have other names", a.name)
		}
	}
	return all, nil
}

func ends(name string, with []string) bool {
	for _, ending := range with {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return false
}

// pieces are a secret's lines, and the whole in hexadecimal digits and in base64.
func pieces(content []byte) (all [][]byte) {
	whole := bytes.TrimSpace(content)
	candidates := [][]byte{[]byte(hex.EncodeToString(whole)), []byte(strings.TrimRight(base64.StdEncoding.EncodeToString(whole), "="))}
	for line := range bytes.Lines(content) {
		if line = bytes.TrimSpace(line); !bytes.HasPrefix(line, []byte("-----")) {
			candidates = append(candidates, line)
		}
	}
	for _, piece := range candidates {
		if len(piece) >= shortest {
			all = append(all, piece[:min(len(piece), 64)]) // an encoding may be broken into lines
		}
	}
	return all
}

// leaks names each secret that stands in one of the files.
func leaks(files []string, secrets []secret) (found []finding, err error) {
	for _, file := range files {
		names, err := leaked(file, secrets)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			found = append(found, finding{text: fmt.Sprintf("what is in %s stands in %s", name, filepath.Base(file))})
		}
	}
	return found, nil
}

// block is how much of a file is looked through at once.
const block = 1 << 20

// leaked looks through a file of any size.
func leaked(file string, secrets []secret) (names []string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	known := map[string]bool{}
	window, kept := make([]byte, 64+block), 0
	for {
		n, err := io.ReadFull(f, window[kept:])
		text := window[:kept+n]
		for _, s := range secrets {
			for _, piece := range s.pieces {
				if !known[s.file] && bytes.Contains(text, piece) {
					known[s.file] = true
					names = append(names, s.file)
				}
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return names, nil
		case err != nil:
			return nil, err
		}
		kept = copy(window, text[len(text)-64:]) // a piece may lie across two blocks
	}
}

// written are the files in which no secret may be.
func (s *site) written() (all []string, err error) {
	for _, pattern := range []string{s.file("logs", "*"), s.file("temporal.db*"), s.file("ledger.db*")} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	return all, nil
}
