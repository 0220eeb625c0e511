package enginetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"weir/internal/engine"
)

// Dialect are expressions of the dialect, each with what follows SELECT and the value of the one row that Trino 476 gives: as
// fmt prints it, times as RFC 3339, NULL, or ERR and a part of the error. Every engine must give it.
var Dialect = []struct{ SQL, Want string }{
	// Arithmetic.
	{"7 / 2", "3"},
	{"-7 / 2", "-3"},
	{"7 % 3", "1"},
	{"1e0 / 4", "0.25"},
	{"nullif(0, 0)", "NULL"},
	{"sum(x) FROM (VALUES (CAST(9223372036854775807 AS bigint)), (CAST(-1 AS bigint))) t(x)", "9223372036854775806"},
	{"count_if(x > 1) FROM (VALUES (1), (2), (3)) t(x)", "2"},
	{"avg(x) FROM (VALUES (1), (2)) t(x)", "1.5"},
	{"truncate(-2.7e0)", "-2"},
	{"if(1 = 1, 'a', 'b')", "a"},
	{"try(1 / 0)", "NULL"},
	{"mod(7, 3)", "1"},
	{"from_utf8(to_utf8('ä'))", "ä"},

	// Bits.
	{"bitwise_and(19, 25)", "17"},
	{"bitwise_or(19, 25)", "27"},
	{"bitwise_xor(19, 25)", "10"},
	{"bitwise_not(19)", "-20"},
	{"bitwise_left_shift(1, 2)", "4"},
	{"bitwise_right_shift(8, 3)", "1"},
	{"bit_count(9, 64)", "2"},
	{"bit_count(-7, 64)", "62"},
	{"bitwise_and_agg(x) FROM (VALUES (6), (3)) t(x)", "2"},
	{"bitwise_or_agg(x) FROM (VALUES (6), (3)) t(x)", "7"},
	{"bitwise_and(CAST(18 AS integer), 18) = 18", "true"},

	// Text.
	{"regexp_like('1a 2b 14m', '\\d+b')", "true"},
	{"regexp_extract('1a 2b 14m', '\\d+')", "1"},
	{"regexp_extract('1a 2b 14m', '(\\d+)([a-z]+)', 2)", "a"},
	{"regexp_extract('abc', '\\d+')", "NULL"},
	{"regexp_replace('1a 2b 14m', '\\d+[ab] ')", "14m"},
	{"regexp_replace('1a 2b 14m', '(\\d+)([ab]) ', '3c$2 ')", "3ca 3cb 14m"},
	{"split_part('10.117.0.9', '.', 2)", "117"},
	{"split_part('10.117', '.', 3)", "NULL"},
	{"split_part('a..b', '.', 2)", ""},
	{"strpos('abc', 'c')", "3"},
	{"substr('abcdef', 2, 3)", "bcd"},
	{"'a' || NULL", "NULL"},
	{"length('äb')", "2"},
	{"lpad('7', 3, '0')", "007"},
	{"starts_with('10.1', '10.')", "true"},
	{"array_join(split('a,b', ','), '-')", "a-b"},
	{"url_decode('a%20b')", "a b"},
	{"url_encode('a b*~/ä')", "a+b*%7E%2F%C3%A4"},
	{"url_decode('a+b%2B')", "a b+"},
	{"url_extract_host('https://me@h.example:8443/p/q?x=1#f')", "h.example"},
	{"url_extract_port('https://h.example:8443/p')", "8443"},
	{"url_extract_port('https://h.example/p')", "NULL"},
	{"url_extract_path('https://h.example/p/q?x=1')", "/p/q"},
	{"url_extract_query('https://h.example/p?x=1#f')", "x=1"},
	{"url_extract_fragment('https://h.example/p?x=1#f')", "f"},
	{"url_extract_protocol('https://h.example/')", "https"},
	{"json_extract_scalar('{\"a\": {\"b\": 5}}', '$.a.b')", "5"},

	// Time.
	{"from_unixtime(1606134896)", "2020-11-23T12:34:56Z"},
	{"to_unixtime(from_unixtime(1606134896))", "1.606134896e+09"},
	{"to_iso8601(DATE '2020-11-23')", "2020-11-23"},
	{"from_iso8601_timestamp('2020-05-11T11:15:05Z')", "2020-05-11T11:15:05Z"},
	{"from_iso8601_timestamp('2020-05-11T11:15:05+02:00')", "2020-05-11T09:15:05Z"},
	{"from_iso8601_date('2020-05-11')", "2020-05-11T00:00:00Z"},
	{"date_add('second', 86, TIMESTAMP '2020-03-01 00:00:00')", "2020-03-01T00:01:26Z"},
	{"date_add('hour', 9, TIMESTAMP '2020-03-01 00:00:00')", "2020-03-01T09:00:00Z"},
	{"date_add('day', -1, TIMESTAMP '2020-03-01 00:00:00 UTC')", "2020-02-29T00:00:00Z"},
	{"date_add('month', 1, DATE '2020-01-31')", "2020-02-29T00:00:00Z"},
	{"date_diff('second', TIMESTAMP '2020-03-01 00:00:00', TIMESTAMP '2020-03-02 00:00:00')", "86400"},
	{"date_diff('day', TIMESTAMP '2020-03-01 12:00:00', TIMESTAMP '2020-03-02 11:00:00')", "0"},
	{"date_diff('hour', from_unixtime(0), from_unixtime(7199))", "1"},
	{"date_diff('day', DATE '2020-03-01', DATE '2020-03-02')", "1"},
	{"date_parse('2022/10/20/05', '%Y/%m/%d/%H')", "2022-10-20T05:00:00Z"},
	{"date_parse('2022-10-20 05:10:11', '%Y-%m-%d %H:%i:%s')", "2022-10-20T05:10:11Z"},
	{"date_parse('2022-10-20 05:10:11.25', '%Y-%m-%d %T.%f')", "2022-10-20T05:10:11.25Z"},
	{"date_format(TIMESTAMP '2022-10-20 05:10:00', '%m-%d-%Y %H')", "10-20-2022 05"},
	{"date_format(from_unixtime(0), '%Y-%m-%dT%H:%i:%s %W %M %f %%')", "1970-01-01T00:00:00 Thursday January 000000 %"},
	{"day_of_week(DATE '2026-11-22')", "7"}, // a Sunday
	{"day_of_week(from_unixtime(0))", "4"},
	{"dow(DATE '2026-11-23')", "1"},
	{"day(DATE '2020-05-04')", "4"},
	{"hour(from_unixtime(7200))", "2"},
	{"minute(from_unixtime(61))", "1"},
	{"second(from_unixtime(61))", "1"},
	{"millisecond(TIMESTAMP '2020-01-01 00:00:05.250')", "250"},
	{"month(DATE '2020-05-04')", "5"},
	{"quarter(DATE '2020-05-04')", "2"},
	{"year(DATE '2020-05-04')", "2020"},
	{"week(DATE '2020-05-04')", "19"},
	{"day_of_year(DATE '2020-02-01')", "32"},
	{"last_day_of_month(DATE '2020-02-01')", "2020-02-29T00:00:00Z"},
	{"date_trunc('hour', TIMESTAMP '2020-05-04 10:11:12')", "2020-05-04T10:00:00Z"},
	{"extract(hour FROM TIMESTAMP '2020-05-04 10:11:12')", "10"},
	{"DATE('2020-05-04')", "2020-05-04T00:00:00Z"},
	{"DATE '2020-05-04' - interval '7' day = DATE '2020-04-27'", "true"},
	{"TIMESTAMP '2026-11-20 00:00:00 UTC' = from_unixtime(1795132800)", "true"},
	{"current_timestamp - interval '1' hour < now()", "true"},
	{"to_unixtime(TIMESTAMP '2020-01-01 00:00:00 UTC')", "1.5778368e+09"},

	// Arrays and maps.
	{"cardinality(ARRAY[1, 2, 3])", "3"},
	{"cardinality(MAP(ARRAY['a'], ARRAY[1]))", "1"},
	{"element_at(ARRAY[7, 8], 2)", "8"},
	{"element_at(ARRAY[7, 8], -1)", "8"},
	{"element_at(ARRAY[7, 8], 3)", "NULL"},
	{"element_at(MAP(ARRAY['a'], ARRAY[1]), 'a')", "1"},
	{"element_at(MAP(ARRAY['a'], ARRAY[1]), 'b')", "NULL"},
	{"array_join(ARRAY[1, NULL, 3], ',')", "1,3"},
	{"array_join(ARRAY[1, NULL, 3], ',', '?')", "1,?,3"},
	{"sequence(1, 4)", "[1 2 3 4]"},
	{"sequence(1, 7, 3)", "[1 4 7]"},
	{"array_max(ARRAY[3, 9, 4])", "9"},
	{"array_min(ARRAY[3, 9, 4])", "3"},
	{"array_distinct(ARRAY[1, 1])", "[1]"},
	{"array_sort(ARRAY[3, 1])", "[1 3]"},
	{"contains(ARRAY[1, 2], 2)", "true"},
	{"map_keys(MAP(ARRAY['a', 'b'], ARRAY[1, 2]))", "[a b]"},
	{"count(*) FROM UNNEST(sequence(1, 5)) AS t(n)", "5"},
	{"array_agg(x ORDER BY x DESC) FROM (VALUES (1), (3), (2)) t(x)", "[3 2 1]"},
	{"map_agg(k, v) FROM (VALUES ('a', 1)) t(k, v)", "map[a:1]"},
	{"histogram(x) FROM (VALUES ('a'), ('b'), ('a')) t(x)", "map[a:2 b:1]"},
	{"max_by(x, y) FROM (VALUES ('a', 1), ('b', 2)) t(x, y)", "b"},
	{"arbitrary(x) FROM (VALUES (5)) t(x)", "5"},
	{"every(x > 0) FROM (VALUES (5)) t(x)", "true"},
	{"ROW(1, 'a') = ROW(1, 'a')", "true"},
	{"(1, 'a') IN (VALUES (1, 'a'))", "true"},
	{"count(*) FILTER (WHERE x > 1) FROM (VALUES (1), (2)) t(x)", "1"},

	// Approximations. Trino promises 2.3 %; DuckDB counts, since its own sketch is off by more.
	{"abs(approx_distinct(n) - 1000) <= 23 FROM UNNEST(sequence(1, 1000)) AS t(n)", "true"},
	{"abs(approx_distinct(n, 0.01) - 1000) <= 23 FROM UNNEST(sequence(1, 1000)) AS t(n)", "true"},
	{"approx_percentile(n, 0.5) BETWEEN 490 AND 510 FROM UNNEST(sequence(1, 1000)) AS t(n)", "true"},
	{"approx_percentile(n, 0.99) BETWEEN 980 AND 1000 FROM UNNEST(sequence(1, 1000)) AS t(n)", "true"},
	{"cardinality(approx_percentile(n, ARRAY[0.5, 0.99])) FROM UNNEST(sequence(1, 1000)) AS t(n)", "2"},

	// Addresses.
	{"contains('10.0.0.0/8', TRY_CAST('10.1.2.3' AS IPADDRESS))", "true"},
	{"contains('10.0.0.0/8', CAST('11.1.2.3' AS ipaddress))", "false"},
	{"contains('10.0.0.0/8', IPADDRESS '10.255.255.255')", "true"},
	{"contains('10.0.0.0/8', TRY_CAST('-' AS IPADDRESS))", "NULL"},
	{"contains('10.0.0.0/8', TRY_CAST(NULL AS IPADDRESS))", "NULL"},
	{"contains('10.0.0.0/8', TRY_CAST('10.0.0.01' AS IPADDRESS))", "NULL"},
	{"contains('::/0', IPADDRESS '10.1.2.3')", "true"},
	{"contains('0.0.0.0/0', IPADDRESS '2001:db8::1')", "false"},
	{"contains('10.0.0.0/8', IPADDRESS '::ffff:10.1.2.3')", "true"},
	{"contains('2001:db8::/32', IPADDRESS '2001:db8::1')", "true"},
	{"contains('10.0.0.1/8', IPADDRESS '10.1.2.3')", "ERR Invalid CIDR"},
	{"contains('10.0.0.0', IPADDRESS '10.1.2.3')", "ERR Invalid CIDR"},
	{"contains('10.1.2.3/32', IPADDRESS '10.1.2.3')", "true"},

	// Order.
	{"array_agg(x ORDER BY x) FROM (VALUES (2), (NULL), (1)) t(x)", "[1 2 <nil>]"},
	{"array_agg(x ORDER BY x DESC) FROM (VALUES (2), (NULL), (1)) t(x)", "[2 1 <nil>]"},
	{"x FROM (VALUES (1), (2), (3)) t(x) ORDER BY x OFFSET 1 LIMIT 1", "2"},
}

// RunDialect asks an engine for all of Dialect.
func RunDialect(t *testing.T, e engine.Engine) {
	t.Helper()
	for _, tt := range Dialect {
		sql := "SELECT " + tt.SQL
		a, err := Ask(t, e, Case{SQL: sql})
		got := ""
		switch {
		case err != nil:
			got = "ERR " + err.Error()
		case len(a.Rows) != 1 || len(a.Rows[0]) != 1:
			got = fmt.Sprintf("%d rows", len(a.Rows))
		default:
			got = plain(a.Rows[0][0])
		}
		if want, bad := strings.CutPrefix(tt.Want, "ERR "); bad && strings.HasPrefix(got, "ERR ") && strings.Contains(got, want) {
			continue
		}
		if got != tt.Want {
			t.Errorf("%s = %s, want %s", sql, got, tt.Want)
		}
	}
}

func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}

// TypeCase is an expression with the type and the value that an engine gives it.
type TypeCase struct {
	SQL, Type string
	Want      any
}

// Types are what every engine gives.
var Types = []TypeCase{
	{"CAST(1 AS tinyint)", "tinyint", int64(1)},
	{"CAST(1 AS smallint)", "smallint", int64(1)},
	{"CAST(1 AS integer)", "integer", int64(1)},
	{"CAST(1 AS bigint)", "bigint", int64(1)},
	{"CAST(1.5 AS real)", "real", 1.5},
	{"CAST(1.5 AS double)", "double", 1.5},
	{"CAST(-0.05 AS decimal(10,2))", "decimal(10,2)", engine.Decimal("-0.05")},
	{"CAST(12345678901234567890.5 AS decimal(38,1))", "decimal(38,1)", engine.Decimal("12345678901234567890.5")},
	{"true", "boolean", true},
	{"'a'", "varchar", "a"},
	{"'a text longer than twelve bytes'", "varchar", "a text longer than twelve bytes"},
	{"DATE '2020-05-04'", "date", time.Date(2020, 5, 4, 0, 0, 0, 0, time.UTC)},
	{"TIMESTAMP '1969-12-31 23:59:59.5'", "timestamp(6)", time.Date(1969, 12, 31, 23, 59, 59, 5e8, time.UTC)},
	{"from_unixtime(1)", "timestamp(6) with time zone", time.Unix(1, 0).UTC()},
	{"interval '2' day + interval '3' hour", "interval day to second", "2 03:00:00.000"},
	{"CAST('12151fd2-7586-11e9-8f9e-2a86e4085a59' AS uuid)", "uuid", "12151fd2-7586-11e9-8f9e-2a86e4085a59"},
	{"CAST('01:02:03' AS time)", "time(6)", "01:02:03.000000"},
	{"ARRAY[ARRAY['a'], ARRAY[]]", "array(array(varchar))", []any{[]any{"a"}, []any{}}},
	{"MAP(ARRAY[1], ARRAY[true])", "map(integer, boolean)", map[string]any{"1": true}},
	{"CAST(ROW(1, 'x') AS ROW(a integer, b varchar))", "row(a integer, b varchar)", map[string]any{"a": int64(1), "b": "x"}},
}

// RunTypes asks an engine for values, and holds them to their Go types, too.
func RunTypes(t *testing.T, e engine.Engine, cases []TypeCase) {
	t.Helper()
	for _, tt := range cases {
		a, err := Ask(t, e, Case{SQL: "SELECT " + tt.SQL})
		if err != nil {
			t.Errorf("%s: %v", tt.SQL, err)
			continue
		}
		v := a.Rows[0][0]
		if got, want := fmt.Sprintf("%T %v", v, v), fmt.Sprintf("%T %v", tt.Want, tt.Want); got != want {
			t.Errorf("%s = %s, want %s", tt.SQL, got, want)
		}
		if got := a.Columns[0].Type; got != tt.Type {
			t.Errorf("%s has type %s, want %s", tt.SQL, got, tt.Type)
		}
	}
}
