// Package client is what a shop's backend imports to start refunds, decide
// them and see where they stand. It speaks to a Temporal server only: the
// provider's keys, the ledger and the limits live with the worker.
//
//	temporal, err := temporalclient.Dial(temporalclient.Options{HostPort: "127.0.0.1:7233"}) // go.temporal.io/sdk/client
//	refunds := client.New(temporal)
//	started, err := refunds.Start(ctx, request)
//	outcome, err := refunds.Wait(ctx, request.Account, request.ID)
//
// Backends in other languages do the same with their own Temporal SDK; the
// names are in package workflows.
//
// It imports refund and workflows, which know contracts only: no provider, no
// database driver, no configuration comes along.
package client
