package sqlstore

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBothEnginesHaveOneSchema compares what the databases themselves say, one line for
// each thing: a column that is in one of them alone, or a check, would make two products.
func TestBothEnginesHaveOneSchema(t *testing.T) {
	ofPostgreSQL(t)
	s, err := Open(context.Background(), memory)
	require.NoError(t, err)
	small := books{t, s}
	defer s.Close()
	require.Equal(t, small.schema(schemaOfSQLite), newBooks(t, memory).schema(schemaOfPostgreSQL))
}

func TestAVersionOfTheSchemaIsOneNumberInBothFolders(t *testing.T) {
	numbers := func(folder string) (list []int) {
		files, err := fs.ReadDir(migrations, folder)
		require.NoError(t, err)
		for _, file := range files {
			n, err := strconv.Atoi(strings.SplitN(path.Base(file.Name()), "_", 2)[0])
			require.NoError(t, err)
			list = append(list, n)
		}
		return list
	}
	both := numbers(sqlite.folder)
	require.Equal(t, []int{1, 2, 3, 4}, both[:4])
	require.Equal(t, both[4:], numbers(postgres.folder), "the first of PostgreSQL is number 5")
}

// The schema in lines: kind, table, name, details. Both queries must say the same of the
// same thing; conditions are brought into one form by plainly.
var schemaOfSQLite = []string{
	`SELECT 'column', t.name, c.name, c.type || CASE WHEN c."notnull" = 1 OR c.pk > 0 THEN ' always' ELSE '' END || COALESCE(' ' || c.dflt_value, '')
		FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'`,
	`SELECT 'view', t.name, c.name, '' FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'view'`,
	`SELECT 'key', name, '', group_concat(k, ',') FROM (SELECT t.name, c.name AS k FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND c.pk > 0 ORDER BY t.name, c.pk) AS keys GROUP BY name`,
	`SELECT kind, tbl, CASE WHEN kind = 'index' THEN name ELSE '' END, CASE unq WHEN 1 THEN 'unique ' ELSE '' END || group_concat(k, ',') || ' ' || MAX(cond) FROM (
		SELECT t.name AS tbl, i.name, i."unique" AS unq, CASE i.origin WHEN 'c' THEN 'index' ELSE 'unique' END AS kind, c.name AS k,
			CASE i.partial WHEN 1 THEN substr(x.sql, instr(x.sql, ' WHERE ') + 7) ELSE '' END AS cond
		FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) c JOIN sqlite_schema x ON x.name = i.name
		WHERE t.type = 'table' AND i.origin <> 'pk' ORDER BY i.name, c.seqno) AS columns GROUP BY kind, tbl, name, unq`,
	`SELECT 'refers', tbl, '', group_concat(c, ',') || ' to ' || other FROM (SELECT t.name AS tbl, f.id, f."from" AS c, f."table" AS other
		FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table' ORDER BY t.name, f.id, f.seq) AS f GROUP BY tbl, id, other`,
	`SELECT 'trigger', tbl_name, name, '' FROM sqlite_schema WHERE type = 'trigger'`,
	`SELECT 'checks', name, '', sql FROM sqlite_schema WHERE type = 'table'`,
}

var schemaOfPostgreSQL = []string{
	`SELECT 'column', c.table_name, c.column_name, CASE c.data_type || COALESCE(c.collation_name, '') WHEN 'bigint' THEN 'INTEGER' WHEN 'textC' THEN 'TEXT'
			ELSE c.data_type || COALESCE(c.collation_name, ' by the locale') END || CASE c.is_nullable WHEN 'NO' THEN ' always' ELSE '' END || COALESCE(' ' || replace(c.column_default, '::text', ''), '')
		FROM information_schema.columns c JOIN pg_tables t ON t.schemaname = c.table_schema AND t.tablename = c.table_name
		WHERE c.table_schema = current_schema()`,
	`SELECT 'view', c.table_name, c.column_name, '' FROM information_schema.columns c
		JOIN pg_views v ON v.schemaname = c.table_schema AND v.viewname = c.table_name WHERE c.table_schema = current_schema()`,
	`SELECT CASE WHEN i.indisprimary THEN 'key' WHEN u.oid IS NOT NULL THEN 'unique' ELSE 'index' END, t.relname,
			CASE WHEN i.indisprimary OR u.oid IS NOT NULL THEN '' ELSE x.relname END,
			CASE WHEN i.indisunique AND NOT i.indisprimary THEN 'unique ' ELSE '' END ||
			(SELECT string_agg(a.attname, ',' ORDER BY k.at) FROM unnest(i.indkey) WITH ORDINALITY k (n, at) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.n) ||
			CASE WHEN i.indisprimary THEN '' ELSE ' ' || COALESCE(pg_get_expr(i.indpred, t.oid), '') END
		FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
		LEFT JOIN pg_constraint u ON u.conindid = x.oid AND u.contype = 'u' WHERE t.relnamespace = current_schema()::regnamespace`,
	`SELECT 'refers', t.relname, '', (SELECT string_agg(a.attname, ',' ORDER BY k.at) FROM unnest(f.conkey) WITH ORDINALITY k (n, at)
			JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.n) || ' to ' || o.relname
		FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid JOIN pg_class o ON o.oid = f.confrelid
		WHERE f.contype = 'f' AND t.relnamespace = current_schema()::regnamespace`,
	`SELECT 'trigger', t.relname, g.tgname, '' FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
		WHERE NOT g.tgisinternal AND t.relnamespace = current_schema()::regnamespace AND g.tgname NOT LIKE '%_truncate'`,
	`SELECT 'checks', t.relname, '', string_agg(pg_get_constraintdef(c.oid), ' ') FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
		WHERE c.contype = 'c' AND t.relnamespace = current_schema()::regnamespace GROUP BY t.relname`,
}

func (b books) schema(queries []string) (lines []string) {
	b.Helper()
	for _, query := range queries {
		rows, err := b.writer.QueryContext(b.Context(), query)
		require.NoError(b, err)
		for rows.Next() {
			var kind, table, name, details string
			require.NoError(b, rows.Scan(&kind, &table, &name, &details))
			switch {
			case table == "goose_db_version" || strings.HasPrefix(table, "sqlite_"):
				continue // the tools' own
			case kind == "checks":
				for _, check := range checksIn(details) {
					lines = append(lines, "check "+table+" "+plainly(check))
				}
				continue
			case kind == "index":
				details = plainly(details)
			}
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", kind, table, name, strings.TrimSpace(details))))
		}
		require.NoError(b, rows.Err())
		require.NoError(b, rows.Close())
	}
	slices.Sort(lines)
	require.Greater(b, len(lines), 150, "the queries find something")
	return lines
}

var comment = regexp.MustCompile(`--[^\n]*`)

// checksIn are the conditions after each CHECK, up to the parenthesis that ends them.
func checksIn(statement string) (found []string) {
	for _, part := range strings.Split(comment.ReplaceAllString(statement, ""), "CHECK (")[1:] {
		depth := 1
		for i, c := range part {
			switch c {
			case '(':
				depth++
			case ')':
				depth--
			}
			if depth == 0 {
				found = append(found, part[:i])
				break
			}
		}
	}
	return found
}

// plainly is a condition in one form: PostgreSQL writes lists and types out.
func plainly(condition string) string {
	return strings.NewReplacer("::text", "", "::bigint", "", "= ANY (ARRAY[", "IN", "(", "", ")", "", "[", "", "]", "", " ", "").Replace(condition)
}
