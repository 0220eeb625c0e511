// Package doctor finds what is wrong with the AWS side of flow logs: what would lose records, hide them from queries, show
// them to strangers or cost too much.
//
// Start at Run, which tries every check of Checks on a Module; each check is one small function, and they stand together
// by what they look at: checks_flowlog.go, checks_table.go, checks_bucket.go and so on. Reading Terraform's files is left
// to doctor/terraform, reading a live account to doctor/aws; checks_live.go has what only the latter can tell. What must hold: what cannot be known before Terraform
// runs is never a finding, and no value of an argument that may hold a secret is in a finding or a diff.
package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says how bad a finding is.
type Severity uint8

const (
	Info     Severity = iota + 1 // worth knowing
	Low                          // costs a little, or will one day
	Medium                       // costs money, time or safety
	High                         // answers will be missing or wrong, or others can get in
	Critical                     // nothing will be found, or everybody can read it
)

var severities = []string{"", "info", "low", "medium", "high", "critical"}

func (s Severity) String() string { return severities[s] }

// Severities are the words for them, the worst first.
func Severities() []string { return []string{"critical", "high", "medium", "low", "info"} }

// ParseSeverity reads one of Severities.
func ParseSeverity(s string) (Severity, error) {
	if i := slices.Index(severities, s); i > 0 {
		return Severity(i), nil
	}
	return 0, fmt.Errorf("severity %q: not one of %s", s, strings.Join(Severities(), ", "))
}

// Check is one thing that can be wrong.
type Check struct {
	ID       string // readable, and a promise: people name it in CI
	Severity Severity
	Title    string // what is wrong, in a few words
	Why      string // what it leads to
	Fix      string // what to do
	Source   string // where it is said, and when that was read

	run func(*setup, report)
}

// Live tells whether only a live account can show it.
func (c *Check) Live() bool { return slices.Contains(liveChecks, c) }

// report adds a finding about a resource. path is the argument that is meant, "" for the whole block.
type report func(r *Resource, path, summary string, edit *edit)

// Finding is something wrong at one place.
type Finding struct {
	Check    *Check
	Resource string // its address
	File     string
	Line     int    // 0 in a plan or state
	Summary  string // one sentence
	Diff     string // the change as a unified diff, where it is a simple one
}

// Checks lists all checks, by what they look at.
func Checks() []*Check {
	return slices.Concat(flowLogChecks, formatChecks, tableChecks, projectionChecks, bucketChecks, policyChecks, lifecycleChecks, athenaChecks, alarmChecks, iamChecks, providerChecks, liveChecks)
}

// Run tries the checks, and returns what they find, the worst first, then by place. The same thing in a module that is
// called twice is one finding.
func Run(m *Module, checks []*Check) []Finding {
	s := newSetup(m)
	var out []Finding
	seen := map[string]bool{}
	for _, c := range checks {
		c.run(s, func(r *Resource, path, summary string, e *edit) {
			f := Finding{Check: c, Resource: r.Address, File: r.File, Line: r.line(path), Summary: summary, Diff: e.diff(m, r)}
			key := fmt.Sprint(c.ID, "\x00", f.File, "\x00", f.Line, "\x00", summary)
			if f.Line == 0 {
				key += r.Address
			}
			if !seen[key] {
				seen[key] = true
				out = append(out, f)
			}
		})
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Check.Severity, a.Check.Severity), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Check.ID, b.Check.ID))
	})
	return out
}
