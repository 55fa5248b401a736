// Command mutants breaks the product on purpose, one rule at a time, and demands that the fault
// matrix notices: a proof that could not fail would prove nothing. Each [mutant] is a change of
// a few lines that somebody might really make, under the invariant that it breaks (paid_once.go to
// only_provider.go), with what it would cost. The product itself has no hooks for it: the
// changed text is laid over the file while the matrix is compiled.
//
// A mutant is caught when a scenario ends in a broken promise of the matrix. One that
// does not compile, makes the matrix panic or hang, or fits the code no more, is a failure of this command, and
// so is one that survives: then the matrix has a hole.
//
// It imports the standard library alone, and reads the module's sources.
package main
