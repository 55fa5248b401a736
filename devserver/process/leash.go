package process

import (
	"context"
	"io"
	"os"
)

// Leashed returns when standard input or ctx ends: a program that waits for it never outlives who started it, see
// [Process].Leash.
func Leashed(ctx context.Context) {
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(gone)
	}()
	select {
	case <-gone:
	case <-ctx.Done():
	}
}
