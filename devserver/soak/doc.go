// Command soak looks for the refund that is lost or paid twice. It starts the system as
// separate processes (the Temporal server on its file, several workers on one ledger
// file, stand-ins for the platforms), has many callers start refunds, disturbs the
// platforms, kills processes with SIGKILL, and compares at the end what the callers, the
// ledger and the platforms' own books say. "soak load" makes ten thousand refunds in one
// batch and looks at the worker's memory instead.
//
// What it believes is in check.go, as functions of what was gathered and nothing else: its
// tests give them books that were tampered with. It stands on devserver/merchants,
// devserver/engine and the client package, and reads the ledger; of the worker and the
// stand-ins it knows the programs alone.
package main
