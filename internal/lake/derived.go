package lake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"weir/internal/columnar"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// HourColumn is the first column of each derived table: the UTC hour that a row is of.
const HourColumn = "hour"

// Derived is a table whose rows weir makes of records, one UTC hour at a time.
type Derived struct {
	Name    string
	Doc     string
	Columns []Column // the first is HourColumn, of TimeType
}

// Column is one column of a derived table.
type Column struct {
	Name string
	Type string // in the common dialect of SQL: varchar, integer, bigint, boolean, double, or TimeType
	Doc  string
}

// TimeType is the type of times in the common dialect.
const TimeType = "timestamp(6) with time zone"

// columnTypes are Iceberg's words for the types of columns.
var columnTypes = map[string]iceberg.Type{
	"varchar": iceberg.PrimitiveTypes.String,
	"integer": iceberg.PrimitiveTypes.Int32,
	"bigint":  iceberg.PrimitiveTypes.Int64,
	"boolean": iceberg.PrimitiveTypes.Bool,
	"double":  iceberg.PrimitiveTypes.Float64,
	TimeType:  iceberg.PrimitiveTypes.TimestampTz,
}

// derivedSchema is the schema that a new derived table gets.
func derivedSchema(d *Derived) *iceberg.Schema {
	fields := make([]iceberg.NestedField, len(d.Columns))
	for i, c := range d.Columns {
		t, ok := columnTypes[c.Type]
		if !ok {
			panic("BUG: column " + d.Name + "." + c.Name + " is of no type that tables have: " + c.Type)
		}
		fields[i] = iceberg.NestedField{ID: i + 1, Name: c.Name, Type: t, Doc: c.Doc}
	}
	if len(fields) == 0 || fields[0].Name != HourColumn || fields[0].Type != iceberg.PrimitiveTypes.TimestampTz {
		panic("BUG: the first column of " + d.Name + " is not its hour")
	}
	return iceberg.NewSchema(0, fields...)
}

// DerivedSnapshot returns the present state of d, its files in order of hour. Where there is no such table, in a lake of
// an older weir, it is a snapshot without files.
func (l *Lake) DerivedSnapshot(ctx context.Context, d *Derived) (*Snapshot, error) {
	s, err := l.snapshot(ctx, rowsOf(d))
	if errors.Is(err, ErrNoTable) {
		return &Snapshot{}, nil
	}
	return s, err
}

// FieldIDs are the numbers of d's columns in this lake. Whoever writes a data file puts them into it: engines find the
// columns of a file by them.
func (l *Lake) FieldIDs(ctx context.Context, d *Derived) (map[string]int, error) {
	tbl, err := l.table(ctx, d.Name)
	if err != nil {
		return nil, err
	}
	ids := map[string]int{}
	for _, c := range d.Columns {
		f, ok := tbl.Schema().FindFieldByName(c.Name)
		if !ok {
			return nil, fmt.Errorf("table %s has no column %s", d.Name, c.Name)
		}
		ids[c.Name] = f.ID
	}
	return ids, nil
}

// CreateDerived starts a data file for rows of one hour of d. The caller writes it, through Write or to Path, with the
// columns' FieldIDs; sets Rows; closes it and hands it to Replace; or calls Remove.
func (l *Lake) CreateDerived(d *Derived, hour time.Time) (*File, error) {
	if hour = hour.UTC(); !hour.Equal(hour.Truncate(time.Hour)) {
		return nil, fmt.Errorf("BUG: file of table %s for %v, which is no hour", d.Name, hour)
	}
	return l.create(File{Hour: hour, of: rowsOf(d)})
}

// Replace is what becomes visible at once: hours of a derived table, made anew.
type Replace struct {
	Table *Derived
	Hours []time.Time
	Files []*File // with Rows set; those without rows are let go. Any number for an hour
}

// Replace makes the rows of r.Files those of r.Hours, in place of what rows these had. It is all or nothing, as Commit
// is: after an error nothing of r is visible, and its files are gone.
func (l *Lake) Replace(ctx context.Context, r Replace) error {
	if !l.write {
		return fmt.Errorf("replace hours: %w", errReadOnly)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.settleRest(ctx); err != nil {
		return errors.Join(fmt.Errorf("settle an earlier commit: %w", err), removeAll(r.Files))
	}
	c, err := l.replacement(ctx, r)
	if err != nil {
		return errors.Join(fmt.Errorf("replace hours of table %s: %w", r.Table.Name, err), removeAll(r.Files))
	}
	if c == nil {
		return nil
	}
	return l.changeLocked(ctx, *c)
}

// replacement is the change that r asks for; nil if there is nothing to change.
func (l *Lake) replacement(ctx context.Context, r Replace) (*change, error) {
	hours := map[time.Time]bool{}
	for _, h := range r.Hours {
		hours[h.UTC()] = true
	}
	c := &change{kind: kindRefine, table: rowsOf(r.Table)}
	ids, err := l.FieldIDs(ctx, r.Table)
	if err != nil {
		return nil, err
	}
	for _, f := range r.Files {
		if f.of != c.table || !hours[f.Hour] {
			return nil, fmt.Errorf("BUG: file of table %s, hour %v, is not of what is to be replaced", f.of.name(), f.Hour)
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
		if f.Rows == 0 {
			if err := emptyFile(f.staged); err != nil {
				return nil, err
			}
			if err := f.Remove(); err != nil {
				return nil, err
			}
			continue
		}
		if err := checkColumns(f.staged, ids); err != nil {
			return nil, err
		}
		c.files = append(c.files, f)
		c.rows += f.Rows
	}
	old, rows, err := l.inHours(ctx, c.table, hours)
	if err != nil {
		return nil, err
	}
	if len(old) == 0 && len(c.files) == 0 {
		return nil, nil
	}
	c.rows -= rows
	c.stage = func(ctx context.Context, tx *table.Transaction, props iceberg.Properties, added []iceberg.DataFile) error {
		old, _, err := l.inHours(ctx, c.table, hours)
		if err != nil {
			return err
		}
		if len(old) == 0 {
			return tx.AddDataFiles(ctx, added, props, table.WithoutAutoNameMapping(), table.WithoutDuplicateCheck())
		}
		return tx.ReplaceDataFilesWithDataFiles(ctx, old, added, props, table.WithoutAutoNameMapping())
	}
	return c, nil
}

// inHours are the files that hold rows of hours, and how many.
func (l *Lake) inHours(ctx context.Context, t stored, hours map[time.Time]bool) (files []iceberg.DataFile, rows int64, err error) {
	snap, err := l.snapshot(ctx, t)
	if err != nil {
		return nil, 0, err
	}
	for _, f := range snap.Files {
		if begin, ok := t.begin(f.file); ok && hours[begin] {
			files = append(files, f.file)
			rows += f.Rows
		}
	}
	return files, rows, nil
}

// emptyFile is an error if there are rows in a data file whose writer counted none. One to which nothing was written is
// empty as well.
func emptyFile(name string) error {
	if st, err := os.Stat(name); err == nil && st.Size() == 0 {
		return nil
	}
	l, err := layout(name)
	if err != nil {
		return err
	}
	for _, g := range l.Groups {
		if g.Rows > 0 {
			return fmt.Errorf("BUG: data file %s holds rows, and its writer counted none", name)
		}
	}
	return nil
}

// checkColumns refuses a data file whose columns engines would not find, or take for others.
func checkColumns(name string, ids map[string]int) error {
	l, err := layout(name)
	if err != nil {
		return err
	}
	missing := maps.Clone(ids)
	for _, c := range l.Columns {
		if id, ok := ids[c.Name]; !ok || c.ID != id {
			return fmt.Errorf("BUG: column %s of data file %s has field id %d, the table's is %d", c.Name, name, c.ID, id)
		}
		delete(missing, c.Name)
	}
	if len(missing) > 0 {
		return fmt.Errorf("BUG: data file %s lacks columns: %v", name, slices.Sorted(maps.Keys(missing)))
	}
	return nil
}

func layout(name string) (*columnar.Layout, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return columnar.ReadLayout(f, st.Size())
}
