package process

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Until asks until there is no error, or ctx ends.
func Until(ctx context.Context, what string, ask func() error) error {
	for {
		err := ask()
		if err == nil {
			return nil
		}
		if !Rest(ctx, 100*time.Millisecond) {
			return fmt.Errorf("%s does not come up: %w; its log may say why", what, err)
		}
	}
}

// Rest waits, and reports whether ctx has not ended.
func Rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Each does the same with all, so many at once, and joins what went wrong.
func Each[T any](atOnce int, all []T, do func(T) error) error {
	var running sync.WaitGroup
	wrong, turn := make([]error, len(all)), make(chan struct{}, max(atOnce, 1))
	for i, one := range all {
		turn <- struct{}{}
		running.Go(func() {
			wrong[i] = do(one)
			<-turn
		})
	}
	running.Wait()
	return errors.Join(wrong...)
}
