// Command devserver runs everything refundflow needs in one process, on
// loopback, with nothing to install: Temporal with its Web UI (package engine),
// stand-ins for the payment platforms (package sandbox of the root module), and a
// worker with its ledger, which also receives the platforms' messages. It then
// makes a handful of refunds on every platform that show what happens when things
// go well, and when they do not. Package merchants sets up their accounts.
//
// It is a Go module of its own, since the Temporal server brings some two
// hundred requirements that a backend importing package client must not
// inherit.
package main
