package check

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestExpand(t *testing.T) {
	check := func(line string, want ...string) {
		t.Helper()
		rows, err := expand(strings.Fields(line))
		var got []string
		for _, r := range rows {
			got = append(got, strings.Join(r, " "))
		}
		if err != nil {
			got = []string{"error"}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s:\n%s", line, d)
		}
	}
	check("a b", "a b")
	check("10.0.0.{1..3} x", "10.0.0.1 x", "10.0.0.2 x", "10.0.0.3 x")
	check("{08..10}:00 {1..3}", "08:00 1", "09:00 2", "10:00 3")
	check("{0..20..10}{a,b}", "0a", "10b", "20a")
	check("{x*2}-{1..4}", "x-1", "x-2", "x-3", "x-4")
	check("{5..5}", "5")
	check("{3..1}", "error")
	check("{1..99999}", "error")
	check("{1..2", "error")
	check("{1..2..3..4}", "error")
	check("{x*0}", "error")
}

func TestConditions(t *testing.T) {
	check := func(sql string, want ...string) {
		t.Helper()
		var got []string
		for _, c := range conditions(sql) {
			got = append(got, c.text)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s:\n%s", sql, d)
		}
	}
	check("SELECT 1 FROM t WHERE a = 1", "a = 1")
	check("SELECT 1 FROM t WHERE :window AND :ports(DB, p)\n AND (a OR b AND c) -- why\n GROUP BY 1 HAVING count(*) > 1 AND x ORDER BY 1",
		":window", ":ports(DB, p)", "(a OR b AND c)", "count(*) > 1", "x")
	check("WITH a AS (SELECT 1 FROM t WHERE b AND c) SELECT 2 FROM a JOIN b ON a.x = b.x AND a.y = b.y LEFT JOIN c ON c.z = 1 WHERE d",
		"b", "c", "a.x = b.x", "a.y = b.y", "c.z = 1", "d")
	check("SELECT CASE WHEN a AND b THEN 1 END FROM t WHERE x BETWEEN 1 AND 2 AND y", "x BETWEEN 1 AND 2", "y")
	check("SELECT 1 FROM t WHERE a AND b OR c AND d GROUP BY 1", "a AND b OR c AND d")
	check("SELECT 1 FROM t WHERE hour < :end AND EXISTS (SELECT 1 FROM u WHERE v) AND w", "hour < :end", "v", "EXISTS (SELECT 1 FROM u WHERE v)", "w")
	check("SELECT 'WHERE a AND b' FROM t")
	check("SELECT 1 FROM a WHERE b UNION ALL SELECT 1 FROM c WHERE d", "b", "d")
}

func TestCompare(t *testing.T) {
	at := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	a := map[string]any{"x": int64(1), "y": "a", "at": at}
	b := map[string]any{"x": int64(1), "y": "b", "at": nil}
	check := func(got, want []map[string]any, ok bool) {
		t.Helper()
		if text := compare(got, want); (text == "") != ok {
			t.Errorf("got %v, want %v: %q", got, want, text)
		}
	}
	type rows = []map[string]any
	check(rows{a, b}, rows{{"y": "b"}, {"y": "a"}}, true)
	check(rows{a, b}, rows{{"x": 1}, {"y": "a"}}, true) // the first must leave a to the second
	check(rows{a, b}, rows{{"x": 1}, {"x": 1}}, true)
	check(rows{a, b}, rows{{"x": 1}}, false)
	check(rows{a}, rows{{"x": 1}, {"x": 1}}, false)
	check(rows{a}, rows{{"z": nil}}, false) // no such column
	check(rows{b}, rows{{"at": nil}}, true)
	check(rows{a}, rows{{"at": nil}}, false)
	check(rows{a}, rows{{"at": "10:00"}}, true)
	check(rows{a}, rows{{"at": at.Add(time.Second)}}, false)
	check(rows{a}, rows{{"x": "1"}}, false)
	check(rows{{"s": "123456789012"}}, rows{{"s": 123456789012}}, true)
	check(rows{{"s": 0.1 + 0.2}}, rows{{"s": 0.3}}, true)
	check(rows{{"s": 0.3001}}, rows{{"s": 0.3}}, false)
	check(rows{{"s": []any{int64(1), "a"}}}, rows{{"s": []any{1, "a"}}}, true)
}

// TestDefaults: what an example leaves out fits what it says.
func TestDefaults(t *testing.T) {
	check := func(table, text string, want row) {
		t.Helper()
		rows, err := parseRows(table, text)
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		if err := complete(table, rows[0]); err != nil {
			t.Fatal(err)
		}
		for name, v := range want {
			if d := cmp.Diff(v, rows[0][name]); d != "" {
				t.Errorf("%s\n%s: %s", text, name, d)
			}
			if typeOf(table, name) == "" {
				t.Errorf("%s has no column %s", table, name)
			}
		}
		for name := range rows[0] {
			if typeOf(table, name) == "" {
				t.Errorf("defaults of %s: there is no column %s", table, name)
			}
		}
	}
	ten := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	check("conversations", "first_seen client server\n10:05 203.0.113.9 10.0.0.5",
		row{"hour": ten, "own": "server", "client_scope": "internet", "server_scope": "private", "state_rank": int64(4), "seconds": int64(60), "server_port": int64(443)})
	check("conversations", "hour client server state\n10:00 10.0.0.5 2001:db8::1 TRIED",
		row{"own": "client", "server_bytes": int64(0), "client_rejects": int64(1), "rejected_packets": int64(1), "client_flags": int64(2), "server_flags": nil})
	check("conversations", "hour client server protocol\n10:00 10.0.0.5 100.64.1.1 1",
		row{"own": "client", "server_scope": "private", "server_port": int64(0), "client_flags": nil, "role_evidence": "port", "state_evidence": "bytes"})
	check("conversations", "hour client server state_rank\n10:00 10.0.0.5 10.0.0.6 2", row{"state": "REFUSED", "server_flags": int64(4)})
	check("exposures", "hour port state clients\n10:00 22 ANSWERED 7", row{"clients_answered": int64(7), "conversations": int64(7), "first_answered": ten, "server_bytes": int64(60)})
	check("exposures", "hour port state clients\n10:00 22 REFUSED 7", row{"clients_answered": int64(0), "first_answered": nil})
	check("edges", "hour client server conversations\n10:00 10.0.0.5 192.0.2.1 3", row{"answered": int64(3), "own": "client", "server_scope": "internet"})
	check("coverage", "hour records rejects\n10:00 50 20", row{"accepts": int64(30), "interval_seconds": int64(60)})
	check("addresses", "hour address\n10:00 fe80::1", row{"scope": "special"})
}
