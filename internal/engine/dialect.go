package engine

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Dialect is what the engines do not write alike, as data: whatever SQL of ours must differ between them differs here
// and nowhere else. What people may write is the part that they share; docs/sql.md describes it.
type Dialect struct {
	Name string

	// made are the expressions that make a column of a view of a stored one, by Making; %s is the stored column.
	made map[Making]string
	// instant is a time as a literal, to the microsecond.
	instant func(time.Time) string
}

// The dialects. Athena's engine 3 is Trino. DuckDB's expressions are not the shared ones for speed: they run without
// the dialect's macros and need no look at a time zone.
var (
	DuckDB = &Dialect{
		Name: "duckdb",
		made: map[Making]string{
			Epoch:    `make_timestamptz(%s * 1000000)`,
			Date:     `CAST(%s AS DATE)`,
			DayText:  `strftime(CAST(%s AS TIMESTAMP), '%%Y/%%m/%%d')`,
			HourText: `strftime(CAST(%s AS TIMESTAMP), '%%H')`,
		},
		instant: func(t time.Time) string { return fmt.Sprintf("make_timestamptz(%d)", t.UnixMicro()) },
	}
	Trino = &Dialect{
		Name: "trino",
		made: map[Making]string{
			Epoch:    `CAST(from_unixtime(%s) AS timestamp(6) with time zone)`,
			Date:     `CAST(%s AS date)`,
			DayText:  `date_format(%s, '%%Y/%%m/%%d')`,
			HourText: `date_format(%s, '%%H')`,
		},
		instant: func(t time.Time) string { return t.UTC().Format(`TIMESTAMP '2006-01-02 15:04:05.000000 UTC'`) },
	}
	Athena = &Dialect{Name: "athena", made: Trino.made, instant: Trino.instant}
)

// Column is a column of a view as an item of SELECT.
func (d *Dialect) Column(c ViewColumn) string {
	of, name := QuoteName(c.Of), QuoteName(c.Name)
	switch {
	case c.Made != Stored:
		expr, ok := d.made[c.Made]
		if !ok {
			panic(fmt.Sprintf("BUG: %s makes no column of kind %d", d.Name, c.Made))
		}
		return fmt.Sprintf(expr, of) + " AS " + name
	case of != name:
		return of + " AS " + name
	}
	return of
}

// Instant is a time as a literal, to the microsecond.
func (d *Dialect) Instant(t time.Time) string { return d.instant(t) }

// Literal is a value of a parameter as SQL, for servers that take the text of a literal and no value.
func (d *Dialect) Literal(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "NULL", nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int32:
		return strconv.FormatInt(int64(v), 10), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		switch {
		case math.IsNaN(v):
			return "nan()", nil
		case math.IsInf(v, 1):
			return "infinity()", nil
		case math.IsInf(v, -1):
			return "-infinity()", nil
		}
		return strconv.FormatFloat(v, 'e', -1, 64), nil
	case string:
		if strings.ContainsRune(v, 0) {
			return "", fmt.Errorf("write value: a text has no NUL bytes")
		}
		return QuoteText(v), nil
	case time.Time:
		return d.Instant(v), nil
	}
	return "", fmt.Errorf("write value: there is no literal of type %T", v)
}

// QuoteName is a name as SQL.
func QuoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// QuoteText is a text as SQL.
func QuoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
