package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// What goes in front of a query to have Trino or Athena say what it would read. ParseIOPlan reads the answer to the first,
// IOPlan.AddReads that to the second.
const (
	ExplainIO   = "EXPLAIN (TYPE IO, FORMAT JSON)"
	ExplainJSON = "EXPLAIN (TYPE DISTRIBUTED, FORMAT JSON)"
)

// IOPlan is what Trino or Athena would read and write for a query.
type IOPlan struct {
	Tables []IOTable
	Output string // the table that it would write, qualified; "" for a query
}

// IOTable is a table that would be read.
type IOTable struct {
	Catalog, Schema, Table string
	Columns                []IOColumn // those whose values are bounded
	Reads                  []string   // the columns whose values are read, once AddReads was called
	Rows                   float64    // estimate; -1 where it is not known
}

// IOColumn is a column whose values are bounded: the engine reads no partition, and Iceberg no file, outside of the
// ranges.
type IOColumn struct {
	Column
	Ranges []IORange // none: the column is bounded to NULL, or to nothing
}

// IORange is a range of values, as the engine writes them; an open end has "" and a bound of "".
type IORange struct {
	Low, High           string
	LowBound, HighBound string // EXACTLY: included; ABOVE, BELOW: not included
}

// ParseIOPlan reads the answer to EXPLAIN (TYPE IO, FORMAT JSON).
func ParseIOPlan(text string) (*IOPlan, error) {
	type name struct {
		Catalog     string `json:"catalog"`
		SchemaTable struct {
			Schema string `json:"schema"`
			Table  string `json:"table"`
		} `json:"schemaTable"`
	}
	type marker struct {
		Value *string `json:"value"`
		Bound string  `json:"bound"`
	}
	var doc struct {
		Inputs []struct {
			Table      name `json:"table"`
			Constraint struct {
				None    bool `json:"none"`
				Columns []struct {
					Name   string `json:"columnName"`
					Type   string `json:"type"`
					Domain struct {
						Ranges []struct{ Low, High marker } `json:"ranges"`
					} `json:"domain"`
				} `json:"columnConstraints"`
			} `json:"constraint"`
			Estimate struct {
				Rows any `json:"outputRowCount"` // a number, or "NaN"
			} `json:"estimate"`
		} `json:"inputTableColumnInfos"`
		Output *name `json:"outputTable"`
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	plan := &IOPlan{}
	for _, in := range doc.Inputs {
		t := IOTable{Catalog: in.Table.Catalog, Schema: in.Table.SchemaTable.Schema, Table: in.Table.SchemaTable.Table, Rows: -1}
		if n, ok := in.Estimate.Rows.(float64); ok {
			t.Rows = n
		}
		for _, c := range in.Constraint.Columns {
			col := IOColumn{Column: Column{c.Name, c.Type}}
			for _, r := range c.Domain.Ranges {
				var out IORange
				if r.Low.Value != nil {
					out.Low, out.LowBound = *r.Low.Value, r.Low.Bound
				}
				if r.High.Value != nil {
					out.High, out.HighBound = *r.High.Value, r.High.Bound
				}
				col.Ranges = append(col.Ranges, out)
			}
			t.Columns = append(t.Columns, col)
		}
		plan.Tables = append(plan.Tables, t)
	}
	if o := doc.Output; o != nil {
		plan.Output = o.Catalog + "." + o.SchemaTable.Schema + "." + o.SchemaTable.Table
	}
	return plan, nil
}

// AddReads adds the columns that the tables' scans read, from the answer to ExplainJSON: what is billed for, and what the
// estimate of bytes is made of. A table that is scanned twice has the columns of both scans.
func (p *IOPlan) AddReads(text string) error {
	var fragments map[string]*planNode
	if err := json.Unmarshal([]byte(text), &fragments); err != nil {
		return fmt.Errorf("read plan: %w", err)
	}
	for _, f := range fragments {
		p.addReads(f)
	}
	for i := range p.Tables {
		slices.Sort(p.Tables[i].Reads)
	}
	return nil
}

// planNode is what we look at of a node of a plan.
type planNode struct {
	Descriptor map[string]string `json:"descriptor"`
	Details    []string          `json:"details"`
	Outputs    []any             `json:"outputs"` // nil: the plan does not say
	Children   []*planNode       `json:"children"`
}

func (p *IOPlan) addReads(n *planNode) {
	// "lake:weir.flows$data@2916766915666540657" of Iceberg, "awsdatacatalog:weir:flows …" of Hive.
	table, _, _ := strings.Cut(n.Descriptor["table"], " ")
	table, _, _ = strings.Cut(table, "$data@")
	for i := range p.Tables {
		t := &p.Tables[i]
		if table != t.Catalog+":"+t.Schema+"."+t.Table && table != t.Catalog+":"+t.Schema+":"+t.Table {
			continue
		}
		for _, d := range n.Details {
			// "bytes := 10:bytes:bigint" of Iceberg, "bytes := bytes:bigint:REGULAR" of Hive.
			_, column, ok := strings.Cut(d, " := ")
			if !ok {
				continue
			}
			parts := strings.Split(column, ":")
			name := parts[0]
			if len(parts) == 1 || strings.ContainsAny(name, "(' \"") { // an expression
				continue
			}
			if strings.Trim(name, "0123456789") == "" {
				name = parts[1]
			}
			if !slices.Contains(t.Reads, name) {
				t.Reads = append(t.Reads, name)
			}
		}
	}
	for _, c := range n.Children {
		p.addReads(c)
	}
}

// Scope is what queries of people may read on a server.
type Scope struct {
	Catalog, Schema string
	Tables          []string // the names of its tables; nil is all
}

// Check is the second wall: it refuses a plan that writes, or reads a table outside of the scope.
func (p *IOPlan) Check(sql string, s Scope) error {
	if p.Output != "" {
		return &SQLError{Msg: "a query may only read, and this one writes " + p.Output, SQL: sql}
	}
	for _, t := range p.Tables {
		in := strings.EqualFold(t.Catalog, s.Catalog) && strings.EqualFold(t.Schema, s.Schema)
		if !in || s.Tables != nil && !slices.ContainsFunc(s.Tables, func(n string) bool { return strings.EqualFold(n, t.Table) }) {
			return &SQLError{Msg: fmt.Sprintf("not allowed in a query: table %s.%s.%s is not of the lake", t.Catalog, t.Schema, t.Table), SQL: sql}
		}
	}
	return nil
}
