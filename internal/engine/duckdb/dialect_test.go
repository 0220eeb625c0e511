package duckdb

import (
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"weir/internal/engine"
	"weir/internal/engine/enginetest"
)

// TestDialect and TestTypes hold what Trino answers: make test-engines asks a real one the same.
func TestDialect(t *testing.T) { enginetest.RunDialect(t, open(t)) }

func one(e engine.Engine, sql string, args ...any) (string, error) {
	got, err := ask(e, sql, args...)
	if err != nil {
		return "", err
	}
	if len(got) != 1 || len(got[0]) != 1 {
		return "", fmt.Errorf("got %d rows", len(got))
	}
	switch v := got[0][0].(type) {
	case nil:
		return "NULL", nil
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	default:
		return fmt.Sprint(v), nil
	}
}

func TestTypes(t *testing.T) {
	enginetest.RunTypes(t, open(t), enginetest.Types)
	enginetest.RunTypes(t, open(t), []enginetest.TypeCase{ // others answer otherwise
		{SQL: "NULL", Type: "integer", Want: nil},
		{SQL: "sum(x) FROM (VALUES (9223372036854775807), (1)) t(x)", Type: "bigint", Want: new(big.Int).Add(big.NewInt(9223372036854775807), big.NewInt(1))},
	})
}

func TestParameters(t *testing.T) {
	e := open(t)
	at := time.Date(2026, 11, 20, 1, 2, 3, 4000, time.UTC)
	got, err := ask(e, "SELECT ?, ?, ?, ?, ?, CAST(? AS varchar) IS NULL", 5, "it's", at, true, 1.5, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(got[0]), fmt.Sprint([]any{int64(5), "it's", at, true, 1.5, true}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	_, err = ask(e, "SELECT ?", 1, 2)
	var bad *engine.SQLError
	if !errors.As(err, &bad) {
		t.Errorf("one parameter and two values: %v", err)
	}
}

// TestDifferences holds the column "here" of the table of docs/sql.md: should DuckDB change, the page must.
func TestDifferences(t *testing.T) {
	e := open(t)
	for _, tt := range []struct{ sql, want string }{
		{"CAST('x' AS IPADDRESS)", "x"},
		{"to_iso8601(from_unixtime(1606134896))", "2020-11-23T12:34:56.000000Z"},
		{"to_iso8601(TIMESTAMP '2020-11-23 01:02:03')", "2020-11-23T01:02:03.000000"},
		{"cardinality(CAST(NULL AS varchar[]))", "NULL"},
		{"approx_distinct(n) = 1000 FROM UNNEST(sequence(1, 1000)) AS t(n)", "true"},
		{"typeof(date_add('day', 1, DATE '2020-01-01'))", "TIMESTAMP"},
		{"typeof(DATE '2020-01-02' - interval '1' day)", "TIMESTAMP"},
		{"count(*) FILTER (WHERE approx_distinct(1) FILTER (WHERE true) = 1)", "ERR"},
		{"approx_distinct(CASE WHEN x > 1 THEN x END) FROM (VALUES (1), (2), (3)) t(x)", "2"},
		{"approx_distinct(x) FILTER (WHERE x > 1) FROM (VALUES (1), (2), (3)) t(x)", "ERR"},
		{"1 / 0", "NULL"},
		{"1e0 / 0", "NULL"},
		{"typeof(1.0 / 3)", "DOUBLE"},
		{"5 = '5'", "true"},
		{"'a' || 1", "a1"},
		{"greatest(1, NULL)", "1"},
		{"concat('a', NULL)", "a"},
		{"ARRAY[1][9]", "NULL"},
		{"MAP(ARRAY['a'], ARRAY[1])['no']", "NULL"},
		{"CAST(2.5e0 AS integer)", "2"},
		{"CAST(1e0 AS varchar)", "1.0"},
		{"CAST(from_unixtime(0) AS varchar)", "1970-01-01 00:00:00+00"},
		{"extract(dow FROM DATE '2026-11-22')", "0"},
		{"x FROM (VALUES 1, 2) t(x)", "ERR"},
		{"x FROM (VALUES (1), (2)) t(x) ORDER BY 1 LIMIT 1 OFFSET 1", "2"},
		{"at_timezone(now(), 'UTC')", "ERR"},
		{"format_datetime(now(), 'yyyy')", "ERR"},
		{"ip_prefix('10.0.0.1', 8)", "ERR"},
		{"element_at(ARRAY[1], 9)", "NULL"},
		{"listagg(x, ',') WITHIN GROUP (ORDER BY x) FROM (VALUES ('b'), ('a')) t(x)", "ERR"},
		{"transform(ARRAY[1], x -> x + 1)", "ERR"},
	} {
		got, err := one(e, "SELECT "+tt.sql)
		if err != nil {
			got = "ERR"
		}
		if got != tt.want {
			t.Errorf("SELECT %s = %s, %v; docs/sql.md says %s", tt.sql, got, err, tt.want)
		}
	}
}
