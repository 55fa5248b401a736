package sqlstore

import (
	"context"
	flags "flag" // flag is that of an account here
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// grownTo is how many refunds the largest books of this file hold: a million takes some
// minutes, gigabytes, and -args -grown=1000000.
var grownTo = flags.Int("grown", 20_000, "how many refunds the largest books hold whose growth is looked at")

// growth fills empty books with years of refunds, each table in proportion: of ten refunds
// one is the second of its order, of fifty one has failed, of a thousand one is under way
// and one waits. Those that are under way are of another account, in whose way nobody is.
// Days are names, which no statement looks into; both engines understand this.
var growth = []string{
	`INSERT INTO accounts (account) VALUES ('shop'), ('busy')`,
	`INSERT INTO refunds (account, id, fingerprint, request, provider, merchant, order_key, order_total, amount, number, opened_at, status, reason,
			ended_at, verification, cancels, sending, sends, attempts, absent_mark, sent_at, platform_refund_id, refunded, approval)
		WITH RECURSIVE c (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM c WHERE i < %[1]d),
			e (i, account, status, sending) AS (SELECT i, CASE WHEN i %% 1000 < 2 THEN 'busy' ELSE 'shop' END,
				CASE WHEN i %% 1000 < 2 THEN 'open' WHEN i %% 50 = 2 THEN 'failed' ELSE 'succeeded' END,
				CASE WHEN i %% 1000 = 0 OR i %% 50 = 2 THEN 'none' ELSE 'done' END FROM c)
		SELECT account, 'r' || CAST(1000000000 + i AS TEXT), 'f' || CAST(1000000000 + i AS TEXT),
			'{"id":"r","account":"shop","order":{"platform_id":"o","total":300},"amount":100,"reason":"` + longText + `","initiator":"user","requested_by":"agent-17"}',
			'baidu', 'baidu/M1', 'g' || CAST(1000000000 + i - CASE WHEN i %% 10 = 9 THEN 1 ELSE 0 END AS TEXT), 300, 100,
			'g' || CAST(1000000000 + i AS TEXT), 1700000000000000 + i * 60000000, status, CASE WHEN status = 'open' THEN '' ELSE 'reported' END,
			CASE WHEN status = 'open' THEN 0 ELSE 1700000600000000 + i * 60000000 END, CASE WHEN status = 'succeeded' THEN 'done' ELSE 'none' END,
			CASE WHEN status = 'succeeded' THEN 1 ELSE 0 END, sending, CASE WHEN i %% 1000 = 0 THEN 0 ELSE 1 END, CASE WHEN i %% 1000 = 0 THEN 0 ELSE 1 END,
			1700000300000000 + i * 60000000, 1700000300000000 + i * 60000000, CASE WHEN sending = 'done' THEN 'G' || CAST(1000000000 + i AS TEXT) ELSE '' END,
			CASE WHEN status = 'succeeded' THEN 100 ELSE 0 END, '{}' FROM e`,
	`INSERT INTO holds (account, id, n, day, period, amount, state)
		SELECT account, id, 1, 'day ' || CAST(opened_at / 86400000000 AS TEXT), 'week ' || CAST(opened_at / 604800000000 AS TEXT), amount,
			CASE status WHEN 'failed' THEN 'spent' ELSE 'counted' END FROM refunds WHERE sends > 0`,
	`INSERT INTO usage_counters (account, kind, period, used) SELECT account, 'cap', day, SUM(amount) FROM holds GROUP BY account, day`,
	`INSERT INTO usage_counters (account, kind, period, used) SELECT account, 'reserve', period, SUM(CASE state WHEN 'counted' THEN amount ELSE 0 END)
		FROM holds GROUP BY account, period`,
	`INSERT INTO order_turns (merchant, order_key, account, id) SELECT merchant, order_key, account, id FROM refunds WHERE status = 'open' AND sends > 0`,
	`INSERT INTO waiters (account, id, merchant, order_key, kind, day, amount, since, retry_at)
		SELECT account, id, merchant, order_key, 'daily_cap', 'today', amount, opened_at, opened_at FROM refunds WHERE status = 'open' AND sends = 0`,
	`INSERT INTO journal (account, id, at, once, step, text)
		SELECT r.account, r.id, r.opened_at, s.once, s.once, '` + longText + `' FROM refunds r JOIN (
			SELECT 'open' AS once, '' AS of_those UNION ALL SELECT 'hold 1', 'sent' UNION ALL SELECT 'begin send 1', 'sent'
			UNION ALL SELECT 'begin cancel 1', 'succeeded' UNION ALL SELECT 'cancelled 1', 'succeeded' UNION ALL SELECT 'accepted 1', 'done'
			UNION ALL SELECT 'settle', 'succeeded' UNION ALL SELECT 'refused 1', 'failed' UNION ALL SELECT 'release 1', 'failed'
			UNION ALL SELECT 'finish failed', 'failed') AS s
		ON s.of_those IN ('', r.status, r.sending) OR s.of_those = 'sent' AND r.sends > 0`,
	`INSERT INTO platform_words (account, id, state, amount, number, at) SELECT account, id, 'succeeded', amount, '', ended_at
		FROM refunds WHERE status = 'succeeded'`,
	`INSERT INTO audits (merchant, platform_refund_id, account, order_key, amount, refund_account, refund_id, decision, verdict_amount, why, asked, first_at, last_at)
		SELECT merchant, platform_refund_id, account, order_key, amount, account, id, 'approve', amount, 'refund ' || id || ' asked for it', 1, opened_at, opened_at
		FROM refunds WHERE sending = 'done'`,
	`INSERT INTO foreign_refunds (merchant, platform_refund_id, account, order_key, number, amount, state, first_at, last_at)
		SELECT merchant, 'X' || id, account, 'x' || order_key, '', 100, 'succeeded', opened_at, opened_at FROM refunds WHERE status = 'failed'`,
	`INSERT INTO approvals (account, id, by_name, at) SELECT account, id, 'finance-2', opened_at FROM refunds WHERE status = 'failed'`,
	`INSERT INTO spent_seals (account, id, signature, claim, at) SELECT account, id, 's' || id, 'approve 1', opened_at FROM refunds WHERE status = 'failed'`,
}

const longText = "a sentence of the usual length about what was done with this refund, and why it was"

// grown are books that hold so many refunds.
func (s *Store) grown(ctx context.Context, refunds int) error {
	return s.atLeisure(ctx, func(t *tx) error {
		if err := t.patient(s.dialect); err != nil {
			return err
		}
		for _, step := range growth {
			if strings.Contains(step, "%[1]d") {
				step = fmt.Sprintf(step, refunds)
			}
			if _, err := t.exec(step); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle lets the engine do now what it would do in the time after that: what is timed
// then is not the growing.
func (s *Store) settle(ctx context.Context) error {
	after := "ANALYZE"
	if server == nil {
		after = "PRAGMA wal_checkpoint(TRUNCATE)"
	}
	_, err := s.writer.ExecContext(ctx, after)
	return err
}

func TestGrownBooksAreLikeThoseInEarnest(t *testing.T) {
	b := newBooks(t, memory)
	require.NoError(t, b.grown(t.Context(), 1100))
	b.balanced()
	for id, want := range map[string]string{"1000000007": "succeeded", "1000000052": "failed"} {
		require.EqualValues(t, want, b.record("r"+id).Status)
	}
	unfinished, err := b.InFlight(t.Context())
	require.NoError(t, err)
	require.Len(t, unfinished, 2, "accepted, and waiting")
	_, err = waysOfRefunds[1].refund(t.Context(), b.Store, "new")
	require.NoError(t, err)
	b.balanced()
}

// TestSQLiteHasNoStatistics: so that its plans are the same at any size, and what a test
// sees of them in empty books is true of books of millions.
func TestSQLiteHasNoStatistics(t *testing.T) {
	ofSQLite(t)
	b := newBooks(t, memory)
	var tables int
	require.NoError(t, b.writer.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'`).Scan(&tables))
	require.Zero(t, tables)
}

// whatWasAsked hears what a connection is asked.
type whatWasAsked struct {
	lock sync.Mutex
	args map[string][]any
}

func (w *whatWasAsked) TraceQueryStart(ctx context.Context, _ *pgx.Conn, asked pgx.TraceQueryStartData) context.Context {
	w.lock.Lock()
	defer w.lock.Unlock()
	if keepable.MatchString(asked.SQL) {
		w.args[asked.SQL] = slices.DeleteFunc(slices.Clone(asked.Args), func(arg any) bool {
			_, wish := arg.(pgx.QueryResultFormats) // the driver's own
			return wish
		})
	}
	return ctx
}

func (w *whatWasAsked) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TestNoStatementReadsGrownTables looks at the plans that a server makes who knows how
// large its tables are.
func TestNoStatementReadsGrownTables(t *testing.T) {
	ofPostgreSQL(t)
	address := shared(t)
	grown := newBooks(t, address)
	require.NoError(t, grown.grown(t.Context(), *grownTo))
	require.NoError(t, grown.settle(t.Context()))
	config, _, err := parsePostgres(address)
	require.NoError(t, err)
	heard := &whatWasAsked{args: map[string][]any{}}
	config.Tracer = heard
	traced := pool(config, 4, readMost, options{})
	defer traced.Close()
	everyStatement(books{t, &Store{dialect: postgres, writer: traced, reader: traced}})
	require.Greater(t, len(heard.args), 60)

	conn, err := grown.writer.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	scan := regexp.MustCompile(`Seq Scan on (refunds|holds|journal|platform_words|audits|foreign_refunds|approvals|spent_seals) `)
	cost := regexp.MustCompile(`cost=\S+\.\.(\d+)`)
	for statement, args := range heard.args {
		plan := planOf(t, conn, "EXPLAIN "+statement, args...)
		pages, err := strconv.Atoi(cost.FindStringSubmatch(plan[0])[1])
		require.NoError(t, err)
		if whole := strings.Join(plan, "\n"); pages > dear || scan.MatchString(whole) {
			require.NotEmpty(t, readsAllOf(statement, whole), "%s:\n%s", statement, whole)
		}
	}
}

// dear is what no plan costs that reads single lines, in the server's own measure, and any
// that reads a whole table or index of *grownTo refunds.
const dear = 200

// BenchmarkGrowth is what the books cost a refund, alone, as they grow: in the middle of all
// that were timed, for books of each size. They take turns, so that what else the machine
// does is the same to all.
func BenchmarkGrowth(b *testing.B) {
	sizes, all := []int{100, 10_000, *grownTo}, []*Store{}
	for _, refunds := range sizes {
		s := benchBooks(b)
		require.NoError(b, s.grown(b.Context(), refunds))
		require.NoError(b, s.settle(b.Context()))
		all = append(all, s)
	}
	for _, way := range waysOfRefunds {
		b.Run(way.name, func(b *testing.B) {
			took := make([][]time.Duration, len(all))
			for range b.N {
				for i, s := range all {
					begun := time.Now()
					_, err := way.refund(b.Context(), s, fmt.Sprintf("bench-%d", benched.Add(1)))
					require.NoError(b, err)
					took[i] = append(took[i], time.Since(begun))
				}
			}
			for i, times := range took {
				slices.Sort(times)
				b.ReportMetric(float64(times[len(times)/2].Microseconds()), fmt.Sprintf("µs-of-%d", sizes[i]))
			}
		})
	}
}
