package athena

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/athena/athenatest"
)

// awsColumns are those of AWS's DDL.
const awsColumns = "version int, account_id string, interface_id string, srcaddr string, dstaddr string, srcport int, dstport int, protocol bigint, " +
	"packets bigint, bytes bigint, start bigint, end bigint, action string, log_status string, vpc_id string, subnet_id string, instance_id string, " +
	"tcp_flags int, type string, pkt_srcaddr string, pkt_dstaddr string, region string, az_id string, sublocation_type string, sublocation_id string, " +
	"pkt_src_aws_service string, pkt_dst_aws_service string, flow_direction string, traffic_path int"

// besideRegion are the same where region is a partition, too: Hive has no two columns of one name.
var besideRegion = strings.Replace(awsColumns, "region string", "region_field string", 1)

func columns(ddl string) (out []engine.Column) {
	for c := range strings.SplitSeq(ddl, ", ") {
		if name, typ, ok := strings.Cut(c, " "); ok {
			out = append(out, engine.Column{Name: name, Type: typ})
		}
	}
	return out
}

// The four tables that AWS documents, and others that are about.
var shapes = map[string]RawTable{
	"text, a date a day": {Columns: columns(awsColumns), Partitions: columns("date date"), Text: true,
		Parameters: map[string]string{"skip.header.line.count": "1"}},
	"parquet, hive, hourly": {Columns: columns(awsColumns),
		Partitions: columns("aws-account-id string, aws-service string, aws-region string, year string, month string, day string, hour string")},
	"text, projection": {Columns: columns(besideRegion), Partitions: columns("accid string, region string, day string"), Text: true,
		Parameters: map[string]string{"skip.header.line.count": "1", "projection.enabled": "true", "projection.accid.type": "enum",
			"projection.accid.values": "123456789012,210987654321", "projection.region.type": "enum", "projection.region.values": "eu-west-1,us-east-1",
			"projection.day.type": "date", "projection.day.range": "2024/01/01,NOW", "projection.day.format": "yyyy/MM/dd",
			"storage.location.template": "s3://logs/AWSLogs/${accid}/vpcflowlogs/${region}/${day}"}},
	"parquet, projection, hourly": {Columns: columns(besideRegion), Partitions: columns("region string, date string, hour string"),
		Parameters: map[string]string{"projection.enabled": "true", "projection.region.type": "enum", "projection.region.values": "eu-west-1",
			"projection.date.type": "date", "projection.date.range": "2021/01/01,NOW", "projection.date.format": "yyyy/MM/dd",
			"projection.hour.type": "integer", "projection.hour.range": "00,23", "projection.hour.digits": "2",
			"storage.location.template": "s3://logs/p/AWSLogs/123456789012/vpcflowlogs/${region}/${date}/${hour}"}},
	"numbers": {Columns: columns("account-id bigint, interface-id string, start bigint"), Partitions: columns("year int, month int, day int")},
	"projected numbers": {Columns: columns("interface_id string"), Partitions: columns("year string, month string, day string"),
		Parameters: map[string]string{"projection.enabled": "true", "projection.year.type": "integer", "projection.month.type": "integer", "projection.day.type": "integer"}},
	"sampled":      {Columns: columns("interface_id string"), Partitions: columns("partition_0 string, dt string"), Sample: []string{"eu-west-1", "20261120"}},
	"hours in one": {Columns: columns("interface_id string"), Partitions: columns("datehour string"), Parameters: map[string]string{"projection.enabled": "true", "projection.datehour.type": "date", "projection.datehour.format": "yyyy/MM/dd/HH"}},
	"no days":      {Columns: columns("interface_id string"), Partitions: columns("account string, day string")},
	"unsortable":   {Columns: columns("interface_id string"), Partitions: columns("day string"), Parameters: map[string]string{"projection.enabled": "true", "projection.day.type": "date", "projection.day.format": "dd-MM-yyyy"}},
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

var now = at("2026-11-24T12:00:00Z")

func TestPartitions(t *testing.T) {
	const since, until = "2026-11-20T08:30:00Z", "2026-11-21T00:00:00Z"
	for name, want := range map[string]string{
		"text, a date a day": `"date" BETWEEN DATE '2026-11-20' AND DATE '2026-11-21'`,
		"parquet, hive, hourly": `(("year" = '2026' AND "month" = '11' AND "day" IN ('20', '21'))) AND (NOT ("year" = '2026' AND "month" = '11' AND "day" = '20') OR "hour" >= '08')` +
			` AND (NOT ("year" = '2026' AND "month" = '11' AND "day" = '21') OR "hour" <= '23')`,
		"text, projection":            `"day" BETWEEN '2026/11/20' AND '2026/11/21'`,
		"parquet, projection, hourly": `"date" BETWEEN '2026/11/20' AND '2026/11/21' AND (NOT ("date" = '2026/11/20') OR "hour" >= '08') AND (NOT ("date" = '2026/11/21') OR "hour" <= '23')`,
		"numbers":                     `(("year" = 2026 AND "month" = 11 AND "day" IN (20, 21)))`,
		"projected numbers":           `(("year" = '2026' AND "month" = '11' AND "day" IN ('20', '21')))`,
		"sampled":                     `"dt" BETWEEN '20261120' AND '20261121'`,
		"hours in one":                `"datehour" BETWEEN '2026/11/20/08' AND '2026/11/21/23'`,
		"no days":                     ``,
		"unsortable":                  ``,
	} {
		r := shapes[name]
		r.From = `"db"."t"`
		remote, err := r.Remote(at(since), at(until), now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, got, _ := strings.Cut(strings.TrimSuffix(remote.From, ")"), ` FROM "db"."t"`)
		if want != "" {
			want = " WHERE " + want
		}
		if got != want {
			t.Errorf("%s:\n got  %s\n want %s", name, got, want)
		}
	}
}

func TestWindow(t *testing.T) {
	check := func(shape, since, until, want string) {
		t.Helper()
		r := shapes[shape]
		var a, b time.Time
		if since != "" {
			a = at(since)
		}
		if until != "" {
			b = at(until)
		}
		got := ""
		if w, ok := r.window(a, b, now); ok {
			got = strings.Join(w.condition(), " AND ")
		}
		if got != want {
			t.Errorf("%s, %s to %s:\n got  %s\n want %s", shape, since, until, got, want)
		}
	}
	check("text, projection", "", "", "")
	check("text, projection", "2026-11-23T00:00:00Z", "", `"day" BETWEEN '2026/11/23' AND '2026/11/25'`)
	check("text, projection", "", "2026-11-23T00:00:01Z", `"day" BETWEEN '2015/06/01' AND '2026/11/24'`)
	check("text, projection", "2026-11-20T00:30:00+02:00", "2026-11-20T03:00:00+02:00", `"day" BETWEEN '2026/11/19' AND '2026/11/21'`)
	check("text, projection", "2027-01-01T00:00:00Z", "", `"day" BETWEEN '2027/01/01' AND '2027/01/01'`)
	check("numbers", "2024-11-30T00:00:00Z", "2026-02-02T00:00:00Z",
		`(("year" = 2024 AND "month" = 11 AND "day" IN (30)) OR ("year" = 2024 AND "month" = 12) OR "year" = 2025 OR ("year" = 2026 AND "month" = 1) OR ("year" = 2026 AND "month" = 2 AND "day" IN (1, 2)))`)
	check("projected numbers", "2026-02-27T00:00:00Z", "2026-03-01T00:00:00Z", `(("year" = '2026' AND "month" = '2' AND "day" IN ('27', '28')) OR ("year" = '2026' AND "month" = '3' AND "day" IN ('1')))`)
}

// TestMonths holds the list of days against the slow way: each day is in it exactly when it is in the window.
func TestMonths(t *testing.T) {
	r := shapes["numbers"]
	for _, c := range [][2]string{{"2023-12-31", "2024-01-01"}, {"2024-01-01", "2024-12-31"}, {"2024-02-28", "2025-03-01"}, {"2023-06-15", "2026-06-15"}} {
		since, _ := time.Parse(time.DateOnly, c[0])
		until, _ := time.Parse(time.DateOnly, c[1])
		w, _ := r.window(since, until, now)
		list := w.months()
		for d := since.AddDate(0, 0, -400); d.Before(until.AddDate(0, 0, 400)); d = d.AddDate(0, 0, 1) {
			hits := 0
			for _, m := range list {
				if holdsText(m, d) {
					hits++
				}
			}
			values := []string{d.Format("2006"), d.Format("1"), d.Format("2")}
			in := !d.Before(since) && !d.After(until)
			if hits > 1 || (hits == 1) != in || w.holds(r.Partitions, values) != in {
				t.Fatalf("%s to %s: %s: %d times in %v, holds %v, want %v", c[0], c[1], d.Format(time.DateOnly), hits, list, w.holds(r.Partitions, values), in)
			}
		}
	}
}

// holdsText evaluates one item of months.
func holdsText(m string, d time.Time) bool {
	m = strings.Trim(m, "()")
	for part := range strings.SplitSeq(m, " AND ") {
		name, rest, _ := strings.Cut(strings.TrimPrefix(part, `"`), `"`)
		rest = strings.Trim(strings.TrimPrefix(strings.TrimPrefix(rest, " = "), " IN "), "()")
		v := map[string]string{"year": d.Format("2006"), "month": d.Format("1"), "day": d.Format("2")}[name]
		if !slices.Contains(strings.Split(rest, ", "), v) {
			return false
		}
	}
	return true
}

func TestRemoteColumns(t *testing.T) {
	r := RawTable{From: `"db"."t"`, Text: true, Columns: columns("version int, account-id bigint, interface_id string, srcport string, protocol bigint, packets int, start bigint, end string, " +
		"region_field string, log_status string, my_note string, vpc_id bigint"), Partitions: columns("region string, accid string, date string")}
	remote, err := r.Remote(time.Time{}, time.Time{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if remote.Name != "flows" || cmp.Diff(engine.Columns(flowlog.VPC), remote.Columns) != "" {
		t.Errorf("got %s, %v", remote.Name, remote.Columns)
	}
	for _, want := range []string{
		`(SELECT "version" AS "version", lpad(CAST("account-id" AS varchar), 12, '0') AS "account_id", nullif("interface_id", '-') AS "interface_id", CAST(NULL AS varchar) AS "srcaddr"`,
		`TRY_CAST("srcport" AS integer) AS "srcport"`, `CAST("protocol" AS integer) AS "protocol"`, `CAST("packets" AS bigint) AS "packets"`,
		`"start" AS "start"`, `TRY_CAST("end" AS bigint) AS "end"`, `nullif("region_field", '-') AS "region"`, `CAST("vpc_id" AS varchar) AS "vpc_id"`,
		`CAST(NULL AS integer) AS "tcp_flags"`, `CAST(from_unixtime("start") AS timestamp(6) with time zone) AS "start_time"`, `"$path" AS "source_object"`,
		`CAST(NULL AS map(varchar, varchar)) AS "extra" FROM "db"."t"`,
		` WHERE ("log_status" IS NULL OR "log_status" <> 'log-status'))`, // the table does not skip the header
	} {
		if !strings.Contains(remote.From, want) {
			t.Errorf("%s\nlacks %s", remote.From, want)
		}
	}
	if strings.Contains(remote.From, "\n") {
		t.Error("the FROM item must be one line: places in the query are counted from it")
	}
	if diff := cmp.Diff([]string{"my_note"}, r.Unknown()); diff != "" {
		t.Error(diff)
	}

	// Partition columns stand in for fields that the records lack, and AWS's first names are known.
	r = RawTable{Columns: columns("account string, sourceaddress string, numbytes int, starttime int"), Partitions: columns("aws-region string")}
	remote, err = r.Remote(time.Time{}, time.Time{}, now)
	for _, want := range []string{`nullif("aws-region", '-') AS "region"`, `nullif("sourceaddress", '-') AS "srcaddr"`, `nullif("account", '-') AS "account_id"`, `CAST("numbytes" AS bigint) AS "bytes"`, `from_unixtime(CAST("starttime" AS bigint))`} {
		if err != nil || !strings.Contains(remote.From, want) {
			t.Errorf("%s %v\nlacks %s", remote.From, err, want)
		}
	}

	tgw := RawTable{Columns: columns("tgw_id string, start bigint")}
	if remote, err := tgw.Remote(time.Time{}, time.Time{}, now); err != nil || remote.Name != "tgw_flows" {
		t.Errorf("%v %v", remote.Name, err)
	}
	bad := RawTable{Columns: columns("srcaddr struct<a:int>")}
	if _, err := bad.Remote(time.Time{}, time.Time{}, now); err == nil || !strings.Contains(err.Error(), "srcaddr has the type struct") {
		t.Errorf("got %v", err)
	}
}

// Every kind of field has an expression from every type of column that a table may well have.
func TestEveryKind(t *testing.T) {
	for _, table := range flowlog.Tables {
		for _, c := range engine.Columns(table) {
			for _, typ := range []string{"string", "varchar(20)", "int", "bigint"} {
				if strings.HasPrefix(c.Type, "map") || strings.HasPrefix(c.Type, "timestamp") {
					continue
				}
				if _, err := cast(engine.Column{Name: "x", Type: typ}, c); err != nil {
					t.Errorf("%s from %s: %v", c.Name, typ, err)
				}
			}
		}
	}
}

func glueTable(input string, cols, partitions []engine.Column, parameters map[string]string) map[string]any {
	list := func(in []engine.Column) (out []any) {
		for _, c := range in {
			out = append(out, map[string]any{"Name": c.Name, "Type": c.Type})
		}
		return out
	}
	return map[string]any{"Name": "t", "TableType": "EXTERNAL_TABLE", "Parameters": parameters, "PartitionKeys": list(partitions),
		"StorageDescriptor": map[string]any{"Columns": list(cols), "Location": "s3://logs/AWSLogs/", "InputFormat": input}}
}

func glueClient(s *athenatest.Server) *glue.Client {
	return glue.New(glue.Options{Region: "eu-west-1", BaseEndpoint: &s.URL, Credentials: aws.AnonymousCredentials{}, Retryer: aws.NopRetryer{}})
}

func TestLoadRaw(t *testing.T) {
	s := athenatest.New(t)
	text := shapes["text, projection"]
	s.Tables["db.text"] = glueTable("org.apache.hadoop.mapred.TextInputFormat", text.Columns, text.Partitions, text.Parameters)
	s.Tables["db.parquet"] = glueTable("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", text.Columns, columns("dt string"), nil)
	s.Partitions["db.parquet"] = []map[string]any{{"Values": []string{"2026-11-20"}, "StorageDescriptor": map[string]any{"Location": "s3://logs/20"}}}
	s.Tables["db.iceberg"] = glueTable("", text.Columns, nil, map[string]string{"table_type": "ICEBERG"})
	s.Tables["db.other"] = glueTable("", columns("a string"), nil, nil)
	s.Tables["db.injected"] = glueTable("", text.Columns, columns("accid string"), map[string]string{"projection.enabled": "true", "projection.accid.type": "injected"})

	got, err := LoadRaw(t.Context(), glueClient(s), "db", "text")
	text.From, text.Location = `"db"."text"`, "s3://logs/AWSLogs/"
	if diff := cmp.Diff(&text, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := LoadRaw(t.Context(), glueClient(s), "db", "parquet"); err != nil || got.Text || cmp.Diff([]string{"2026-11-20"}, got.Sample) != "" {
		t.Errorf("%+v %v", got, err)
	}
	for name, want := range map[string]string{"iceberg": "is an Iceberg table", "other": "none of the columns", "injected": "accid is injected", "none": "EntityNotFoundException: Table none not found."} {
		if _, err := LoadRaw(t.Context(), glueClient(s), "db", name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// bucket is a list of objects with their sizes.
type bucket struct{ objects map[string]int64 }

func (b *bucket) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	prefix := "s3://" + *in.Bucket + "/" + *in.Prefix
	out := &s3.ListObjectsV2Output{}
	for key, size := range b.objects {
		if strings.HasPrefix(key, prefix) {
			out.Contents = append(out.Contents, s3types.Object{Key: aws.String(strings.TrimPrefix(key, "s3://"+*in.Bucket+"/")), Size: &size})
		}
	}
	return out, nil
}

func TestEstimate(t *testing.T) {
	b := &bucket{objects: map[string]int64{}}
	for day := 1; day <= 30; day++ {
		for i, account := range []string{"123456789012", "210987654321", "999999999999"} {
			b.objects[fmt.Sprintf("s3://logs/AWSLogs/%s/vpcflowlogs/eu-west-1/2026/11/%02d/a.log.gz", account, day)] = int64(1000*i + day)
			b.objects[fmt.Sprintf("s3://logs/AWSLogs/%s/vpcflowlogs/eu-west-1/2026/11/%02d/_hidden", account, day)] = 1e9
		}
		b.objects[fmt.Sprintf("s3://logs/p/AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/%02d/07/x.parquet", day)] = 100
		b.objects[fmt.Sprintf("s3://logs/hive/day=%d/x", day)] = int64(day)
	}
	since, until := at("2026-11-02T05:00:00Z"), at("2026-11-03T00:00:00Z") // folders 2 and 3
	check := func(name string, r RawTable, c Catalog, want engine.Scan) {
		t.Helper()
		got, err := r.Estimate(t.Context(), c, b, "db", "t", since, until, now)
		if err != nil || got != want {
			t.Errorf("%s: got %+v %v, want %+v", name, got, err, want)
		}
	}
	check("text", shapes["text, projection"], nil, engine.Scan{Files: 4, Bytes: 2 + 3 + 1002 + 1003})
	check("hourly", shapes["parquet, projection, hourly"], nil, engine.Scan{Files: 2, Bytes: 200})
	check("none", RawTable{Location: "s3://logs/hive"}, nil, engine.Scan{Files: 30, Bytes: 465})

	s := athenatest.New(t)
	for day := 1; day <= 30; day++ {
		s.Partitions["db.t"] = append(s.Partitions["db.t"], map[string]any{"Values": []string{"2026", "11", fmt.Sprint(day)},
			"StorageDescriptor": map[string]any{"Location": fmt.Sprintf("s3://logs/hive/day=%d", day)}})
	}
	check("catalog", shapes["numbers"], glueClient(s), engine.Scan{Files: 2, Bytes: 5})

	// Without bounds, there are more days than are looked at, and the estimate says so.
	wide := shapes["text, projection"]
	got, err := wide.Estimate(t.Context(), nil, b, "db", "t", time.Time{}, time.Time{}, now)
	if err != nil || !got.AtLeast || got.Files == 0 {
		t.Errorf("got %+v %v", got, err)
	}
}
