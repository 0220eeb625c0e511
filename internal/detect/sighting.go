package detect

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"weir/internal/engine"
	"weir/internal/finding"
	"weir/internal/rule"
)

// row is a row of a rule's result. Columns with a meaning are taken out of it; the others are details.
type row struct {
	values   map[string]any
	entity   finding.Entity
	severity string
	count    int64
	key      string // of the entity, to put rows in order
	text     string // of all of it, likewise
}

// meant are the columns of a result that have a meaning, and are no details.
var meant = []string{"severity", "confidence", "account_id", "region", "vpc_id", "interface_id", "client", "server", "port", "protocol", "first_seen", "last_seen", "count", "weight"}

// newRow copies a row, or is nil where a column of the entity is missing or none of them has a value: then there is
// nothing that a finding could be about.
func newRow(r *rule.Rule, columns []engine.Column, values []any) *row {
	out := &row{values: make(map[string]any, len(columns)), count: 1}
	for i, c := range columns {
		out.values[c.Name] = values[i]
	}
	some := false
	for _, name := range r.Entity {
		v, ok := out.values[name]
		if !ok {
			return nil
		}
		some = some || v != nil
		out.entity = append(out.entity, finding.Attribute{Name: name, Value: v})
	}
	if !some {
		return nil
	}
	out.severity = r.Severity
	if s, ok := out.values["severity"].(string); ok && finding.Rank(s) > 0 {
		out.severity = s
	}
	if n, ok := out.values["count"].(int64); ok && n > 0 {
		out.count = n
	}
	out.key = jsonText(out.entity)
	out.text = jsonText(out.values)
	return out
}

// jsonText is a value in one form whatever the engine, to put rows in order by.
func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v) // not a number, infinite: maps are printed in order, too
	}
	return string(text)
}

// sighting is what the row says, with the query that shows it again.
func (r *row) sighting(s step, sql string, args []any) finding.Sighting {
	out := finding.Sighting{
		Entity: r.entity, Severity: r.severity, Confidence: r.string("confidence"), Summary: s.rule.Message(r.values),
		AccountID: r.string("account_id"), Region: r.string("region"), VPCID: r.string("vpc_id"), InterfaceID: r.string("interface_id"),
		Client: r.string("client"), Server: r.string("server"), Port: r.int("port"), Protocol: r.int("protocol"),
		Weight: r.number("weight"), First: r.time("first_seen"), Last: r.time("last_seen"), Count: r.count,
		Evidence: evidence(r.entity, sql, args),
	}
	for _, name := range slices.Sorted(maps.Keys(r.values)) {
		if v := r.values[name]; v != nil && !slices.Contains(meant, name) && r.entity.Get(name) == nil {
			if out.Details == nil {
				out.Details = map[string]any{}
			}
			out.Details[name] = v
		}
	}
	return out
}

func (r *row) string(name string) string {
	s, _ := r.values[name].(string)
	return s
}

func (r *row) int(name string) *int {
	n, ok := r.values[name].(int64)
	if !ok || n < math.MinInt32 || n > math.MaxInt32 {
		return nil
	}
	i := int(n)
	return &i
}

func (r *row) number(name string) float64 {
	switch n := r.values[name].(type) {
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return 0
}

func (r *row) time(name string) time.Time {
	t, _ := r.values[name].(time.Time)
	return t
}

// evidence is the query of a rule at a step, with the one entity. Its text is the same for all sightings of a step that
// have a value in each column, so that a store can keep it once.
func evidence(entity finding.Entity, sql string, args []any) finding.Evidence {
	var b strings.Builder
	b.WriteString("SELECT * FROM (\n" + strings.TrimRight(sql, "; \t\r\n") + "\n) AS seen WHERE ")
	args = slices.Clone(args)
	for i, a := range entity {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteString(engine.QuoteName(a.Name))
		switch v := a.Value.(type) {
		case nil:
			b.WriteString(" IS NULL")
		case string, int64, bool, float64, time.Time:
			b.WriteString(" = ?")
			args = append(args, v)
		default: // a list or the like, which no engine takes as a value
			b.WriteString(" IS NOT NULL")
		}
	}
	return finding.Evidence{SQL: b.String(), Args: args}
}

// evaluation is what the store is told of a step.
func (s step) evaluation(sightings []finding.Sighting, now time.Time) finding.Evaluation {
	return finding.Evaluation{Rule: s.rule.ref, Step: s.end, Window: s.rule.Window, Seq: s.seq, Sightings: sightings, At: now}
}
