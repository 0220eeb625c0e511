package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePlanScans(t *testing.T) {
	// Trino 476, in form: a join of a table with itself, and a table of Hive.
	const plan = `{
  "0": {"name": "Output", "descriptor": {"columnNames": "[a]"}, "details": ["a := srcaddr"], "children": [
    {"name": "InnerJoin", "descriptor": {}, "details": [], "children": [
      {"name": "ScanFilterProject", "descriptor": {"table": "lake:weir.flows$data@4242", "filterPredicate": "(dstport = 22)"},
       "details": ["expr := lower(\"dstaddr\")", "dstport := 7:dstport:integer", "dstaddr := 5:dstaddr:varchar", "dstport_2 := 7:dstport:integer"], "children": []},
      {"name": "RemoteSource", "descriptor": {"sourceFragmentIds": "[1]"}, "details": [], "children": []}]}]},
  "1": {"name": "TableScan", "descriptor": {"table": "lake:weir.flows$data@4242 constraint on [start_time]"}, "details": ["srcaddr := 4:srcaddr:varchar"], "children": []},
  "2": {"name": "TableScan", "descriptor": {"table": "awsdatacatalog:db:Raw_Logs"}, "details": ["bytes := bytes:bigint:REGULAR"], "children": []}
}`
	want := []PlanScan{
		{"flows", []string{"dstaddr", "dstport"}},
		{"flows", []string{"srcaddr"}},
		{"raw_logs", []string{"bytes"}},
	}
	got, err := ParsePlanScans(plan)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := ParsePlanScans(`{"0": null}`); err != nil || got != nil {
		t.Errorf("got %v %v", got, err)
	}
	if _, err := ParsePlanScans("Fragment 0"); err == nil {
		t.Error("want an error")
	}
}
