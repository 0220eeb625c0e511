package finding

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Rule is what a finding says of the rule that reported it. Version and Hash together say which text of the rule, with
// which parameters, made a sighting: a step that was evaluated with others is to be evaluated again.
type Rule struct {
	ID         string
	Version    int
	Hash       string // of all that its rows depend on; may be "" if Version says it all
	Title      string
	Severity   string // of sightings that have none
	Techniques []string
	Resolve    time.Duration // not seen for so long, with coverage, it is resolved; severity looks back as far. 0 is a day
}

// Sighting is one row that a rule returned for one step. Zero values mean that the row did not say.
type Sighting struct {
	Entity     Entity
	Severity   string
	Confidence string
	Weight     float64 // how telling it is: among equally severe ones, the heaviest speaks for the finding. 0: no more than others
	Summary    string

	AccountID, Region, VPCID, InterfaceID string
	Client, Server                        string
	Port, Protocol                        *int

	First, Last time.Time // zero: the window's ends
	Count       int64     // 0: 1
	Evidence    Evidence
	Details     map[string]any
}

// Evaluation is all that a rule returned for one step.
type Evaluation struct {
	Rule      Rule
	Step      time.Time     // the end of the window, not included
	Window    time.Duration // before Step
	Seq       int64         // of the making that was read: of two evaluations of a step, the one with the larger stays
	Sightings []Sighting
	At        time.Time // when it was evaluated; zero is now
}

func (ev *Evaluation) check() error {
	switch {
	case ev.Rule.ID == "" || strings.ContainsAny(ev.Rule.ID, " /:%_\n"):
		return fmt.Errorf("rule id %q", ev.Rule.ID)
	case ev.Step.IsZero() || ev.Window <= 0:
		return errors.New("a step without a time or a window")
	}
	for _, s := range ev.Sightings {
		if len(s.Entity) == 0 {
			return errors.New("a sighting without an entity")
		}
		if sev := cmp.Or(s.Severity, ev.Rule.Severity); Rank(sev) == 0 {
			return fmt.Errorf("severity %q", sev)
		}
	}
	return nil
}

// seen is a sighting as it is kept.
type seen struct {
	severity    int
	weight      float64
	first, last time.Time
	count       int64
	own         int64 // the count of the row that speaks
	entity      Entity
	text        said
}

// said is what a sighting says beyond its numbers, as the store keeps it. Of old sightings it is forgotten.
type said struct {
	Confidence  string          `json:"confidence,omitempty"`
	Summary     string          `json:"summary"`
	AccountID   string          `json:"account_id,omitempty"`
	Region      string          `json:"region,omitempty"`
	VPCID       string          `json:"vpc_id,omitempty"`
	InterfaceID string          `json:"interface_id,omitempty"`
	Client      string          `json:"client,omitempty"`
	Server      string          `json:"server,omitempty"`
	Port        *int            `json:"port,omitempty"`
	Protocol    *int            `json:"protocol,omitempty"`
	Args        json.RawMessage `json:"args,omitempty"`
	Details     map[string]any  `json:"details,omitempty"`

	sql string // kept once for all sightings that share it
}

// merged are the sightings of an evaluation by identity. A rule should return each entity once; if it does not, the
// worst row speaks for all of them, whatever their order.
func (ev *Evaluation) merged() (map[[32]byte]*seen, error) {
	out := map[[32]byte]*seen{}
	for _, s := range ev.Sightings {
		args, err := marshalArgs(s.Evidence.Args)
		if err != nil {
			return nil, err
		}
		details, _ := clean(s.Details, 0).(map[string]any)
		n := &seen{
			severity: Rank(cmp.Or(s.Severity, ev.Rule.Severity)), weight: weight(s.Weight), first: s.First, last: s.Last, count: max(1, s.Count), own: max(1, s.Count), entity: s.Entity,
			text: said{
				Confidence: bound(s.Confidence, maxText), Summary: bound(s.Summary, maxText),
				AccountID: bound(s.AccountID, maxText), Region: bound(s.Region, maxText), VPCID: bound(s.VPCID, maxText), InterfaceID: bound(s.InterfaceID, maxText),
				Client: bound(s.Client, maxText), Server: bound(s.Server, maxText), Port: s.Port, Protocol: s.Protocol,
				Args: args, Details: details, sql: s.Evidence.SQL,
			},
		}
		if n.first.IsZero() {
			n.first = ev.Step.Add(-ev.Window)
		}
		if n.last.IsZero() {
			n.last = ev.Step
		}
		key := identity(ev.Rule.ID, s.Entity)
		old := out[key]
		if old == nil {
			out[key] = n
			continue
		}
		worse := cmp.Or(cmp.Compare(n.severity, old.severity), cmp.Compare(n.weight, old.weight), cmp.Compare(n.own, old.own), cmp.Compare(old.text.Summary, n.text.Summary)) > 0
		if n.first.After(old.first) {
			n.first = old.first
		}
		if n.last.Before(old.last) {
			n.last = old.last
		}
		n.count += old.count
		if !worse {
			n.severity, n.weight, n.own, n.entity, n.text = old.severity, old.weight, old.own, old.entity, old.text
		}
		out[key] = n
	}
	return out, nil
}

// weight is a weight that can be kept and compared: what is no number weighs nothing.
func weight(w float64) float64 {
	if math.IsNaN(w) {
		return 0
	}
	return max(-math.MaxFloat64, min(math.MaxFloat64, w))
}

// timeArg is how a time is told from a text among arguments.
type timeArg struct {
	Time time.Time `json:"time"`
}

func marshalArgs(args []any) (json.RawMessage, error) {
	out := make([]any, 0, len(args))
	for _, a := range args {
		if t, ok := a.(time.Time); ok {
			out = append(out, timeArg{t.UTC()})
		} else {
			out = append(out, clean(a, 0))
		}
	}
	data, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("keep arguments: %w", err)
	}
	return data, nil
}

func unmarshalArgs(data json.RawMessage) ([]any, error) {
	if len(data) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var raw []any
	if err := d.Decode(&raw); err != nil {
		return nil, fmt.Errorf("read arguments: %w", err)
	}
	for i, v := range raw {
		if m, ok := v.(map[string]any); ok {
			if s, ok := m["time"].(string); ok {
				t, err := time.Parse(time.RFC3339Nano, s)
				if err != nil {
					return nil, fmt.Errorf("read arguments: %w", err)
				}
				raw[i] = t
				continue
			}
		}
		raw[i] = numbers(v)
	}
	return raw, nil
}
