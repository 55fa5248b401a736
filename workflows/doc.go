// Package workflows holds [RefundWorkflow], the durable course of one refund:
//
//	open → approve → check → hold → cancel verification → apply → await
//
// Workflow code decides and waits; everything that touches the world is an
// activity, known here by name and type only. Beside it stands [ReconcileWorkflow],
// which finds the refunds that were lost or contradicted. The package also names the
// signals, the query and the search attributes by which callers and people
// reach a refund. It imports the contracts of activities, ledger and
// providers, never a concrete one.
package workflows
