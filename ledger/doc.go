// Package ledger is the contract of the system of record: the permanent
// register of refunds, the limits they draw on, the write-ahead intent of
// every irreversible call, and an append-only journal.
//
// It is the memory that outlives Temporal's retention, and the only place
// where limits are checked and taken, in one transaction per decision. What
// platforms say by themselves ends here too ([Notices]): evidence of a refund's end,
// refunds that were made elsewhere, and the answers to audits. Every method is
// idempotent: called again after a crash, it gives the same answer and books
// nothing twice. The package imports refund and the contract in providers;
// sqlstore fulfils it.
package ledger
