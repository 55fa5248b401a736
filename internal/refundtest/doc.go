// Package refundtest is the ground on which refunds are proven: the real
// workflow with skipped time, the real activities, a real ledger in a temporary
// folder, and the real provider speaking HTTP to the sandbox. Nothing is mocked;
// what goes wrong is put there by faults of the sandbox, of the ledger
// ([Disturbed]) and of the worker ([Lose], [Die]).
//
// A [World] is one merchant account with its platform and its books. A [Run] is
// one workflow in it; several may follow each other, as after a termination, or
// stand beside each other. After every run, whatever it was for, the invariants
// that hold for all refunds are checked.
//
// Only tests import it. It may import everything but Temporal's server.
package refundtest
