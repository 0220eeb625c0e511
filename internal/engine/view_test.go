package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/flowlog"
)

func TestViewsOf(t *testing.T) {
	var names []string
	for _, table := range flowlog.Tables {
		for _, v := range ViewsOf(table.Name, Columns(table)) {
			names = append(names, v.Name)
			seen := map[string]bool{}
			for _, c := range v.Columns {
				if seen[c.Name] {
					t.Errorf("%s has two columns %s", v.Name, c.Name)
				}
				seen[c.Name] = true
				for _, d := range []*Dialect{DuckDB, Trino, Athena} {
					if s := d.Column(c); !strings.Contains(s, QuoteName(c.Of)) || !strings.HasSuffix(s, QuoteName(c.Name)) {
						t.Errorf("%s: %s.%s is made by %s", d.Name, v.Name, c.Name, s)
					}
				}
			}
		}
	}
	if diff := cmp.Diff([]string{"flows", "vpc_flow_logs", "vpc_appsec_flow_logs", "tgw_flows"}, names); diff != "" {
		t.Error(diff)
	}
	// A table that lacks a column of the old names has no view of them.
	if v := ViewsOf("flows", []Column{{"account_id", "varchar"}, {"start_time", "timestamp(6) with time zone"}}); len(v) != 2 {
		t.Errorf("%d views", len(v))
	}
}

func TestRemoteViews(t *testing.T) {
	since := time.Date(2026, 11, 20, 1, 2, 3, 456000, time.UTC)
	got := RemoteViews(Trino, []RemoteTable{{
		Name: "tgw_flows", From: `"lake"."weir"."tgw_flows"`, Columns: []Column{{"end", "bigint"}, {"start_time", "timestamp(6) with time zone"}},
		Since: since, Until: since.AddDate(0, 0, 1),
	}})
	want := []RemoteView{{
		Name:    "tgw_flows",
		Columns: []Column{{"end", "bigint"}, {"start_time", "timestamp(6) with time zone"}, {"end_time", "timestamp(6) with time zone"}},
		SQL: `SELECT "end", "start_time", CAST(from_unixtime("end") AS timestamp(6) with time zone) AS "end_time" FROM "lake"."weir"."tgw_flows"` +
			` WHERE start_time >= TIMESTAMP '2026-11-20 01:02:03.000456 UTC' AND start_time < TIMESTAMP '2026-11-21 01:02:03.000456 UTC'`,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLiteral(t *testing.T) {
	for _, tt := range []struct {
		v    any
		want string
	}{
		{nil, "NULL"}, {int64(-5), "-5"}, {5, "5"}, {true, "true"}, {1.5, "1.5e+00"}, {"it's", "'it''s'"}, {"a\x00", "error"}, {[]int{1}, "error"},
		{time.Date(2026, 11, 20, 1, 0, 0, 0, time.FixedZone("", 3600)), "TIMESTAMP '2026-11-20 00:00:00.000000 UTC'"},
	} {
		got, err := Athena.Literal(tt.v)
		if err != nil {
			got = "error"
		}
		if got != tt.want {
			t.Errorf("%v is %s, want %s", tt.v, got, tt.want)
		}
	}
}

func TestCheckReplace(t *testing.T) {
	for comment, ok := range map[string]bool{ViewComment(): true, "weir views 0": true, "weir views 2": false, "": false, "sales": false, "weir views x": false} {
		if err := CheckReplace("flows", comment); (err == nil) != ok {
			t.Errorf("%q: %v", comment, err)
		}
	}
}
