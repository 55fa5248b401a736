// Package e2e holds the tests that need everything to be real: the embedded Temporal server of package engine, the
// stand-in for Baidu over HTTP, the worker's service with its ledger in a SQLite file, and the programs as people run them.
//
// One idea: whatever dies, whenever it dies, the money goes back once. Who paid what is read from the stand-in's books,
// never from the program under test.
//
// The tests may import anything of both modules. One server serves most of them; each test has a world of its own: an
// account, a task queue, a ledger and a stand-in.
package e2e
