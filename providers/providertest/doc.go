// Package providertest is the one suite that every provider passes, on each of
// its transports, against the stand-in of its platform over real HTTP.
//
// A [Bench] is one account of one provider beside its stand-in; [Benches] lists
// them all. What is demanded follows from the provider's [providers.Rules], never
// from its name, so that a new provider brings a bench and nothing else.
//
// Only tests import this package: it knows the providers and the sandbox, which
// do not know each other.
package providertest
