// Package notify tells people and their tools about findings.
//
// Start at Dispatch, which decides what is told to whom now, and Notifier, the contract of a channel; one file per kind of
// channel (webhook, slack, smtp, command), and the child package sns. It leaves to finding.Store which changes wait, and
// to the caller where secrets are. What must hold: a change is told at least once, whatever is killed, and each notice has
// a key by which a receiver drops a repeat; each Send ends in bounded time; a text of a finding, which a stranger may have
// written, is only ever text to the receiver; no error holds a secret.
package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"weir/internal/finding"
	"weir/internal/report"
)

// Kinds of notices, beside those of finding.Change: new, worsened, regressed.
const (
	KindDigest = "digest" // what was not worth a notice by itself, once in a while
	KindFolded = "folded" // what was, but there was too much of it
	KindTest   = "test"
)

// Notifier is a channel. Send may be called at once, and again with the same notice. It returns when the receiver has
// said that it has the notice, or within the bound of its Config. Its errors hold no secrets.
type Notifier interface {
	Name() string
	Send(ctx context.Context, n Notice) error
}

// Notice is one message.
type Notice struct {
	Key      string // the same for the same notice, sent again
	Kind     string
	Findings []*finding.Finding // the worst first
	Counts   map[string]int     // by severity, of all findings, also those that are not in Findings
	More     int                // findings that are told as a number only
	Time     time.Time
}

// Severity is the worst of the findings.
func (n Notice) Severity() string {
	worst := ""
	for s, c := range n.Counts {
		if c > 0 && finding.Rank(s) > finding.Rank(worst) {
			worst = s
		}
	}
	for _, f := range n.Findings {
		if finding.Rank(f.Severity) > finding.Rank(worst) {
			worst = f.Severity
		}
	}
	if worst == "" {
		return "info"
	}
	return worst
}

// total is the number of findings that a notice is about.
func (n Notice) total() int { return len(n.Findings) + n.More }

// counts says "2 critical, 1 high".
func (n Notice) counts() string {
	var parts []string
	for _, s := range report.Severities() {
		if c := n.Counts[s]; c > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c, s))
		}
	}
	return strings.Join(parts, ", ")
}

// Bounds of texts in notices, in characters.
const (
	maxSubject = 200
	maxLine    = 600
)

// line is text on one line that nobody is misled by.
func line(s string, n int) string { return report.Cut(report.Visible(s, ""), n) }

// Subject is the notice in a few words, on one line.
func (n Notice) Subject() string {
	switch n.Kind {
	case KindTest:
		return "[weir] test: this is what a notice looks like"
	case KindDigest:
		return line(fmt.Sprintf("[weir] digest: %d findings (%s)", n.total(), n.counts()), maxSubject)
	case KindFolded:
		return line(fmt.Sprintf("[weir] %d more findings (%s)", n.total(), n.counts()), maxSubject)
	}
	if len(n.Findings) == 1 {
		f := n.Findings[0]
		word := ""
		if n.Kind != finding.KindNew {
			word = n.Kind + ": "
		}
		return line(fmt.Sprintf("[weir] %s: %s%s", f.Severity, word, f.Title), maxSubject)
	}
	return line(fmt.Sprintf("[weir] %d findings (%s)", n.total(), n.counts()), maxSubject)
}

// Text is the notice in plain text, some lines for each finding.
func (n Notice) Text() string {
	var b strings.Builder
	switch n.Kind {
	case KindTest:
		b.WriteString("A test by `weir notify test`. Nothing was found; the finding below is made up.\n\n")
	case finding.KindWorsened:
		b.WriteString("This was known and is worse now.\n\n")
	case finding.KindRegressed:
		b.WriteString("This was resolved and is there again.\n\n")
	}
	for i, f := range n.Findings {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s: %s\n%s\n", strings.ToUpper(line(f.Severity, 20)), line(f.Title, maxLine), line(f.Summary, maxLine))
		if where := place(f); where != "" {
			b.WriteString(line(where, maxLine) + "\n")
		}
		fmt.Fprintf(&b, "weir findings show %s\n", line(f.ID, maxLine))
	}
	if n.More > 0 {
		fmt.Fprintf(&b, "\nand %d more (%s in all)\n", n.More, n.counts())
	}
	return b.String()
}

// place says where a finding is: interface, VPC, account and region, as far as they are known.
func place(f *finding.Finding) string {
	var parts []string
	for _, s := range []string{f.InterfaceID, f.VPCID, f.AccountID, f.Region} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

// JSON is the notice for programs. docs/notify.md promises its keys.
func (n Notice) JSON() ([]byte, error) {
	findings := n.Findings
	if findings == nil {
		findings = []*finding.Finding{}
	}
	b, err := json.Marshal(struct {
		Version  int                `json:"version"`
		Key      string             `json:"key"`
		Kind     string             `json:"kind"`
		Severity string             `json:"severity"`
		Subject  string             `json:"subject"`
		Text     string             `json:"text"`
		Counts   map[string]int     `json:"counts"`
		Total    int                `json:"total"`
		Findings []*finding.Finding `json:"findings"`
		Time     time.Time          `json:"time"`
	}{1, n.Key, n.Kind, n.Severity(), n.Subject(), n.Text(), n.Counts, n.total(), findings, n.Time.UTC().Truncate(time.Second)})
	if err != nil {
		return nil, fmt.Errorf("write notice: %w", err)
	}
	return report.EscapeJSON(nil, b), nil
}

// Test is the notice that `weir notify test` sends. It says that it is one.
func Test(now time.Time) Notice {
	port, tcp := 6379, 6
	f := &finding.Finding{
		ID: "test-0000000000", Rule: "test", Title: "Test of a channel", Severity: "info", State: finding.StateOpen, Client: "198.51.100.7", Server: "192.0.2.10", Port: &port,
		Protocol: &tcp, FirstSeen: now, LastSeen: now, Count: 1, Confidence: "high", Summary: "This finding is made up: 192.0.2.10 port 6379 would have answered the internet",
	}
	return Notice{Key: fmt.Sprintf("test-%d", now.UnixNano()), Kind: KindTest, Findings: []*finding.Finding{f}, Counts: map[string]int{"info": 1}, Time: now}
}
