package check

import (
	"weir/internal/engine"
	"weir/internal/refine"
)

// columns are those of the derived tables, by table.
var columns = func() map[string][]engine.Column {
	out := map[string][]engine.Column{}
	for _, d := range refine.Tables {
		out[d.Name] = engine.DerivedTable(d).Columns
	}
	return out
}()

const timeType = "timestamp(6) with time zone"
