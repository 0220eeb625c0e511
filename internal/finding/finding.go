// Package finding holds what rules report: who a finding is, what is known of it, and what people did about it.
//
// Start at Finding, then Store, which keeps them; Open gives the one in an SQLite file. A finding is the union of the
// sightings of one rule and one entity: Record replaces the sightings of a step, and everything else about a finding
// follows from those that are there. The package leaves to others what a rule is, when steps are due, whether an
// interface was logged, and how people are told.
//
// What must hold: the same evaluations give the same findings, in whatever order and however often they are recorded; a
// change is queued for those who are told in the transaction that makes it; suppressions hide when findings are read,
// and never change one.
package finding

import (
	"encoding/json"
	"slices"
	"time"
)

// Severities are all severities, the least first.
var Severities = []string{"info", "low", "medium", "high", "critical"}

// Rank orders severities: 1 is info, 5 critical. What is none of them is 0.
func Rank(severity string) int { return slices.Index(Severities, severity) + 1 }

// States of a finding. Suppressed is never stored: a suppression makes it of the others when a finding is read.
const (
	StateOpen         = "open"
	StateRegressed    = "regressed" // was resolved, and seen again
	StateAcknowledged = "acknowledged"
	StateSuppressed   = "suppressed"
	StateResolved     = "resolved"
)

// States are all of them, in the order in which they want attention.
var States = []string{StateOpen, StateRegressed, StateAcknowledged, StateSuppressed, StateResolved}

// Finding is something that a rule saw, once or many times. Texts may hold what a stranger sent: whoever prints them
// makes them harmless first.
type Finding struct {
	ID          string
	Rule        string
	RuleVersion int
	Title       string
	Severity    string // the worst of its sightings in the rule's resolve period before the last one
	State       string
	Techniques  []string

	// What it is about; "" and nil where it has no single value.
	AccountID, Region, VPCID, InterfaceID string
	Client, Server                        string
	Port, Protocol                        *int

	FirstSeen, LastSeen time.Time
	Count               int64 // at least so many events: windows that overlap count once
	Entity              Entity

	// What one sighting says, which also says what the finding is about: of the worst in the resolve period before the last
	// one, that with the greatest weight, then the latest.
	Confidence string
	Summary    string
	Evidence   Evidence
	Details    map[string]any

	Created, Updated time.Time // by the clock of the machine: first recorded, last changed
	Suppression      string    // id of the suppression that hides it, "" none
	Reason           string    // why the state is what it is: of the last change of state
}

// Evidence is the query that shows the finding, with its arguments in the order of its placeholders.
type Evidence struct {
	SQL  string
	Args []any // int64, float64, string, bool, time.Time or nil
}

// Active reports whether somebody should still do something: the state is neither resolved nor suppressed.
func (f *Finding) Active() bool {
	return f.State == StateOpen || f.State == StateRegressed || f.State == StateAcknowledged
}

// MarshalJSON writes the keys that weir promises. What has no value is null.
func (f *Finding) MarshalJSON() ([]byte, error) {
	args := make([]any, 0, len(f.Evidence.Args))
	for _, a := range f.Evidence.Args {
		args = append(args, clean(a, 0))
	}
	details := map[string]any{}
	for k, v := range f.Details {
		details[k] = clean(v, 0)
	}
	techniques := f.Techniques
	if techniques == nil {
		techniques = []string{}
	}
	type evidence struct {
		SQL  string `json:"sql"`
		Args []any  `json:"args"`
	}
	return json.Marshal(struct {
		ID          string         `json:"id"`
		Rule        string         `json:"rule"`
		RuleVersion int            `json:"rule_version"`
		Title       string         `json:"title"`
		Severity    string         `json:"severity"`
		State       string         `json:"state"`
		Techniques  []string       `json:"techniques"`
		AccountID   *string        `json:"account_id"`
		Region      *string        `json:"region"`
		VPCID       *string        `json:"vpc_id"`
		InterfaceID *string        `json:"interface_id"`
		Client      *string        `json:"client"`
		Server      *string        `json:"server"`
		Port        *int           `json:"port"`
		Protocol    *int           `json:"protocol"`
		FirstSeen   *time.Time     `json:"first_seen"`
		LastSeen    *time.Time     `json:"last_seen"`
		Count       int64          `json:"count"`
		Confidence  *string        `json:"confidence"`
		Summary     string         `json:"summary"`
		Evidence    evidence       `json:"evidence"`
		Details     map[string]any `json:"details"`
		Entity      Entity         `json:"entity"`
		Reason      *string        `json:"reason"`
		Suppression *string        `json:"suppression"`
		CreatedAt   *time.Time     `json:"created_at"`
		UpdatedAt   *time.Time     `json:"updated_at"`
	}{f.ID, f.Rule, f.RuleVersion, f.Title, f.Severity, f.State, techniques, text(f.AccountID), text(f.Region), text(f.VPCID), text(f.InterfaceID),
		text(f.Client), text(f.Server), f.Port, f.Protocol, moment(f.FirstSeen), moment(f.LastSeen), f.Count, text(f.Confidence), f.Summary,
		evidence{f.Evidence.SQL, args}, details, f.Entity, text(f.Reason), text(f.Suppression), moment(f.Created), moment(f.Updated)})
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
