// Package rule reads detection rules: what a rule asks of the lake's derived tables, when, and how its rows read to a person.
//
// Start at Parse, which is strict, then Rule.Bind (the SQL of one step with its arguments), Rule.Message (a row as a
// sentence) and grid.go (when a rule is due). docs/writing-rules.md is for those who write rules, docs/rule.schema.json for
// their editors.
//
// It runs nothing, opens nothing, and knows no engine: internal/check runs a rule's examples, and detecting is done
// elsewhere. What must hold: the value of a parameter is never part of the text that Bind returns, and what Message returns
// is printable, whatever a log had in it.
package rule

import "time"

// Rule is a detection rule.
type Rule struct {
	ID             string // some-words; the file is named for it
	Version        int    // grows when the rule's rows change their meaning
	Title          string // a few words
	Catalogue      []string
	Severity       string // one of Severities: of rows that have none of their own
	Techniques     []string
	Group          string // one of Groups
	Needs          Needs
	Window         time.Duration // what a step reads, whole hours
	Every          time.Duration // how far steps are apart, whole hours
	Resolve        time.Duration // a finding not seen for so long, though it would have been, is resolved
	Params         []Param
	SQL            string // with placeholders
	Entity         []string
	Template       string // of Message
	Explain        string
	Fix            string
	FalsePositives []string
	References     []string
	Examples       []Example
	Survives       []Survivor

	File string // that it was read from, for messages

	message []part
	marks   []mark // placeholders of SQL
}

// Needs say without what a rule is blind.
type Needs struct {
	Fields   []string      // columns of records, of KnownFields
	Interval int           // the longest aggregation interval in seconds with which the rule sees anything: 60 or 600
	History  time.Duration // what :history reads before the window; the rule is silent until the lake has so much
}

// Param is a number or word of a rule that its user may change.
type Param struct {
	Name    string
	Type    Type
	Default string // as one would type it
	Doc     string
}

// Type says what the value of a parameter can be, and what it is in SQL.
type Type string

// The types of parameters.
const (
	Integer  Type = "integer"  // bigint
	Double   Type = "double"   // double
	Text     Type = "text"     // varchar
	Bytes    Type = "bytes"    // 50MB, 1GiB; bigint
	Duration Type = "duration" // 90s, 10m, 4h, 7d; bigint, in seconds
)

// Example is what a rule must make of some rows.
type Example struct {
	Name    string
	Records string            // text as AWS writes it, with a header; the tables are made of it
	Tables  map[string]string // by name of a derived table: rows as text, see internal/check
	End     time.Time         // of the step; zero: the first after the last row
	Params  map[string]string // instead of defaults
	Want    []map[string]any  // each some columns of one row
	Line    int               // in the file
}

// Survivor is a change to the rule that no example need notice, and why.
type Survivor struct {
	Mutant, Reason string
	Line           int
}

// Severities are the words for how bad it is, the worst first.
var Severities = []string{"critical", "high", "medium", "low", "info"}

// Confidences are the words for how sure it is.
var Confidences = []string{"low", "medium", "high"}

// Groups are the kinds of rules, in the order in which they are listed.
var Groups = []string{"exposure", "scan", "access", "control", "exfiltration", "impact", "posture", "health"}

// ExampleTables are the derived tables that an example may give rows of, besides records.
var ExampleTables = []string{"addresses", "conversations", "exposures", "edges", "coverage"}

// KnownFields are the columns of records whose presence coverage tells, and that a rule can need.
var KnownFields = []string{
	"account_id", "encryption_status", "flow_direction", "instance_id", "pkt_dst_aws_service", "pkt_srcaddr", "region",
	"reject_reason", "subnet_id", "tcp_flags", "traffic_path", "type", "vpc_id",
}
