package refine

import "weir/internal/network"

// Query is the text that makes a table of all that there is, with its arguments. It is for tables that were not made of records,
// such as those of a rule's examples: exposures and edges are made of conversations alone.
func Query(table string, ports *network.Ports) (string, []any) {
	return bind(SQL(table, ports), always)
}
