// Package service assembles the worker process from its parts: configuration,
// providers, ledger, Temporal client, workflow, activities and the receiver of the
// platforms' messages, as many of them as the process's roles ask for. The command
// worker runs it alone; the development server runs it beside the server. A running
// service takes over another configuration ([Service.Reload]) and changed key files, as
// far as that can be done between two steps, and tells metrics and health.
//
// It is where the concrete parts meet, so it may import all of them, but never
// the sandbox.
package service
