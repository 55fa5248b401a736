// Command devserver runs everything refundflow needs in one process, on
// loopback, with nothing to install: Temporal with its Web UI (package engine),
// the stand-in for the payment platforms (package sandbox of the root module),
// and a worker with its ledger. It then makes a handful of refunds that show
// what happens when things go well, and when they do not.
//
// It is a Go module of its own, since the Temporal server brings some two
// hundred requirements that a backend importing package client must not
// inherit.
package main
