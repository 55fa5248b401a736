// Package activities holds the steps of a refund that touch the world: each is
// thin, idempotent, and turns a provider call or a ledger call into a Temporal
// result or error.
//
// [Activities.Reconcile] and [Activities.Compare] are no steps of a refund: they
// compare the books with Temporal and the platforms.
//
// Calls to a provider are regular activities, each wrapped in the ledger
// entries that make it safe to repeat: the intent before, the answer after. Where
// an account wants it ([Inline]), the first attempt is a local one.
// Pure ledger steps are made to run as local activities. The package imports
// the contracts in providers and ledger, never a concrete one, so that
// workflows may import it for names and types.
package activities
