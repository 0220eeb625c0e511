package rule

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// good is a small rule; tests change it.
const good = `id: my-rule
version: 1
title: Something
severity: high
techniques: [T1021.002]
group: exposure
needs: {fields: [tcp_flags], interval: 60, history: 2d}
window: 2h
every: 1h
resolve: 24h
params:
  - {name: clients, type: integer, default: 3, doc: "so many"}
  - {name: size, type: bytes, default: 50MB, doc: "as much"}
  - {name: word, type: text, default: it's, doc: "a word"}
sql: |
  SELECT port, count(*) AS n -- :nobody
  FROM exposures AS e
  WHERE :window(e)
    AND :ports(DB, e.port)
    AND clients >= :clients
    AND server_bytes > :size
    AND list <> ':clients' AND list <> :word
    AND NOT EXISTS (SELECT 1 FROM edges WHERE :history)
  GROUP BY 1
entity: [port]
message: "{port} has {n|count}"
explain: why
fix: what
examples:
  - name: one
    exposures: |
      hour port
    end: 2026-11-03T11:00Z
    want: []
`

type ports struct{}

func (ports) Condition(set, expr string) (string, error) {
	if set != "DB" {
		return "", errors.New("no such set")
	}
	return expr + " IN (1, 2)", nil
}

func parse(t *testing.T, text string) *Rule {
	t.Helper()
	r, err := Parse("rules/my-rule.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBind(t *testing.T) {
	r := parse(t, good)
	end := time.Date(2026, 11, 3, 11, 0, 0, 0, time.UTC)
	start, _ := r.WindowOf(end)
	sql, args, err := r.Bind(start, end, end, map[string]string{"word": "x' OR 1=1 --"}, ports{})
	if err != nil {
		t.Fatal(err)
	}
	want := `SELECT port, count(*) AS n -- :nobody
FROM exposures AS e
WHERE e.hour >= ? AND e.hour < ?
  AND (e.port IN (1, 2))
  AND clients >= ?
  AND server_bytes > ?
  AND list <> ':clients' AND list <> ?
  AND NOT EXISTS (SELECT 1 FROM edges WHERE hour >= ? AND hour < ?)
GROUP BY 1`
	if d := cmp.Diff(want, sql); d != "" {
		t.Error(d)
	}
	wantArgs := []any{end.Add(-2 * time.Hour), end, int64(3), int64(50_000_000), "x' OR 1=1 --", end.Add(-50 * time.Hour), end.Add(-2 * time.Hour)}
	if d := cmp.Diff(wantArgs, args); d != "" {
		t.Error(d)
	}
	if strings.Count(sql, "?") != len(args) {
		t.Errorf("%d values for %d places", len(args), strings.Count(sql, "?"))
	}
	for name, value := range map[string]string{"clients": "many", "size": "-1", "nothing": "1"} {
		if _, _, err := r.Bind(start, end, end, map[string]string{name: value}, ports{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: error %v, want one that names it", name, value, err)
		}
	}
}

// TestParseErrors changes one thing at a time and looks for the line of the complaint.
func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"title: Something", "titel: Something", `:3: rule: there is no key "titel"`},
		{"title: Something\n", "", `:1: rule: title is missing`},
		{"title: Something", "title: [a]", `:3: rule: title must be a text`},
		{"title: Something", "title: A\ntitle: B", `:4: rule: title is given twice`},
		{"id: my-rule", "id: My_rule", `:1: rule: id "My_rule" is not of the form`},
		{"id: my-rule", "id: other", `:1: rule: id other is not the file's name`},
		{"version: 1", "version: one", `:2: rule: version must be a whole number`},
		{"version: 1", "version: 0", `:2: rule: version begins at 1`},
		{"severity: high", "severity: bad", `:4: rule: severity "bad" is none of critical`},
		{"[T1021.002]", "[T21]", `:5: rule: technique "T21" is not of the form`},
		{"group: exposure", "group: things", `:6: rule: group "things" is none of`},
		{"[tcp_flags]", "[srcaddr]", `:7: needs: nobody can tell whether "srcaddr" is logged`},
		{"interval: 60", "interval: 61", `:7: needs: interval is 60 or 600`},
		{"window: 2h", "window: 90m", `:8: rule: window must be whole hours`},
		{"window: 2h", "window: 40d", `:8: rule: window must be from 1h to 31d`},
		{"every: 1h", "every: 3h", `:9: rule: every 3h is longer than the window`},
		{"window: 2h\nevery: 1h", "window: 10h\nevery: 5h", `:9: rule: every must divide a day`},
		{"resolve: 24h", "resolve: soon", `:10: rule: resolve "soon" is no length of time`},
		{"default: 3", "default: three", `:12: parameter clients: default "three": want a whole number`},
		{"type: bytes", "type: octets", `:13: parameter: type "octets" is none of integer`},
		{"name: size", "name: window", `:13: parameter: :window means something else`},
		{"{name: size, type: bytes, default: 50MB, doc: \"as much\"}", "{name: clients, type: text, default: x, doc: y}", `:13: parameter: clients is given twice`},
		{"clients >= :clients", "clients >= 3", `:12: rule: parameter clients is not used in the sql`},
		{"> :size", "> :sise", `:21: rule: sql: parameter :sise is not declared`},
		{"> :size", "> ?", `:21: rule: sql: ? is not for rules`},
		{"GROUP BY 1", "GROUP BY 1;", `:24: rule: sql: a rule is one query`},
		{"GROUP BY 1", "GROUP BY n::bigint", `:24: rule: sql: :: is DuckDB's own`},
		{":ports(DB, e.port)", ":ports(DB)", `:19: rule: sql: :ports takes a set and an expression`},
		{":window(e)", ":window(e", `:18: rule: sql: :window( is not closed`},
		{":window(e)", "true", `rule: sql: neither :window nor :reach is used`},
		{", history: 2d", "", `:23: rule: sql: :history is used, but needs.history`},
		{"entity: [port]", "entity: []", `:25: rule: entity is empty`},
		{"{n|count}", "{n|many}", `:26: rule: message: {n|many}: there is no format "many"`},
		{"{n|count}", "{n|bytes host}", `:26: rule: message: {n|bytes host}: only count takes a word`},
		{"{n|count}", "{n|count host/}", `:26: rule: message: {n|count host/}: only count takes a word`},
		{"{n|count}", "{n|count", `:26: rule: message: a { is not closed`},
		{"T11:00Z", "T11:30Z", `:33: example: no step ends at`},
		{"    exposures: |\n      hour port\n", "", `:30: example "one": it has no rows`},
		{"want: []", "want: [1]", `:34: example "one": want is a list of rows`},
		{"want: []", "want: [}", `did not find expected node content`},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Fatalf("%q is not in the rule", c.old)
		}
		_, err := Parse("rules/my-rule.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s -> %s:\n got %v\nwant %s", c.old, c.new, err, c.want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "rules/my-rule.yaml:") {
			t.Errorf("%v: it does not say where", err)
		}
	}
}

func TestMessage(t *testing.T) {
	check := func(template string, row map[string]any, want string) {
		t.Helper()
		parts, err := parseMessage(template)
		if err != nil {
			t.Fatal(err)
		}
		r := &Rule{message: parts}
		if got := r.Message(row); got != want {
			t.Errorf("%s\n got %q\nwant %q", template, got, want)
		}
	}
	at := time.Date(2026, 11, 3, 11, 4, 5, 0, time.UTC)
	check("{a} {{b}}", map[string]any{"a": "x"}, "x {b}")
	check("{a}", nil, "unknown")
	check("{a|bytes}, {b|bytes}, {c|bytes}", map[string]any{"a": int64(52_428_800), "b": int64(999), "c": int64(1500)}, "52 MB, 999 B, 1.5 kB")
	check("{a|bytes}", map[string]any{"a": int64(999_999)}, "1 MB")
	check("{a|count} {b|count}", map[string]any{"a": int64(1204), "b": int64(-1234567)}, "1,204 -1,234,567")
	check("{a|count host}, {b|count host}, {c|count short conversation}, {d|count host}", map[string]any{"a": int64(1), "b": int64(1204), "c": int64(0), "d": 1.0},
		"1 host, 1,204 hosts, 0 short conversations, 1 host")
	check("{a|count address/addresses}, {b|count address/addresses}, {c|count host}", map[string]any{"a": int64(1), "b": int64(2)}, "1 address, 2 addresses, unknown hosts")
	check("{a|duration} {b|duration} {c|duration} {d|duration}",
		map[string]any{"a": int64(59), "b": int64(5400), "c": int64(3600), "d": int64(200_000)}, "59 s 1 h 30 min 1 h 2 d 7 h")
	check("{a|percent} {b} {p|protocol}", map[string]any{"a": 0.931, "b": 1.2345, "p": int64(17)}, "93 % 1.23 UDP")
	check("{a|time} {b}", map[string]any{"a": at, "b": []any{"x", int64(2)}}, "2026-11-03 11:04 UTC x, 2")
	check("{a}", map[string]any{"a": []any{1, 2, 3, 4, 5, 6, 7}}, "1, 2, 3, 4, 5, 2 more")
	check("{a|bytes}", map[string]any{"a": "no number"}, "no number")
	// What an attacker may have written.
	check("{a}!", map[string]any{"a": "\x1b[31mred\u202e\n"}, `\x1b[31mred\u202e\n!`)
	check("{a}!", map[string]any{"a": strings.Repeat("é", 500)}, strings.Repeat("é", 79)+"…!")
	check("{a}", map[string]any{"a": "{b|bytes}", "b": int64(1)}, "{b|bytes}")
}

func TestSteps(t *testing.T) {
	at := func(s string) time.Time {
		v, err := ParseTime(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	check := func(every time.Duration, from, to string, want ...string) {
		t.Helper()
		r := &Rule{Every: every}
		var got []string
		for _, s := range r.Steps(at(from), at(to)) {
			got = append(got, s.Format("2006-01-02T15:04Z"))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("every %s, %s to %s:\n%s", every, from, to, d)
		}
	}
	check(time.Hour, "2026-11-03T10:00Z", "2026-11-03T12:00Z", "2026-11-03T11:00Z", "2026-11-03T12:00Z") // from is not in it, to is
	check(time.Hour, "2026-11-03T10:01Z", "2026-11-03T10:59Z")
	check(6*time.Hour, "2026-11-03T05:00Z", "2026-11-03T13:00Z", "2026-11-03T06:00Z", "2026-11-03T12:00Z")
	check(24*time.Hour, "2026-11-03T05:00Z", "2026-11-05T00:00Z", "2026-11-04T00:00Z", "2026-11-05T00:00Z")
	r := &Rule{Every: 6 * time.Hour}
	if got := r.Next(at("2026-11-03T06:00Z").Add(time.Nanosecond)); !got.Equal(at("2026-11-03T12:00Z")) {
		t.Errorf("the step after 6:00 and a nanosecond is %s, want 12:00", got)
	}
}

func TestParam(t *testing.T) {
	check := func(typ Type, text string, want any) {
		t.Helper()
		got, err := Param{Type: typ}.Parse(text)
		if err != nil {
			got = fmt.Sprint(err)[:4]
		}
		if got != want {
			t.Errorf("%s %q: got %v, want %v", typ, text, got, want)
		}
	}
	check(Integer, "-3", int64(-3))
	check(Integer, "3.5", "want")
	check(Double, "0.7", 0.7)
	check(Double, "NaN", "want")
	check(Text, "", "")
	check(Text, "a\x00", "want")
	check(Bytes, "50MB", int64(50_000_000))
	check(Bytes, "1.5 GiB", int64(3<<29))
	check(Bytes, "12", int64(12))
	check(Bytes, "9999999999TB", "want")
	check(Bytes, "-1B", "want")
	check(Duration, "7d", int64(604800))
	check(Duration, "90s", int64(90))
	check(Duration, "1ms", "want")
	check(Duration, "-1h", "want")
}

// FuzzParse: no text makes the reader panic, and what it takes can be bound.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("id: &a [*a]"))
	f.Add([]byte("a: {b: [}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Parse("rules/my-rule.yaml", text)
		if err != nil {
			return
		}
		end := r.Next(time.Unix(1_800_000_000, 0))
		start, _ := r.WindowOf(end)
		sql, args, err := r.Bind(start, end, end, nil, ports{})
		if err == nil && strings.Count(sql, "?") < len(args) {
			t.Errorf("%d values for %q", len(args), sql)
		}
		r.Message(map[string]any{"port": "x"})
	})
}
