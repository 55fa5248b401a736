package sqlstore

import (
	"context"
	"database/sql/driver"
	"regexp"
)

// To compile a statement takes SQLite as long as to run it several times, and its driver compiles
// each one anew. So each connection keeps its statements for the next time. (pgx does so
// by itself.) database/sql asks a connection that offers nothing else to prepare a
// statement, runs it, ends what it reads, and closes it: here that puts it back.
//
// A statement is with one user at a time: it is taken out for as long as it is used, and
// who needs the same text meanwhile gets another one. The driver resets it after each use,
// whether that ended, failed, or was broken off; after a change of the schema SQLite compiles it
// anew by itself.

const (
	// keptMost bounds what a connection keeps. The ledger has fewer texts than that.
	keptMost = 128
	// keptLongest keeps out the copying of whole tables, whose texts are long and of any length.
	keptLongest = 4096
)

// keepable: what is no such statement may act while it is compiled, as PRAGMA does, or be
// several in one text, as migrations are.
var keepable = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE)\s`)

// preparing makes connections that keep their statements.
type preparing struct{ driver.Connector }

func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &keeper{plainConn: made.(plainConn), kept: map[string]*keptStatement{}}, nil
}

// plainConn is what database/sql may see of a connection of the driver: not that it also
// runs statements which were not prepared.
type plainConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// keeper is a connection that keeps its statements. database/sql lets one goroutine at a
// time use a connection and its statements.
type keeper struct {
	plainConn
	kept map[string]*keptStatement // that nobody uses; nil after Close
}

// keptStatement is one that goes back to its connection.
type keptStatement struct {
	plainStatement
	of    *keeper
	query string
}

type plainStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func (k *keeper) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s := k.kept[query]; s != nil {
		delete(k.kept, query)
		return s, nil
	}
	made, err := k.plainConn.PrepareContext(ctx, query)
	if err != nil || len(query) > keptLongest || !keepable.MatchString(query) {
		return made, err
	}
	return &keptStatement{plainStatement: made.(plainStatement), of: k, query: query}, nil
}

func (s *keptStatement) Close() error {
	if _, twice := s.of.kept[s.query]; twice || s.of.kept == nil || len(s.of.kept) >= keptMost {
		return s.plainStatement.Close()
	}
	s.of.kept[s.query] = s
	return nil
}

func (k *keeper) Close() error {
	for _, s := range k.kept {
		_ = s.plainStatement.Close() // an error is that of its last use, which was told then
	}
	k.kept = nil
	return k.plainConn.Close()
}
