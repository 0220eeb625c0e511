// Package report writes findings as documents for others: programs (json, jsonl, csv), code scanning (sarif), data lakes
// and SIEMs (ocsf), Security Hub (asff), and people (html).
//
// Start at Write and the table formats. One file per format; facts.go has what they share: a finding taken apart into
// what every format asks for. It leaves to others what findings there are, what a rule says (Document.Rules), and where
// the bytes go. What must hold: every text of a finding may have come from a log that an attacker wrote, so no format
// lets it become anything but text (no formula, no markup, no control of a terminal), a document of one huge finding stays
// readable, and what a document leaves out or cuts short, it says.
package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"weir/internal/finding"
)

// Document is what is reported.
type Document struct {
	Findings  []*finding.Finding
	Rules     func(id string) RuleInfo // what a rule says of itself; nil: nothing is known of them
	Coverage  *Coverage                // nil: not known
	Generated time.Time                // when the document was made
	Version   string                   // of weir; "" if it was not built from a release

	// Account and Region stand in for those of findings that have none, such as a scanner that was seen in many. Security
	// Hub takes no finding without.
	Account, Region string
}

// RuleInfo is what a rule says of itself. The zero value is a rule that is not known any more.
type RuleInfo struct {
	Title      string
	Explain    string // what it means, why it matters
	Fix        string // what to do
	References []string
	Group      string // exposure, scan, access, control, exfiltration, impact, posture, health
	Techniques []string
}

// Coverage says what the findings rest on: silence where nothing was logged is no good news.
type Coverage struct {
	Since, Until time.Time // Since is included, Until is not
	Interfaces   int64     // that were logged
	Hours        int64     // interface hours that were logged
	Gaps         []Gap
	Blind        []Blind
}

// Gap is a time in which something was not logged.
type Gap struct {
	What         string // an interface, a VPC, an account
	Since, Until time.Time
	Why          string // "no records", "SKIPDATA"
}

// Blind is a rule that could not see some of what was logged.
type Blind struct {
	Rule       string
	Interfaces int64
	Why        string // "tcp-flags is not in the log format"
}

// LeftOutError says which findings a document could not hold. All others were written.
type LeftOutError struct {
	Format string
	IDs    []string
	Why    string
}

func (e *LeftOutError) Error() string {
	ids, more := e.IDs, ""
	if len(ids) > 5 {
		ids, more = ids[:5], fmt.Sprintf(" and %d more", len(e.IDs)-5)
	}
	return fmt.Sprintf("write %s: left out %d findings (%s%s): %s", e.Format, len(e.IDs), strings.Join(ids, ", "), more, e.Why)
}

// Format is one kind of document.
type Format struct {
	Name string // as in --output
	Doc  string // one line for people
	Type string // media type
	Ext  string // usual end of a file's name

	write func(io.Writer, Document) error
}

// formats is the one list of them.
var formats = []Format{
	{"json", "one array of findings", "application/json", ".json", writeJSON},
	{"jsonl", "a finding a line", "application/x-ndjson", ".jsonl", writeJSONL},
	{"csv", "a row a finding, for spreadsheets: text that a spreadsheet would run as a formula begins with '", "text/csv", ".csv", writeCSV},
	{"sarif", "SARIF 2.1.0, for code scanning", "application/sarif+json", ".sarif", writeSARIF},
	{"ocsf", "OCSF 1.3.0 Detection Finding (2004), one a line, for Security Lake and SIEMs", "application/x-ndjson", ".ocsf.jsonl", writeOCSF},
	{"asff", "AWS Security Finding Format, one array, for Security Hub", "application/json", ".asff.json", writeASFF},
	{"html", "one page for people, without scripts or links to fetch", "text/html; charset=utf-8", ".html", writeHTML},
}

// Formats lists the kinds of documents.
func Formats() []Format { return append([]Format(nil), formats...) }

// Names are the names of the formats.
func Names() (names []string) {
	for _, f := range formats {
		names = append(names, f.Name)
	}
	return names
}

// Write writes a document in a format. The error is a *LeftOutError where the document is whole but for findings that
// the format cannot hold.
func Write(w io.Writer, format string, doc Document) error {
	for _, f := range formats {
		if f.Name != format {
			continue
		}
		if doc.Rules == nil {
			doc.Rules = func(string) RuleInfo { return RuleInfo{} }
		}
		b := bufio.NewWriter(w)
		err := f.write(b, doc)
		if flush := b.Flush(); flush != nil {
			return fmt.Errorf("write %s: %w", format, flush)
		}
		return err
	}
	return fmt.Errorf("write findings: no format is called %q; there are %s", format, strings.Join(Names(), ", "))
}
