// Package sqlstore keeps the ledger in an SQL database: every method of
// [ledger.Ledger] is one transaction that reads a refund, decides, writes what
// changed and adds its line to the journal, or writes nothing at all.
//
// The engine is SQLite for one machine and PostgreSQL for several. What differs
// between them is in dialect.go, sqlite.go, prepared.go, postgres.go, postgres_claim.go, home.go
// and the folder migrations; everything else is portable SQL, and texts are stored so that
// both can hold them, see text.go. All tests run on both where
// REFUNDFLOW_TEST_POSTGRES names a server, see engine_test.go.
//
// A transaction that met another one was rolled back and is repeated here. An error of
// the connection is the caller's, who cannot know from it whether the transaction was
// committed, and calls again with the same arguments: that is harmless, since every
// method finds what it has written.
//
// It may import refund, providers (types only) and ledger, the drivers and goose.
package sqlstore
