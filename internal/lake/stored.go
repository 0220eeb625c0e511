package lake

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"weir/flowlog"
	"weir/internal/columnar"

	"github.com/apache/iceberg-go"
)

// stored is what the tables of a lake have in common: those of records, and those made of them. One of the two is set.
type stored struct {
	records *flowlog.Table
	derived *Derived
}

func recordsOf(t *flowlog.Table) stored { return stored{records: t} }
func rowsOf(d *Derived) stored          { return stored{derived: d} }

// tables are all that this lake is to have, those of records first.
func (l *Lake) stored() []stored {
	var all []stored
	for _, t := range flowlog.Tables {
		all = append(all, recordsOf(t))
	}
	for _, d := range l.derived {
		all = append(all, rowsOf(d))
	}
	return all
}

func (t stored) name() string {
	if t.derived != nil {
		return t.derived.Name
	}
	return t.records.Name
}

// time is the column by which the table is partitioned.
func (t stored) time() string {
	if t.derived != nil {
		return HourColumn
	}
	return columnar.StartTime
}

// partition is the name of the partition field, and how it comes from the time.
func (t stored) partition() (string, iceberg.Transform) {
	if t.derived != nil {
		return hourPartition, iceberg.HourTransform{}
	}
	return dayPartition, iceberg.DayTransform{}
}

// unit is how long a partition is.
func (t stored) unit() time.Duration {
	if t.derived != nil {
		return time.Hour
	}
	return 24 * time.Hour
}

func (t stored) schema() *iceberg.Schema {
	if t.derived != nil {
		return derivedSchema(t.derived)
	}
	return tableSchema(t.records)
}

// unknown are the columns of a table of this kind that this weir does not know.
func (t stored) unknown(s *iceberg.Schema) []string {
	if t.records != nil {
		return unknownColumns(t.records, s)
	}
	var names []string
	for _, f := range s.Fields() {
		if !slices.ContainsFunc(t.derived.Columns, func(c Column) bool { return c.Name == f.Name }) {
			names = append(names, f.Name)
		}
	}
	return names
}

// begin is the start of the partition that a file belongs to; not ok for rows without a time.
func (t stored) begin(f iceberg.DataFile) (begin time.Time, ok bool) {
	var n int64
	switch v := f.Partition()[partitionID].(type) {
	case iceberg.Date:
		n = int64(v)
	case int32:
		n = int64(v)
	case int64:
		n = v
	case int:
		n = int64(v)
	default:
		return time.Time{}, false
	}
	return time.Unix(n*int64(t.unit()/time.Second), 0).UTC(), true
}

// dataPath is where f will lie, relative to the lake.
func dataPath(f *File) string {
	folder := dayFolder(f.Day)
	if f.of.derived != nil {
		folder = hourFolder(f.Hour)
	}
	return path.Join(warehouse, namespace, f.of.name(), "data", folder, filepath.Base(f.staged))
}

// dayFolder is the folder of a day's files, as other engines would name it.
func dayFolder(day time.Time) string {
	if day.IsZero() {
		return dayPartition + "=null"
	}
	return dayPartition + "=" + day.UTC().Format(time.DateOnly)
}

// hourFolder is that of an hour's.
func hourFolder(hour time.Time) string {
	return hourPartition + "=" + hour.UTC().Format("2006-01-02-15")
}

// isPartition tells whether a folder is that of a partition.
func isPartition(dir string) bool {
	base := filepath.Base(dir)
	return strings.HasPrefix(base, dayPartition+"=") || strings.HasPrefix(base, hourPartition+"=")
}
