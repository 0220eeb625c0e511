package trino

import (
	"testing"
	"time"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/engine/enginetest"
	"weir/internal/engine/trinotest"
)

// records hold what is easily done differently: times at the edges of days, NULLs, addresses of both kinds, the largest
// numbers, fields that the table does not know.
const records = `
version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id tcp-flags source_object new-field
2 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1588550400 1588550460 ACCEPT OK vpc-1 19 s3://b/1 a,b
2 123456789010 eni-1 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1588636799 1588636800 REJECT OK vpc-1 2 s3://b/1 ü
3 123456789010 eni-2 2001:db8::1 ::ffff:10.0.0.5 40000 443 6 9223372036854775807 9223372036854775807 1588554000 1588554060 ACCEPT OK - - s3://b/2 -
2 - eni-1 - - - - - - - 1588550400 1588550460 - NODATA - - s3://b/2 -
2 210987654321 eni-2 10.0.0.9 10.0.0.5 0 0 1 0 0 0 1 ACCEPT OK vpc-2 0 s3://b/2 -
2 210987654321 eni-2 10.0.0.9 10.0.0.5 0 0 1 0 0 99999999998 99999999999 ACCEPT OK vpc-2 0 s3://b/2 -
`

const tgwRecords = `
version resource-type account-id tgw-id tgw-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status
6 TransitGateway 123456789010 tgw-1 tgw-attach-1 10.0.0.1 10.1.0.1 40000 443 6 5 500 1588550400 1588550460 OK
6 TransitGateway 123456789010 tgw-1 tgw-attach-2 10.0.0.2 10.1.0.1 40001 443 6 6 - 1588639999 1588640000 OK
`

// both opens the same lake with DuckDB and with Trino.
func both(t *testing.T, since, until time.Time) (inside, server engine.Engine) {
	t.Helper()
	s := trinotest.Start(t)
	dir := t.TempDir()
	enginetest.Lake(t, enginetest.Folder(dir), map[*flowlog.Table][]enginetest.Row{
		flowlog.VPC: enginetest.Records(t, records), flowlog.TransitGateway: enginetest.Records(t, tgwRecords),
	})
	tables := enginetest.LakeTables(t, enginetest.Folder(dir))
	for i := range tables {
		tables[i].Since, tables[i].Until = since, until
	}
	d, err := duckdb.Open(duckdb.Config{Threads: 1}, tables)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Open(Config{URL: s.URL, User: "weir", Catalog: s.Lake(t, dir), Since: since, Until: until})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close(); e.Close() })
	return d, e
}

func TestEnginesViews(t *testing.T) {
	var cases []enginetest.Case
	for _, table := range flowlog.Tables {
		for _, v := range engine.ViewsOf(table.Name, engine.Columns(table)) {
			cases = append(cases, enginetest.Case{Name: v.Name, SQL: "SELECT * FROM " + v.Name})
		}
	}
	d, e := both(t, time.Time{}, time.Time{})
	enginetest.Same(t, d, e, cases)
}

func TestEnginesBounds(t *testing.T) {
	day := time.Date(2020, 5, 4, 0, 0, 0, 0, time.UTC)
	d, e := both(t, day, day.AddDate(0, 0, 1).Add(-time.Second))
	enginetest.Same(t, d, e, []enginetest.Case{
		{Name: "flows", SQL: "SELECT * FROM flows"}, {Name: "tgw", SQL: "SELECT * FROM tgw_flows"},
		{Name: "both", SQL: "SELECT (SELECT count(*) FROM flows) AS a, (SELECT count(*) FROM tgw_flows t) AS b, count(*) AS c FROM vpc_flow_logs"},
	})
}

func TestEnginesDialect(t *testing.T) {
	_, e := both(t, time.Time{}, time.Time{})
	enginetest.RunDialect(t, e)
	enginetest.RunTypes(t, e, enginetest.Types)
}
