// Package refund holds the words that everyone in refundflow uses: what is
// asked for ([Request], [Order], [Fen]), where it stands ([Status], [View],
// [Outcome]), what a provider's refusal means ([Class], [Failure]), what
// people answer ([Decision], [Resolution]) and how a refund is named
// ([WorkflowID], [ProviderNumber]).
//
// It imports nothing of the project and nothing of Temporal, so that a backend
// may use it freely. The JSON of these types is the contract with callers in
// any language: fields are only ever added, never renamed.
package refund
