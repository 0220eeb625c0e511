package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// PlanScan is one reading of a table in a plan. A table that a query joins with itself is read twice, and billed twice.
type PlanScan struct {
	Table   string   // without catalog and schema
	Columns []string // that are read, sorted; nil where the plan does not say
}

// ParsePlanScans finds the readings of tables in the answer to ExplainJSON. The IO plan has each table once, however often
// it is read.
func ParsePlanScans(text string) ([]PlanScan, error) {
	var fragments map[string]*planNode
	if err := json.Unmarshal([]byte(text), &fragments); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	var out []PlanScan
	for _, id := range slices.Sorted(maps.Keys(fragments)) {
		out = fragments[id].scans(out)
	}
	return out, nil
}

func (n *planNode) scans(out []PlanScan) []PlanScan {
	if n == nil {
		return out
	}
	if table := n.Descriptor["table"]; table != "" {
		// "lake:weir.flows$data@2916766915666540657" of Iceberg, "awsdatacatalog:weir:flows …" of Hive.
		table, _, _ = strings.Cut(table, " ")
		table, _, _ = strings.Cut(table, "$data@")
		table = table[strings.LastIndexAny(table, ":.")+1:]
		// How a node tells of its columns is known to the plan of one table.
		one := IOPlan{Tables: []IOTable{{Table: table}}}
		parts := strings.FieldsFunc(strings.TrimSuffix(n.Descriptor["table"], table), func(r rune) bool { return r == ':' || r == '.' })
		if len(parts) >= 2 {
			one.Tables[0].Catalog, one.Tables[0].Schema = parts[0], parts[1]
		}
		one.addReads(&planNode{Descriptor: n.Descriptor, Details: n.Details})
		columns := one.Tables[0].Reads
		if columns == nil && n.Outputs != nil && len(n.Outputs) == 0 {
			columns = []string{} // it counts rows
		}
		slices.Sort(columns)
		out = append(out, PlanScan{strings.ToLower(table), columns})
	}
	for _, c := range n.Children {
		out = c.scans(out)
	}
	return out
}

// Reading is one reading of a table by a query, for an estimate of what it takes.
type Reading struct {
	Table   string     // as the engine has it
	Columns []string   // that are read; nil where it is not known
	Ranges  []IOColumn // by which files can be left out
}

// Estimator tells what a reading takes, or says in the Scan that nobody knows.
type Estimator func(context.Context, Reading) (Scan, error)

// Readings joins what the two plans of a query say: which tables it reads within which bounds, and how often and which
// columns. Where a table is read more than once within different bounds, it is not said which reading has which, and
// each is taken to read all.
func Readings(io *IOPlan, scans []PlanScan) []Reading {
	bounds := map[string][]IOTable{}
	for _, t := range io.Tables {
		name := strings.ToLower(t.Table)
		bounds[name] = append(bounds[name], t)
	}
	var out []Reading
	seen := map[string]bool{}
	for _, s := range scans {
		of := bounds[s.Table]
		if len(of) == 0 {
			continue
		}
		seen[s.Table] = true
		r := Reading{Table: s.Table, Columns: s.Columns}
		if len(of) == 1 {
			r.Ranges = of[0].Columns
		}
		out = append(out, r)
	}
	for _, t := range io.Tables {
		if name := strings.ToLower(t.Table); !seen[name] {
			out = append(out, Reading{Table: name, Ranges: t.Columns})
		}
	}
	return out
}
