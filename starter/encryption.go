package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/refundflow/refundflow/codec"
)

// keyFilesVariable lists key files as $PATH lists folders.
const keyFilesVariable = "REFUNDFLOW_ENCRYPTION_KEY_FILES"

// encryption is how the command line reads and writes refunds that are encrypted.
type encryption struct{ files []string }

func (e *encryption) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&e.files, "encryption-key-file", nil,
		"where refunds are encrypted: a file of encryption.key_files, the first one first; may be given several times (default $"+keyFilesVariable+")")
}

// open reads the keys. Without any it reads what is plain, and says of the rest which key it wants.
func (e *encryption) open() (*codec.Codec, error) {
	files := e.files
	if len(files) == 0 {
		for _, file := range filepath.SplitList(os.Getenv(keyFilesVariable)) {
			if file != "" {
				files = append(files, file)
			}
		}
	}
	keys, err := codec.Open(files)
	if err != nil {
		return nil, usageError{err}
	}
	return keys, nil
}

// missingKey says how to give the key that an answer is encrypted with, where it is not here.
func missingKey(err error) string {
	if unreadable := (*codec.UnreadableError)(nil); !errors.As(err, &unreadable) || unreadable.Damaged {
		return ""
	}
	return "\n  with --encryption-key-file FILE, or in $" + keyFilesVariable
}
