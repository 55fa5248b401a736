// Command write writes docs/schema; go generate calls it from internal/contract.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/refundflow/refundflow/internal/contract"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "docs/schema:", err)
		os.Exit(1)
	}
}

func write() error {
	files, err := contract.Schemas(contract.Source)
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(contract.Folder, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
