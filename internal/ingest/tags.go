package ingest

import (
	"strings"

	"weir/flowlog"
)

// Tag counts what a run saw of a field for a tag: records stored of objects whose format has the field, NODATA and
// SKIPDATA left out, and whether any had a value. A field without any is a flow log that was given another key than the
// resources have, which AWS does not say and which cannot be changed later.
type Tag struct {
	Stored int64
	Seen   bool
}

// tagged watches the fields for tags in one object's records.
type tagged map[string]bool

// look takes the records of b from row on. f is their format, nil for Parquet, which has columns instead.
func (t tagged) look(b *flowlog.Batch, row int, f *flowlog.Format, columns string) {
	for i := range b.Table.Fields {
		field := &b.Table.Fields[i]
		name := field.Name
		if !strings.HasSuffix(strings.TrimSuffix(name, "-2"), "-tag") || t[name] {
			continue
		}
		c := b.Column(i)
		if c == nil || f != nil && !f.Has(name) || f == nil && !strings.Contains(" "+columns+" ", " "+field.Column+" ") {
			continue
		}
		t[name] = false
		for _, code := range c.Codes[row:b.Len()] {
			if code != 0 {
				t[name] = true
				break
			}
		}
	}
}

// count adds one object's to a run's.
func (t tagged) count(sum map[string]Tag, st flowlog.Stats) {
	for name, seen := range t {
		old := sum[name]
		sum[name] = Tag{old.Stored + st.Rows - st.NoData - st.SkipData, old.Seen || seen}
	}
}
