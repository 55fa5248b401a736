// Package matrix looks for the counterexample: a refund that is paid twice, lost, or
// reported as something it is not. For every provider, transport and flow it runs the real
// workflow and activities against the sandbox with skipped time, and lets each thing that can
// go wrong go wrong at each place where it can: at every HTTP exchange, at every attempt of
// every step, at every call of the ledger, and with every message of the platform. Single
// mishaps are enumerated; of the pairs, the second of which strikes anywhere in the run that
// the first one has led to, a seeded sample is run.
//
// A [Flow] is a refund in fair weather. Its [Trace], taken while it runs, lists its [Point]s.
// A [Mishap] is what may happen at one. A [Scenario] is a flow with some mishaps, and its name
// is the script by which it is run again. After each run the invariants are held against
// the sandbox's own books, see [Scenario.Run].
//
// It imports refundtest, on whose ground it stands, and what that imports. Only tests, and
// the command that is made of them, import it.
package matrix
