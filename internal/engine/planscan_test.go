package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePlanScans(t *testing.T) {
	// Trino 476, in form: a join of a table with itself, and one of Hive.
	const plan = `Trino version: 476
Fragment 1 [HASH]
    Output layout: [srcaddr, count]
    └─ InnerJoin[criteria = (srcaddr = dstaddr), distribution = PARTITIONED]
       │   Layout: [srcaddr:varchar]
       ├─ Aggregate[type = FINAL, keys = [srcaddr]]
       │  │   count := count(count_1)
       │  └─ RemoteSource[sourceFragmentIds = [2]]
       └─ ScanFilterProject[table = lake:weir.flows$data@4242 constraint on [start_time], filterPredicate = (dstport = integer '22'), dynamicFilters = {}]
              Layout: [dstaddr:varchar, dstport:integer]
              Estimates: {rows: ? (?), cpu: ?}
              expr := lower(dstaddr)
              dstaddr := 5:dstaddr:varchar
              dstport := 7:dstport:integer
              dstport_2 := 7:dstport:integer
Fragment 2 [SOURCE]
    TableScan[table = "lake":"weir.flows$data@4242" constraint on [start_time]]
        Layout: [srcaddr:varchar]
        srcaddr := 4:srcaddr:varchar
        start_time := 60:start_time:timestamp(6) with time zone
Fragment 3 [SOURCE]
    - TableScan[[awsdatacatalog:HiveTableHandle{schemaName=db, tableName=Raw_Logs, analyzePartitionValues=Optional.empty}]]
            LAYOUT: db.raw_logs
            bytes := bytes:bigint:9:REGULAR
            day:string:PARTITION_KEY
                :: [[2026/11/20]]
`
	want := []PlanScan{
		{"flows", []string{"dstaddr", "dstport"}},
		{"flows", []string{"srcaddr", "start_time"}},
		{"raw_logs", []string{"bytes"}},
	}
	if diff := cmp.Diff(want, ParsePlanScans(plan)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := ParsePlanScans("nothing"); got != nil {
		t.Errorf("got %v", got)
	}
}
