// Package client is what a shop's backend imports to start refunds, decide
// them and see where they stand. It speaks to a Temporal server only: the
// provider's keys, the ledger and the limits live with the worker.
//
//	temporal, err := temporalclient.Dial(temporalclient.Options{HostPort: "127.0.0.1:7233"}) // go.temporal.io/sdk/client
//	refunds := client.New(temporal)
//	submitted, err := refunds.Submit(ctx, request)                 // accepted, waiting for whom, or refused and why
//	outcome, err := refunds.Wait(ctx, request.Account, request.ID) // days are normal
//
// What is answered at once needs a live worker: Submit, Status, Approve, Reject, Cancel,
// Resolve. What is only left in Temporal needs none: Start, Signal, LookAgain, Wait, List.
//
// Where refunds are encrypted, package codec makes both clients read and write them:
//
//	c, err := codec.Open([]string{"/etc/shop/refunds.key"})
//	c.ClientOptions(&options)                              // before Dial
//	refunds := client.New(temporal).WithDataConverter(c.DataConverter())
//
// Backends in other languages do the same with their own Temporal SDK; the
// names are in package workflows.
//
// It imports refund and workflows, which know contracts only: no provider, no
// database driver, no configuration comes along.
package client
