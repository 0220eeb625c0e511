package athena

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"weir/internal/engine"
)

// days is how a table's partitions say which day of delivery they hold: one column that has the day (perhaps with the
// hour), or three for year, month and day. hour may stand beside either.
type days struct {
	day              *timeColumn
	year, month, dom *timeColumn
	hour             *timeColumn
}

// timeColumn is a partition column with a part of a time.
type timeColumn struct {
	name   string
	layout string // of time.Format
	kind   int    // how it is written in SQL
	unit   time.Duration
}

const (
	asText = iota
	asNumber
	asDate
)

// value is the column's value at a time, as it is in a path.
func (c *timeColumn) value(t time.Time) string { return t.UTC().Format(c.layout) }

func (c *timeColumn) literal(t time.Time) string {
	switch v := c.value(t); c.kind {
	case asNumber:
		return strings.TrimLeft(v[:len(v)-1], "0") + v[len(v)-1:]
	case asDate:
		return "DATE '" + v + "'"
	default:
		return engine.QuoteText(v)
	}
}

func (c *timeColumn) is(t time.Time) string { return engine.QuoteName(c.name) + " = " + c.literal(t) }

// sample finds layouts of days by a value.
var samples = []struct {
	match  *regexp.Regexp
	layout string
	unit   time.Duration
}{
	{regexp.MustCompile(`^\d{4}-\d\d-\d\d$`), "2006-01-02", 24 * time.Hour},
	{regexp.MustCompile(`^\d{4}/\d\d/\d\d$`), "2006/01/02", 24 * time.Hour},
	{regexp.MustCompile(`^20\d{6}$`), "20060102", 24 * time.Hour},
	{regexp.MustCompile(`^\d{4}/\d\d/\d\d/\d\d$`), "2006/01/02/15", time.Hour},
	{regexp.MustCompile(`^\d{4}-\d\d-\d\d-\d\d$`), "2006-01-02-15", time.Hour},
}

// days finds the columns of the day among the partition columns; ok is false where there are none that can be compared.
func (r *RawTable) days() (d days, ok bool) {
	column := func(c engine.Column, padded, plain string) *timeColumn {
		t := &timeColumn{name: c.Name, layout: padded}
		if slices.Contains([]string{"tinyint", "smallint", "int", "integer", "bigint"}, c.Type) {
			t.kind = asNumber
		} else if r.projection(c.Name, "type") == "integer" && r.projection(c.Name, "digits") == "" {
			t.layout = plain // projected numbers have no leading zero unless digits says so
		}
		return t
	}
	var lone []engine.Column // may have whole days
	for i, c := range r.Partitions {
		format := r.projection(c.Name, "format")
		layout, unit, sortable := javaLayout(format)
		switch name := columnName(c.Name); {
		case r.projection(c.Name, "type") == "date" && sortable && unit <= 24*time.Hour && c.Type != "date":
			d.day = &timeColumn{name: c.Name, layout: layout, unit: unit}
		case c.Type == "date":
			d.day = &timeColumn{name: c.Name, layout: time.DateOnly, kind: asDate, unit: 24 * time.Hour}
		case name == "year":
			d.year = column(c, "2006", "2006")
		case name == "month":
			d.month = column(c, "01", "1")
		case name == "hour":
			if d.hour = column(c, "15", ""); d.hour.layout == "" {
				d.hour = nil // '9' and '10' do not compare as texts
			}
		case i < len(r.Sample):
			for _, s := range samples {
				if d.day == nil && s.match.MatchString(r.Sample[i]) {
					d.day = &timeColumn{name: c.Name, layout: s.layout, unit: s.unit}
				}
			}
			lone = append(lone, c)
		default:
			lone = append(lone, c)
		}
	}
	if d.day != nil {
		d.year, d.month = nil, nil
		return d, true
	}
	for _, c := range lone {
		if d.year != nil && d.month != nil && columnName(c.Name) == "day" {
			d.dom = column(c, "02", "2")
		}
	}
	return d, d.dom != nil
}

// javaLayout turns a format of Java's, as partition projection has it, into one of Go's. Formats that do not sort as
// text as they do in time are not ok.
func javaLayout(format string) (layout string, unit time.Duration, ok bool) {
	rest := strings.ReplaceAll(format, "'", "")
	last := -1
	for rest != "" {
		found := false
		for i, p := range []struct {
			java, layout string
			unit         time.Duration
		}{{"yyyy", "2006", 8766 * time.Hour}, {"MM", "01", 744 * time.Hour}, {"dd", "02", 24 * time.Hour}, {"HH", "15", time.Hour}} {
			if after, is := strings.CutPrefix(rest, p.java); is {
				if i != last+1 || strings.HasPrefix(after, p.java[:1]) {
					return "", 0, false
				}
				layout, unit, rest, last, found = layout+p.layout, p.unit, after, i, true
				break
			}
		}
		if !found {
			if c := rest[0]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
				return "", 0, false
			}
			layout, rest = layout+rest[:1], rest[1:]
		}
	}
	return layout, unit, last >= 2
}

// window is the time of the deliveries that a query reads, both ends included.
type window struct {
	days
	first, last time.Time
}

const (
	// late is how much later than its start a record may be delivered, that is, lie in another day's folder. A record
	// covers 10 minutes at most and comes some 10 minutes after; a day is what AWS's own best effort has room for.
	late = 24 * time.Hour
)

// birth is when the first flow logs were delivered.
var birth = time.Date(2015, 6, 1, 0, 0, 0, 0, time.UTC)

// window is the partitions that can hold records of since to until. ok is false where all are to be read.
func (r *RawTable) window(since, until, now time.Time) (w window, ok bool) {
	d, ok := r.days()
	if !ok || since.IsZero() && until.IsZero() {
		return w, false
	}
	w = window{d, since.UTC(), now.UTC().Add(late)}
	if since.IsZero() {
		w.first = birth
	}
	if !until.IsZero() {
		w.last = until.UTC().Add(late - time.Nanosecond) // until is not included
	}
	if w.last.Before(w.first) {
		w.last = w.first
	}
	return w, true
}

// condition is the window in SQL: conditions that all must hold.
func (w *window) condition() []string {
	var out []string
	first, last := "", "" // of the first and last day
	if w.day != nil {
		name := engine.QuoteName(w.day.name)
		out = append(out, fmt.Sprintf("%s BETWEEN %s AND %s", name, w.day.literal(w.first), w.day.literal(w.last)))
		first, last = w.day.is(w.first), w.day.is(w.last)
	} else {
		out = append(out, "("+strings.Join(w.months(), " OR ")+")")
		day := func(t time.Time) string {
			return w.year.is(t) + " AND " + w.month.is(t) + " AND " + w.dom.is(t)
		}
		first, last = day(w.first), day(w.last)
	}
	if w.hour != nil && (w.day == nil || w.day.unit == 24*time.Hour) {
		hour := engine.QuoteName(w.hour.name)
		out = append(out, fmt.Sprintf("(NOT (%s) OR %s >= %s)", first, hour, w.hour.literal(w.first)),
			fmt.Sprintf("(NOT (%s) OR %s <= %s)", last, hour, w.hour.literal(w.last)))
	}
	return out
}

// months are the days of the window by year, month and day, each as short as it can be: whole years and months need no
// days. Lists of values and not comparisons, because Athena prunes by each column alone.
func (w *window) months() []string {
	var out []string
	end := dayOf(w.last).AddDate(0, 0, 1) // not included
	for t := dayOf(w.first); t.Before(end); {
		month := time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		year := time.Date(t.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC)
		switch {
		case t.YearDay() == 1 && !year.After(end):
			out = append(out, w.year.is(t))
			t = year
		case t.Day() == 1 && !month.After(end):
			out = append(out, "("+w.year.is(t)+" AND "+w.month.is(t)+")")
			t = month
		default:
			var list []string
			at := t
			for ; t.Before(end) && t.Before(month); t = t.AddDate(0, 0, 1) {
				list = append(list, w.dom.literal(t))
			}
			out = append(out, fmt.Sprintf("(%s AND %s AND %s IN (%s))", w.year.is(at), w.month.is(at), engine.QuoteName(w.dom.name), strings.Join(list, ", ")))
		}
	}
	return out
}

func dayOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// holds tells whether a partition of these values lies in the window.
func (w *window) holds(columns []engine.Column, values []string) bool {
	at := func(c *timeColumn) (string, bool) {
		i := slices.IndexFunc(columns, func(x engine.Column) bool { return x.Name == c.name })
		if i < 0 || i >= len(values) {
			return "", false
		}
		return values[i], true
	}
	if w.day != nil {
		v, ok := at(w.day)
		return !ok || v >= w.day.value(w.first) && v <= w.day.value(w.last)
	}
	var n [3]int
	for i, c := range []*timeColumn{w.year, w.month, w.dom} {
		v, _ := at(c)
		var err error
		if n[i], err = strconv.Atoi(v); err != nil {
			return true // it is read, whatever it is
		}
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], 0, 0, 0, 0, time.UTC)
	return !t.Before(dayOf(w.first)) && !t.After(dayOf(w.last))
}
