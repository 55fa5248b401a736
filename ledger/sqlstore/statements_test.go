package sqlstore

import (
	"context"
	"database/sql"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

// everyStatement runs all that is asked of the books but the audit of all sums, and
// returns the statements of that.
func everyStatement(b books) map[string]bool {
	b.Helper()
	statements, rebind := map[string]bool{}, b.dialect.rebind
	b.dialect.rebind = func(query string) string { statements[rebind(query)] = true; return rebind(query) }
	defer func() { b.dialect.rebind = rebind }()
	for i, step := range everyStep(b) {
		require.NoError(b, step(), "step %d", i)
	}
	b.record("a")
	b.steps("a")
	b.used(noon)
	for _, find := range []func(context.Context, string, string) (ledger.Record, error){b.FindByNumber, b.FindByPlatformRefund, b.FindInFlight} {
		_, err := find(b.Context(), "baidu/M1", "nothing")
		require.ErrorIs(b, err, ledger.ErrUnknown)
	}
	_, err := b.FindNameless(b.Context(), "baidu/M1", "nothing", "nothing")
	require.ErrorIs(b, err, ledger.ErrUnknown)
	another := past(ledger.Failed, 0, "P6")
	another.At = another.At.Add(day)
	b.opened("w", 100).held("w", noon.Add(8*day), limits(100, 0)).opened("x", 100)
	b.hold("x", noon.Add(8*day), limits(100, 0)) // waits
	b.opened("y", 100).sent("y", noon).settled("y", 0).clash(b.Testify(b.Context(), key("y"), evidenceAt(failed, "P8", 0, day)))
	for _, rest := range []func() error{
		func() error { _, err := b.Open(b.Context(), opening("a", "o1", 100, 300)); return err },
		func() error { b.flagged(noon.Add(8*day), "bad key").hold("x", noon.Add(8*day), noLimits); return nil },
		func() error { return contradicting(b.Amend(b.Context(), key("a"), amendment(ledger.Failed, 0))) },
		func() error { return b.Amend(b.Context(), key("y"), amendment(ledger.Failed, 0)) },
		func() error { _, err := b.Rebook(b.Context(), opening("h", "o6", 100, 300), another); return err },
		func() error { _, err := b.Unfinished(b.Context(), ledger.Key{}, 1); return err },
		func() error { _, err := b.Ended(b.Context(), noon, ledger.Key{}, 1); return err },
		func() error { _, err := b.Ready(b.Context(), "shop", noon.Add(7*day), noLimits); return err },
		func() error { _, err := b.Waiting(b.Context(), "shop"); return err },
		func() error { _, err := b.InFlight(b.Context()); return err },
		func() error { _, err := b.ForeignRefunds(b.Context(), ""); return err },
		func() error { _, err := b.Audits(b.Context(), ""); return err },
		func() error { _, err := b.Restored(b.Context(), noon.Add(8*day), noon.Add(9*day)); return err },
	} {
		require.NoError(b, rest())
	}
	require.Greater(b, len(statements), 50)
	return statements
}

// elsewhere are the files whose statements are of other moments than those of a refund.
var elsewhere = map[string]string{
	"audit.go":          "it reads everything, by night",
	"copy.go":           "it copies everything, while nobody works",
	"copyengine.go":     "likewise",
	"copytable.go":      "likewise",
	"move.go":           "likewise",
	"home.go":           "the few places where a ledger has lived",
	"sqlite.go":         "the opening of a file",
	"postgres_claim.go": "the opening of a schema",
}

// TestEveryStatementIsLookedAt: what the tests of plans see is all there is, so that a new
// statement is looked at as well or fails here.
func TestEveryStatementIsLookedAt(t *testing.T) {
	var all strings.Builder
	for statement := range everyStatement(newBooks(t, memory)) {
		all.WriteString(statement + "\n")
	}
	numbers := regexp.MustCompile(`\$\d+`)
	seen := numbers.ReplaceAllString(all.String(), "?")
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || elsewhere[file] != "" {
			continue
		}
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(source, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			if keepable.MatchString(text) {
				found++
				require.True(t, strings.Contains(seen, text), "%s: let everyStatement do what asks: %s", file, text)
			}
			return true
		})
	}
	require.Greater(t, found, 50)
}

// wholeReads are the statements that may read all of something, what the engines call that,
// and why.
var wholeReads = []struct{ text, plan, why string }{
	{"FROM waiters", `waiters_of_account \(account=\?\)|SCAN waiters|Scan on waiters`, "the line is as long as the refunds that wait now"},
	{"FROM refunds r LEFT JOIN waiters w", `SCAN r USING INDEX refunds_unfinished|SCAN f|TEMP B-TREE|Index Scan using refunds_unfinished`, "it sums up all that is unfinished"},
	{"SET ask_first = 1 WHERE status = 'open'", `USING INDEX refunds_unfinished|Index Scan using refunds_unfinished`, "it marks all that is open"},
	{"ended_at >= ?", `TEMP B-TREE FOR ORDER BY`, "it sorts what ended in the last days"},
	{"FROM foreign_refunds WHERE ? = ''", `.`, "it gives a person all of them"},
	{"FROM audits WHERE ? = ''", `.`, "it gives a person all of them"},
}

// readsAllOf says why a statement may be carried out like that; "" when it may not.
func readsAllOf(statement, plan string) string {
	statement = regexp.MustCompile(`\$\d+`).ReplaceAllString(statement, "?")
	at := slices.IndexFunc(wholeReads, func(w struct{ text, plan, why string }) bool {
		return strings.Contains(statement, w.text) && regexp.MustCompile(w.plan).MatchString(plan)
	})
	if at < 0 {
		return ""
	}
	return wholeReads[at].why
}

// planOf is what an engine says of how it carries a statement out, line by line.
func planOf(t *testing.T, engine interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, explain string, args ...any) (plan []string) {
	t.Helper()
	rows, err := engine.QueryContext(t.Context(), explain, args...)
	require.NoError(t, err, explain)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	line, into := make([]string, len(columns)), make([]any, len(columns))
	for i := range line {
		into[i] = &line[i]
	}
	for rows.Next() {
		require.NoError(t, rows.Scan(into...))
		plan = append(plan, line[len(line)-1])
	}
	require.NoError(t, rows.Err())
	return plan
}

func TestEveryStatementUsesAnIndex(t *testing.T) {
	ofSQLite(t)
	b := newBooks(t, memory)
	// Reading all of a merchant's or an account's refunds is a scan in disguise.
	scan := regexp.MustCompile(`\bSCAN \w+|USE TEMP B-TREE|\(merchant=\?\)|SEARCH [^a]\w* .*\(account=\?\)`)
	used := map[string]bool{}
	for statement := range everyStatement(b) {
		for _, detail := range planOf(t, b.writer, "EXPLAIN QUERY PLAN "+statement, make([]any, strings.Count(statement, "?"))...) {
			if detail == "SCAN CONSTANT ROW" || !scan.MatchString(detail) {
				continue
			}
			why := readsAllOf(statement, detail)
			require.NotEmpty(t, why, "%s: %s", detail, statement)
			used[why] = true
		}
	}
	for _, w := range wholeReads {
		require.True(t, used[w.why], "nothing needs it: %s", w.text)
	}
}
