package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	l := list{columns: []string{"name", "n", "note"}}
	l.add("ä|b", 1, nil)
	l.add("x\x1b", int64(22), "quoted \"text\", with\nline")
	for format, want := range map[string]string{
		"table": "name   n   note\nä|b    1\nx\\x1b  22  quoted \"text\", with\\nline\n",
		"md":    "| name | n | note |\n| --- | --- | --- |\n| ä\\|b | 1 |  |\n| x\\x1b | 22 | quoted \"text\", with\\nline |\n",
		"csv":   "name,n,note\nä|b,1,\nx\x1b,22,\"quoted \"\"text\"\", with\nline\"\n",
		"jsonl": `{"name":"ä|b","n":1,"note":null}` + "\n" + `{"name":"x\u001b","n":22,"note":"quoted \"text\", with\nline"}` + "\n",
	} {
		var b strings.Builder
		if err := l.write(&b, format); err != nil || b.String() != want {
			t.Errorf("%s:\n%q, %v; want\n%q", format, b.String(), err, want)
		}
	}
	for _, l := range []*list{&l, {columns: []string{"none"}}} {
		var b strings.Builder
		var rows []map[string]any
		if err := l.write(&b, "json"); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(b.String()), &rows); err != nil || rows == nil || len(rows) != len(l.rows) {
			t.Errorf("json %q gives %v, %v", b.String(), rows, err)
		}
	}
}
