package main

import (
	"bufio"
	"bytes"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"weir/internal/engine"
)

func TestResultWriters(t *testing.T) {
	columns := []engine.Column{{Name: "addr", Type: "varchar"}, {Name: "bytes", Type: "bigint"}, {Name: "at", Type: "timestamp(6) with time zone"}, {Name: "x", Type: "array(date)"}}
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	rows := [][]any{
		{"10.0.0.1", int64(9007199254740993), day.Add(90 * time.Millisecond), []any{day, nil}},
		{nil, nil, nil, nil},
		{"\x1b[31mred\u202e|<b>\n\"'", int64(-1), day, []any{}},
	}
	for _, tt := range []struct{ format, want string }{
		{"table", `addr                               bytes  at                        x
10.0.0.1                9007199254740993  2026-11-20T00:00:00.09Z   ["2026-11-20",null]
                                                                    
\x1b[31mred\u202e|<b>\n"'               -1  2026-11-20T00:00:00Z      []
`},
		{"csv", "addr,bytes,at,x\n10.0.0.1,9007199254740993,2026-11-20T00:00:00.09Z,\"[\"\"2026-11-20\"\",null]\"\n,,,\n\"\x1b[31mred\u202e|<b>\n\"\"'\",-1,2026-11-20T00:00:00Z,[]\n"},
		{"md", "| addr | bytes | at | x |\n| --- | ---: | --- | --- |\n| 10.0.0.1 | 9007199254740993 | 2026-11-20T00:00:00.09Z | \\[\"2026-11-20\",null] |\n|  |  |  |  |\n" +
			`| \\x1b\[31mred\\u202e\|&lt;b>\\n"' | -1 | 2026-11-20T00:00:00Z | \[] |` + "\n"},
		{"jsonl", `{"addr":"10.0.0.1","bytes":9007199254740993,"at":"2026-11-20T00:00:00.09Z","x":["2026-11-20",null]}
{"addr":null,"bytes":null,"at":null,"x":null}
{"addr":"\u001b[31mred\u202e|<b>\n\"'","bytes":-1,"at":"2026-11-20T00:00:00Z","x":[]}
`},
		{"json", `[
{"addr":"10.0.0.1","bytes":9007199254740993,"at":"2026-11-20T00:00:00.09Z","x":["2026-11-20",null]},
{"addr":null,"bytes":null,"at":null,"x":null},
{"addr":"\u001b[31mred\u202e|<b>\n\"'","bytes":-1,"at":"2026-11-20T00:00:00Z","x":[]}
]
`},
	} {
		var b bytes.Buffer
		w := newResultWriter(&b, tt.format, columns)
		for _, r := range rows {
			if err := w.write(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.close(); err != nil {
			t.Fatal(err)
		}
		got, want := b.String(), tt.want
		if tt.format == "table" { // blanks at the ends of lines do not matter here
			got, want = squeeze(got), squeeze(want)
		}
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.format, got, want)
		}
	}
}

func squeeze(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		out = append(out, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(out, "\n")
}

func TestTableAligns(t *testing.T) {
	var b bytes.Buffer
	w := newResultWriter(&b, "table", []engine.Column{{Name: "port", Type: "integer"}, {Name: "name", Type: "varchar"}, {Name: "n", Type: "bigint"}})
	for _, r := range [][]any{{int64(22), "ssh", int64(1)}, {int64(6379), "日本", int64(1000)}, {nil, nil, nil}} {
		if err := w.write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	want := "port  name     n\n  22  ssh      1\n6379  日本  1000\n                \n"
	if got := b.String(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// TestTableStreams holds that a table is printed before its last row is known.
func TestTableStreams(t *testing.T) {
	var b bytes.Buffer
	w := newResultWriter(&b, "table", []engine.Column{{Name: "n", Type: "bigint"}})
	for i := range 100 * tableRows {
		if err := w.write([]any{int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if b.Len() < 90*tableRows {
		t.Errorf("%d bytes were printed before the end", b.Len())
	}
	if held := len(w.(*tableWriter).held); held > tableRows {
		t.Errorf("%d rows are held", held)
	}
}

func TestEmptyResult(t *testing.T) {
	for format, want := range map[string]string{"table": "a\n", "csv": "a\n", "md": "| a |\n| --- |\n", "json": "[]\n", "jsonl": ""} {
		var b bytes.Buffer
		if err := newResultWriter(&b, format, []engine.Column{{Name: "a", Type: "varchar"}}).close(); err != nil || b.String() != want {
			t.Errorf("%s: %q, %v; want %q", format, b.String(), err, want)
		}
	}
}

func TestJSONValues(t *testing.T) {
	huge, _ := new(big.Int).SetString("170141183460469231731687303715884105727", 10)
	for _, tt := range []struct {
		v    any
		typ  string
		want string
	}{
		{1.5, "double", "1.5"}, {1e300, "double", "1e+300"}, {1e9, "double", "1000000000"}, {math.NaN(), "double", "null"}, {math.Inf(1), "double", "null"}, {0.1, "double", "0.1"},
		{huge, "bigint", "170141183460469231731687303715884105727"}, {engine.Decimal("-0.50"), "decimal(3,2)", "-0.50"}, {true, "boolean", "true"},
		{time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), "date", `"2026-01-02"`}, {[]byte{0, 255}, "varbinary", `"00ff"`},
		{map[string]any{"b": nil, "a": []any{int64(1)}}, "map(varchar, array(bigint))", `{"a":[1],"b":null}`},
		{"a\u2028\u009b\U000e0001\xff\t", "varchar", `"a\u2028\u009b\udb40\udc01\ufffd\t"`},
	} {
		var b bytes.Buffer
		appendJSON(&b, tt.v, tt.typ)
		if b.String() != tt.want {
			t.Errorf("%v is %s, want %s", tt.v, b.String(), tt.want)
		}
	}
	var b bytes.Buffer
	w := newJSONWriter(bufio.NewWriter(&b), []engine.Column{{Name: "a", Type: "bigint"}, {Name: "a", Type: "bigint"}, {Name: "a\"", Type: "bigint"}}, false)
	if err := w.write([]any{int64(1), int64(2), int64(3)}); err != nil {
		t.Fatal(err)
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	if want := `{"a":1,"a_2":2,"a\"":3}` + "\n"; b.String() != want {
		t.Errorf("got %s, want %s", b.String(), want)
	}
}
