package engine

import (
	"context"
	"regexp"
	"slices"
	"strings"
)

// PlanScan is one reading of a table in a plan. A table that a query joins with itself is read twice.
type PlanScan struct {
	Table   string   // without catalog and schema
	Columns []string // that are read; nil where the plan does not say
}

var (
	// "TableScan[table = awsdatacatalog:lake:flows, …", "ScanFilter[table = lake:weir.flows$data@42 …", and in Athena
	// "TableScan[[awsdatacatalog:HiveTableHandle{schemaName=lake, tableName=flows, …"
	scanLine = regexp.MustCompile(`Scan\w*\[.*(?:\btable = |\btableName=)([^\s,\]}]+)`)
	// another step of the plan: "└─ Aggregate[", "- Filter["
	nodeLine = regexp.MustCompile(`(?:─|^\s*-) \w+\[`)
	// "bytes := bytes:bigint:REGULAR" of Hive, "srcaddr := 4:srcaddr:varchar" of Iceberg
	readLine = regexp.MustCompile(`^[\s│]*\S+ := (?:(\d+):)?([^:\s]+):\S`)
)

// ParsePlanScans finds the readings of tables in the text of Trino's or Athena's EXPLAIN. EXPLAIN (TYPE IO) has each
// table once, however often it is read.
func ParsePlanScans(text string) []PlanScan {
	var out []PlanScan
	in := false // below a scan
	for line := range strings.SplitSeq(text, "\n") {
		if m := scanLine.FindStringSubmatch(line); m != nil {
			name, _, _ := strings.Cut(m[1], "$")
			name = strings.ReplaceAll(name, `"`, "")
			name = name[strings.LastIndexAny(name, ":.")+1:]
			out = append(out, PlanScan{Table: strings.ToLower(name)})
			in = true
			continue
		}
		if nodeLine.MatchString(line) {
			in = false
		}
		if m := readLine.FindStringSubmatch(line); in && m != nil {
			s := &out[len(out)-1]
			if c := strings.ToLower(m[2]); !slices.Contains(s.Columns, c) {
				s.Columns = append(s.Columns, c)
			}
		}
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
