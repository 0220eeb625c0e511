package main

import (
	"fmt"
	"strings"

	"weir/flowlog"
	"weir/internal/engine"
)

// tfColumn is a column of the module's view: its name and type in Athena's SQL, its type in Glue, and the item of SELECT
// that makes it of the rows of tfKind.Select and the keys of tfLayout.
type tfColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Hive string `json:"hive"`
	SQL  string `json:"sql"`
}

// tfViewKeys are the partition columns of the module's view. They are the same over every layout of keys, so that one view
// is of them all: day is a text such as 2026/11/24, and hour is NULL where there are no folders for hours.
var tfViewKeys = []string{"aws_account_id", "aws_region", "year", "day", "hour"}

// tfKeys are the items of SELECT that make tfViewKeys of a layout's own partition columns. What is a partition column there
// stays one here, so that a condition on it leaves partitions out.
func tfKeys(hive, hourly bool) []string {
	year, day, hour := `substr("day", 1, 4)`, `"day"`, `CAST(NULL AS varchar)`
	if hive {
		year, day = `"year"`, `"year" || '/' || "month" || '/' || "day"`
	}
	if hourly {
		hour = `"hour"`
	}
	return []string{`"aws_account_id"`, `"aws_region"`, year + ` AS "year"`, day + ` AS "day"`, hour + ` AS "hour"`}
}

// tfView are the columns of the view of a table: weir's own, but extra, which a log in a bucket never has. Views in Athena have no
// times with a zone ("Unsupported Hive type: timestamp with time zone"), so that times are plain, in UTC.
func tfView(t *flowlog.Table) ([]tfColumn, error) {
	var out []tfColumn
	for _, c := range engine.Columns(t) {
		if c.Name == "extra" {
			continue
		}
		col := tfColumn{Name: c.Name, Type: c.Type, SQL: engine.QuoteName(c.Name)}
		switch c.Type {
		case "varchar":
			col.Hive = "string"
		case "integer":
			col.Hive = "int"
		case "bigint":
			col.Hive = "bigint"
		default:
			if !strings.HasPrefix(c.Type, "timestamp") {
				return nil, fmt.Errorf("column %s of the view of %s: no type of Glue for %s", c.Name, t.Name, c.Type)
			}
			col.Type, col.Hive = "timestamp(3)", "timestamp"
			col.SQL = plainTime(engine.QuoteName(c.Name)) + " AS " + engine.QuoteName(c.Name)
		}
		out = append(out, col)
	}
	out = append(out, tfColumn{engine.EndTime, "timestamp(3)", "timestamp", plainTime(`from_unixtime("end")`) + " AS " + engine.QuoteName(engine.EndTime)})
	for _, key := range tfViewKeys {
		out = append(out, tfColumn{key, "varchar", "string", engine.QuoteName(key)})
	}
	return out, nil
}

// plainTime is a time with a zone as a timestamp in UTC.
func plainTime(sql string) string { return "CAST(" + sql + " AT TIME ZONE 'UTC' AS timestamp(3))" }
