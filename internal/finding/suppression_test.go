package finding

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestHides(t *testing.T) {
	f := &Finding{ID: "exposed-datastore-1", Rule: "exposed-datastore", InterfaceID: "eni-1", VPCID: "vpc-1", AccountID: "1", Client: "198.51.100.7", Server: "2001:db8::5",
		Port: intp(6379), Details: map[string]any{"server_network": "prod"}}
	for _, c := range []struct {
		scope Scope
		hides bool
	}{
		{Scope{Findings: []string{"other", f.ID}}, true}, {Scope{Findings: []string{"other"}}, false},
		{Scope{Rule: "exposed-datastore"}, true}, {Scope{Rule: "exposed-*"}, true}, {Scope{Rule: "*"}, true}, {Scope{Rule: "exposed"}, false},
		{Scope{InterfaceID: "eni-1"}, true}, {Scope{InterfaceID: "eni-10"}, false}, {Scope{VPCID: "vpc-1"}, true}, {Scope{VPCID: "vpc-2"}, false},
		{Scope{AccountID: "1"}, true}, {Scope{AccountID: "2"}, false},
		{Scope{Client: "198.51.100.0/24"}, true}, {Scope{Client: "198.51.100.7"}, true}, {Scope{Client: "198.51.100.8"}, false}, {Scope{Client: "198.51.100.7/24"}, true},
		{Scope{Client: "::/0"}, false}, {Scope{Server: "2001:db8::/32"}, true}, {Scope{Server: "10.0.0.0/8"}, false},
		{Scope{Ports: []string{"22", "6000-7000"}}, true}, {Scope{Ports: []string{"22"}}, false}, {Scope{Network: "prod"}, true}, {Scope{Network: "dev"}, false},
		{Scope{Rule: "exposed-*", InterfaceID: "eni-2"}, false},
	} {
		s := Suppression{Scope: c.scope}
		if got := s.Hides(f); got != c.hides {
			t.Errorf("%+v hides it: %t", c.scope, got)
		}
	}
	// What has no single value is in no scope that names one.
	for _, s := range []Scope{{Client: "0.0.0.0/0"}, {Ports: []string{"0-65535"}}, {Network: "prod"}} {
		if (&Suppression{Scope: s}).Hides(&Finding{}) {
			t.Errorf("%+v hides a finding that has none", s)
		}
	}
	if !within("10.0.0.0/8", "10.1.0.0/16") || within("10.1.0.0/16", "10.0.0.0/8") {
		t.Error("a network is in another if all of it is")
	}
}

// A suppression hides while it is there, and leaves no trace in a finding.
func TestSuppressions(t *testing.T) {
	c := &clock{hour(1)}
	given := Suppression{ID: "from-git", Owner: "bob", Reason: "honeypot", Expires: hour(4), Scope: Scope{InterfaceID: "eni-2"}, From: "suppressions.yaml:2"}
	s := openTest(t, Options{Now: c.now, Suppressions: []Suppression{given}})
	record(t, s, evaluation(1, 1, sighted("eni-1", 1, "high"), sighted("eni-2", 1, "high"), sighted("eni-3", 1, "high")))
	id := func(eni string) string { return ID(redis.ID, sighted(eni, 1, "").Entity) }
	before := get(t, s, id("eni-1"))

	sup, err := s.Suppress(t.Context(), Suppression{Owner: "ann", Reason: "test system", Expires: hour(3), Scope: Scope{Findings: []string{id("eni-1")[:24]}}})
	if err != nil {
		t.Fatal(err)
	}
	f := get(t, s, id("eni-1"))
	want(t, []string{f.State, f.Suppression, f.Reason}, []string{StateSuppressed, sup.ID, "test system"})
	want(t, get(t, s, id("eni-2")).Suppression, "from-git")
	open, err := s.List(t.Context(), Filter{States: []string{StateOpen}})
	if err != nil || len(open) != 1 || open[0].ID != id("eni-3") {
		t.Errorf("open: %v %v", open, err)
	}
	all, err := s.Suppressions(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	want(t, [][]string{all[0].Hidden, all[1].Hidden}, [][]string{{id("eni-2")}, {id("eni-1")}})

	c.t = hour(3) // the end is not included
	want(t, get(t, s, id("eni-1")), before)
	all, err = s.Suppressions(t.Context())
	if err != nil || len(all) != 2 || all[0].Expired || !all[1].Expired || len(all[1].Hidden) > 0 {
		t.Errorf("%+v %v", all, err)
	}
	if err := s.Unsuppress(t.Context(), sup.ID, "ann", "gone"); err != nil {
		t.Fatal(err)
	}
	var unknown *UnknownSuppressionError
	if err := s.Unsuppress(t.Context(), sup.ID, "ann", "gone"); !errors.As(err, &unknown) {
		t.Errorf("it ended twice: %v", err)
	}
	if err := s.Unsuppress(t.Context(), "from-git", "ann", ""); !errors.As(err, &unknown) || unknown.From == "" {
		t.Errorf("one of a file ended: %v", err)
	}

	ok := Suppression{Owner: "ann", Reason: "x", Expires: hour(9), Scope: Scope{Rule: "a"}}
	for what, change := range map[string]func(*Suppression){
		"owner": func(s *Suppression) { s.Owner = "" }, "reason": func(s *Suppression) { s.Reason = "" }, "expires": func(s *Suppression) { s.Expires = time.Time{} },
		"year": func(s *Suppression) { s.Expires = hour(367*24 + 3) }, "over": func(s *Suppression) { s.Expires = hour(2) }, "nothing": func(s *Suppression) { s.Scope = Scope{} },
		"CIDR": func(s *Suppression) { s.Scope.Client = "10.0.0.0/33" }, "port": func(s *Suppression) { s.Scope.Ports = []string{"90-80"} }, "pattern": func(s *Suppression) { s.Scope.Rule = "[" },
		"no finding": func(s *Suppression) { s.Scope.Findings = []string{"x"} },
	} {
		bad := ok
		change(&bad)
		if _, err := s.Suppress(t.Context(), bad); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	long := ok
	long.Expires, long.LongTerm = hour(1000*24), true
	if _, err := s.Suppress(t.Context(), long); err != nil {
		t.Error(err)
	}
}

func TestParseSuppressions(t *testing.T) {
	const good = `# ours
suppressions:
  - id: scanner
    rule: horizontal-*
    client: 10.0.8.0/24
    ports: [22, 8000-8100]
    owner: net@example.com
    reason: the scanner of the security team
    expires: 2027-01-31
  - {id: pot, interface: eni-1, ports: 23, owner: bob, reason: honeypot, created: 2026-01-01, expires: 2030-01-01, long_term: true}
`
	got, err := ParseSuppressions("s.yaml", []byte(good), hour(0))
	if err != nil {
		t.Fatal(err)
	}
	want(t, got, []Suppression{
		{ID: "scanner", Owner: "net@example.com", Reason: "the scanner of the security team", Expires: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC),
			Scope: Scope{Rule: "horizontal-*", Client: "10.0.8.0/24", Ports: []string{"22", "8000-8100"}}, From: "s.yaml:3"},
		{ID: "pot", Owner: "bob", Reason: "honeypot", Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Expires: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), LongTerm: true,
			Scope: Scope{InterfaceID: "eni-1", Ports: []string{"23"}}, From: "s.yaml:10"},
	})
	for _, empty := range []string{"", "# nothing\n", "suppressions:\n", "---\n"} {
		if got, err := ParseSuppressions("s.yaml", []byte(empty), hour(0)); err != nil || len(got) > 0 {
			t.Errorf("%q: %v %v", empty, got, err)
		}
	}
	for text, says := range map[string]string{
		strings.Replace(good, "client:", "cliant:", 1):               `s.yaml:5: unknown key "cliant"`,
		strings.Replace(good, "owner: net@example.com", "owner:", 1): "s.yaml:7: owner must be a single value",
		strings.Replace(good, "2027-01-31", "soon", 1):               `s.yaml:9: expires: "soon" is not a date`,
		strings.Replace(good, "2027-01-31", "2029-01-31", 1):         "s.yaml:3: expires 2029-01-31 is more than a year away",
		strings.Replace(good, "id: pot", "id: scanner", 1):           `s.yaml:10: id "scanner" is given twice, first in line 3`,
		strings.Replace(good, "id: pot, ", "", 1):                    "s.yaml:10: id is missing",
		strings.Replace(good, "long_term: true", "long_term: 1", 1):  "s.yaml:10: long_term must be true or false",
		"rules: []\n":                "s.yaml:1: unknown key",
		"- a\n":                      "s.yaml:1: want the key",
		"suppressions: {}\n":         "s.yaml:1: suppressions must be a list",
		"suppressions: [a]\n":        "s.yaml:1: a suppression must be keys",
		"suppressions: [\n":          "s.yaml:",
		"suppressions: []\n---\na\n": "more than one document",
	} {
		if _, err := ParseSuppressions("s.yaml", []byte(text), hour(0)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want %q", text, err, says)
		}
	}
}

// What a stranger sends is bounded, stays what it is, and breaks nothing.
func TestHostileValues(t *testing.T) {
	s := openTest(t, Options{})
	evil := "\x1b[31m\x00\"'; DROP TABLE finding; --\xff\u202e"
	x := sighted(evil, 1, "high")
	x.Summary = strings.Repeat("é", 1<<20)
	x.Details = map[string]any{evil: evil, "list": make([]any, 5000), "deep": map[string]any{"a": map[string]any{"b": map[string]any{"c": map[string]any{"d": []any{1}}}}}}
	x.Evidence.Args = []any{evil, nil, 1.5, true, int32(7)}
	other := sighted(evil+"!", 1, "high")
	want(t, record(t, s, evaluation(1, 1, x, other)), []string{"new high", "new high"})
	f := get(t, s, ID(redis.ID, x.Entity))
	if len(f.Summary) > maxText+50 || !utf8.ValidString(f.Summary) || !strings.HasSuffix(f.Summary, "bytes more)") {
		t.Errorf("a summary of %d bytes", len(f.Summary))
	}
	mild := strings.ToValidUTF8(evil, "\uFFFD")
	want(t, f.InterfaceID, mild)
	want(t, f.Details[mild], any(mild))
	want(t, len(f.Details["list"].([]any)), maxItems+1)
	want(t, f.Evidence.Args, []any{mild, nil, 1.5, true, int64(7)})
	data, err := json.Marshal(f)
	if err != nil || !json.Valid(data) || len(data) > 64<<10 {
		t.Errorf("%d bytes of JSON, %v", len(data), err)
	}
	for _, id := range []string{"", "%", "_", "'", evil} {
		var unknown *UnknownError
		if _, err := s.Get(t.Context(), id); !errors.As(err, &unknown) {
			t.Errorf("Get(%q): %v", id, err)
		}
	}
	var ambiguous *AmbiguousError
	if _, err := s.Get(t.Context(), "exposed-"); !errors.As(err, &ambiguous) || ambiguous.Count != 2 {
		t.Errorf("got %v", err)
	}
}

// A file of another program, or of a newer weir, is left alone.
func TestOtherFiles(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(t.Context(), filepath.Join(dir, "none.db"), Options{ReadOnly: true}); !errors.Is(err, ErrNoStore) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "none.db")); err == nil {
		t.Error("a reader made the file")
	}
	for name, change := range map[string]string{
		"other.db": `DROP TABLE sighting`,
		"newer.db": `UPDATE meta SET value = '99'`,
	} {
		s, err := Open(t.Context(), filepath.Join(dir, name), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.(*sqliteStore).db.Exec(change); err != nil {
			t.Fatal(err)
		}
		s.Close()
		var other *OtherFileError
		if _, err := Open(t.Context(), filepath.Join(dir, name), Options{}); !errors.As(err, &other) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "text.db"), []byte(strings.Repeat("no database ", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), filepath.Join(dir, "text.db"), Options{}); err == nil {
		t.Error("a text was opened")
	}
}
