// Package service assembles the worker process from its parts: configuration,
// providers, ledger, Temporal client, workflow and activities. The command
// worker runs it alone; the development server runs it beside the server.
package service
