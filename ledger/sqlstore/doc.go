// Package sqlstore keeps the ledger in an SQL database: every method of
// [ledger.Ledger] is one transaction that reads a refund, decides, writes what
// changed and adds its line to the journal, or writes nothing at all.
//
// SQLite is the engine today. What differs between engines is in dialect.go,
// sqlite.go and the folder migrations; everything else is portable SQL.
//
// It may import refund, providers (types only) and ledger, the driver and goose.
package sqlstore
