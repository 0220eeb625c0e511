package athena

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/internal/engine"
	"weir/internal/engine/trinotest"
	"weir/queries"
)

// rawRecords are two records of one day, one of the day before, and one of NODATA, in columns of text; delivered are the
// days in whose folders they lie.
var rawRecords = []struct {
	values    map[string]string
	delivered time.Time
}{
	{map[string]string{"version": "2", "account_id": "012345678901", "interface_id": "eni-1", "srcaddr": "10.0.0.1", "dstaddr": "10.0.0.2", "srcport": "40000", "dstport": "22",
		"protocol": "6", "packets": "20", "bytes": "9223372036854775807", "start": "1795132800", "end": "1795132860", "action": "ACCEPT", "log_status": "OK", "tcp_flags": "3", "region": "eu-west-1"},
		at("2026-11-20T00:05:00Z")},
	{map[string]string{"version": "2", "account_id": "012345678901", "interface_id": "eni-1", "srcaddr": "10.0.0.3", "start": "1795219199", "end": "1795219259", "action": "REJECT", "log_status": "OK", "region": "eu-west-1"},
		at("2026-11-21T00:05:00Z")}, // it began in the last second of the 20th
	{map[string]string{"version": "2", "account_id": "012345678901", "interface_id": "eni-1", "srcaddr": "10.0.0.4", "start": "1795132799", "log_status": "OK"}, at("2026-11-19T23:55:00Z")},
	{map[string]string{"version": "2", "account_id": "012345678901", "interface_id": "eni-2", "start": "1795140000", "end": "1795140060", "log_status": "NODATA"}, at("2026-11-20T04:00:00Z")},
	{map[string]string{"version": "2", "account_id": "012345678901", "interface_id": "eni-3", "start": "1795140000", "log_status": "OK"}, at("2026-11-25T04:00:00Z")}, // in a folder that is not read
}

// stored are the rows of a shape as a FROM item: what Athena would read of such files. Where a text has no value a file
// has "-", and a column of numbers NULL; of Parquet the records have NULL.
func (r *RawTable) stored(t *testing.T) string {
	types := map[string]string{"string": "varchar", "int": "integer"}
	var names, rows []string
	for _, c := range append(append([]engine.Column{}, r.Columns...), r.Partitions...) {
		names = append(names, engine.QuoteName(c.Name))
	}
	d, _ := r.days()
	for i, rec := range rawRecords {
		var cells []string
		cell := func(c engine.Column, v string, ok bool) {
			typ := c.Type
			if types[typ] != "" {
				typ = types[typ]
			}
			switch {
			case ok:
				cells = append(cells, "CAST('"+v+"' AS "+typ+")")
			case r.Text && typ == "varchar":
				cells = append(cells, "'-'")
			default:
				cells = append(cells, "CAST(NULL AS "+typ+")")
			}
		}
		for _, c := range r.Columns {
			v, ok := rec.values[columnName(c.Name)]
			cell(c, v, ok)
		}
		for _, c := range r.Partitions {
			v := map[string]string{"region": "eu-west-1", "aws_region": "eu-west-1", "accid": "012345678901", "aws_account_id": "012345678901"}[columnName(c.Name)]
			for _, x := range append(d.columns(), d.hour) {
				if x != nil && x.name == c.Name {
					v = x.value(rec.delivered)
				}
			}
			cell(c, v, true)
		}
		rows = append(rows, "("+strings.Join(append(cells, fmt.Sprintf("'s3://b/%d'", i)), ", ")+")")
	}
	return "(VALUES " + strings.Join(rows, ", ") + ") AS t(" + strings.Join(append(names, `"$path"`), ", ") + ")"
}

// A real Trino takes the SQL that is made for each shape of table, and gives of each the records of the day, as weir's own
// tables would: those that were delivered late are there, and "-" is NULL.
func TestEnginesRaw(t *testing.T) {
	server := trinotest.Start(t)
	for name, r := range shapes {
		if name == "no days" || name == "unsortable" {
			continue // there is nothing to prune
		}
		t.Run(name, func(t *testing.T) {
			r.From = r.stored(t)
			remote, err := r.Remote(at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z"), now)
			if err != nil {
				t.Fatal(err)
			}
			full := len(r.Columns) > 5
			for _, v := range engine.RemoteViews(engine.Athena, []engine.RemoteTable{remote}) {
				server.Query(t, v.SQL) // each of the views runs
			}
			views := engine.RemoteViews(engine.Athena, []engine.RemoteTable{remote})
			sql := `WITH flows AS (` + views[0].SQL + `) SELECT source_object, account_id, interface_id, srcaddr, dstaddr, dstport, protocol, bytes, tcp_flags, vpc_id, log_status,
				to_unixtime(start_time), to_unixtime(end_time), typeof(start_time), extra IS NULL FROM flows ORDER BY 1`
			got := fmt.Sprint(server.Query(t, sql))
			want := "[[s3://b/0 012345678901 eni-1 10.0.0.1 10.0.0.2 22 6 9.223372036854776e+18 3 <nil> OK 1.7951328e+09 1.79513286e+09 timestamp(6) with time zone true]" +
				" [s3://b/1 012345678901 eni-1 10.0.0.3 <nil> <nil> <nil> <nil> <nil> <nil> OK 1.795219199e+09 1.795219259e+09 timestamp(6) with time zone true]" +
				" [s3://b/3 012345678901 eni-2 <nil> <nil> <nil> <nil> <nil> <nil> <nil> NODATA 1.79514e+09 1.79514006e+09 timestamp(6) with time zone true]]"
			if full {
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			} else if r.hasStart() && !strings.Contains(got, "s3://b/1 012345678901 eni-1") {
				t.Errorf("got %s", got)
			}
		})
	}
}

func (r *RawTable) hasStart() bool {
	from, _ := r.sources()
	_, ok := from["start"]
	return ok
}

// The conditions alone, without the bounds on the records, read the folders of two days and no other.
func TestEnginesPartitions(t *testing.T) {
	server := trinotest.Start(t)
	for name, r := range shapes {
		if name == "no days" || name == "unsortable" {
			continue
		}
		r.From = r.stored(t)
		remote, err := r.Remote(at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z"), now)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(server.Query(t, "SELECT source_object FROM "+remote.From+" ORDER BY 1"))
		if want := "[[s3://b/0] [s3://b/1] [s3://b/3]]"; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// Every saved query runs over a table that weir did not make, with its values where they go to Athena: some beside the
// text, as EXECUTE IMMEDIATE has them, and some in it.
func TestEnginesSavedQueries(t *testing.T) {
	server := trinotest.Start(t)
	raw := shapes["text, projection"]
	raw.From = raw.stored(t)
	tgw := RawTable{From: `(VALUES ('tgw-1', BIGINT '1795132800', 's3://b/1')) AS t("tgw_id", "start", "$path")`, Columns: columns("tgw_id string, start bigint")}
	var views []engine.RemoteView
	for _, r := range []RawTable{raw, tgw} {
		remote, err := r.Remote(time.Time{}, time.Time{}, now)
		if err != nil {
			t.Fatal(err)
		}
		views = append(views, engine.RemoteViews(engine.Athena, []engine.RemoteTable{remote})...)
	}
	day := func(text string, now time.Time) (time.Time, error) {
		if text == "2026-11-19" {
			return at("2026-11-19T00:00:00Z"), nil
		}
		return now.AddDate(0, 0, -1), nil // an age
	}
	beside, within := 0, 0
	for _, q := range queries.List() {
		sql, args, err := q.Bind(map[string]string{"since": "2026-11-19", "account": "012345678901"}, queries.BindOptions{Now: now, ParseTime: day})
		if err != nil {
			t.Fatal(err)
		}
		w, err := engine.WithViews(sql, views)
		if err != nil {
			t.Fatal(err)
		}
		b, err := bind(w.SQL, args)
		if err != nil {
			t.Fatal(err)
		}
		beside, within = beside+len(b.params), within+len(b.edits)
		text := "EXECUTE IMMEDIATE " + engine.QuoteText(b.sql)
		if len(b.params) > 0 {
			text += " USING " + strings.Join(b.params, ", ")
		}
		t.Run(q.Name, func(t *testing.T) { server.Query(t, text) })
	}
	if beside < 100 || within < 50 {
		t.Errorf("%d values went beside the text and %d into it: there should be many of both", beside, within)
	}
}

// Every literal that is made is a value of Trino's that says the same.
func TestEnginesLiterals(t *testing.T) {
	server := trinotest.Start(t)
	for _, v := range []string{"it's", `\'; DROP TABLE flows; --`, "'", "''", "ü\n?", "/* */ -- '", "\\u0041", "\U0001F600"} {
		lit, err := literal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got := server.Query(t, "SELECT "+lit); len(got) != 1 || got[0][0] != v {
			t.Errorf("%q: got %v", v, got)
		}
	}
	for v, want := range map[any]string{
		int64(-9223372036854775808): "bigint", 5: "integer", 1.5e300: "double", true: "boolean",
		time.Date(2026, 11, 20, 8, 0, 0, 1000, time.UTC): "timestamp(6) with time zone",
	} {
		lit, err := literal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got := server.Query(t, "SELECT typeof("+lit+")"); got[0][0] != want {
			t.Errorf("%s: is a %v, want %s", lit, got[0][0], want)
		}
	}
}
