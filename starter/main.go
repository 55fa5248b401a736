// Command starter is refundflow's command line for people: it starts refunds,
// decides them, and shows where they stand. It speaks to Temporal only, through
// package client, as a backend would.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
