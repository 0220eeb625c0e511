package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"weir/internal/finding"
)

// csvColumn is one column, its text free of guards.
type csvColumn struct {
	name string
	text func(*Document, *finding.Finding) string
}

// csvColumns are the keys of the JSON, in its order.
var csvColumns = []csvColumn{
	{"id", func(_ *Document, f *finding.Finding) string { return f.ID }},
	{"rule", func(_ *Document, f *finding.Finding) string { return f.Rule }},
	{"title", func(d *Document, f *finding.Finding) string { return d.title(f) }},
	{"severity", func(_ *Document, f *finding.Finding) string { return f.Severity }},
	{"state", func(_ *Document, f *finding.Finding) string { return f.State }},
	{"techniques", func(d *Document, f *finding.Finding) string { return strings.Join(d.techniques(f), " ") }},
	{"account_id", func(_ *Document, f *finding.Finding) string { return f.AccountID }},
	{"region", func(_ *Document, f *finding.Finding) string { return f.Region }},
	{"vpc_id", func(_ *Document, f *finding.Finding) string { return f.VPCID }},
	{"interface_id", func(_ *Document, f *finding.Finding) string { return f.InterfaceID }},
	{"client", func(_ *Document, f *finding.Finding) string { return f.Client }},
	{"server", func(_ *Document, f *finding.Finding) string { return f.Server }},
	{"port", func(_ *Document, f *finding.Finding) string { return number(f.Port) }},
	{"protocol", func(_ *Document, f *finding.Finding) string { return number(f.Protocol) }},
	{"first_seen", func(_ *Document, f *finding.Finding) string { return timeText(f.FirstSeen) }},
	{"last_seen", func(_ *Document, f *finding.Finding) string { return timeText(f.LastSeen) }},
	{"count", func(_ *Document, f *finding.Finding) string { return strconv.FormatInt(f.Count, 10) }},
	{"confidence", func(_ *Document, f *finding.Finding) string { return f.Confidence }},
	{"summary", func(_ *Document, f *finding.Finding) string { return f.Summary }},
	{"evidence_sql", func(_ *Document, f *finding.Finding) string { return f.Evidence.SQL }},
	{"evidence_args", func(_ *Document, f *finding.Finding) string { return jsonText(f.Evidence.Args) }},
	{"details", func(_ *Document, f *finding.Finding) string { return jsonText(f.Details) }},
	{"fix", func(d *Document, f *finding.Finding) string { return d.Rules(f.Rule).Fix }},
}

func jsonText(v any) string {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			return ""
		}
	case map[string]any:
		if len(v) == 0 {
			return ""
		}
	}
	b, err := json.Marshal(plain(v))
	if err != nil {
		return fmt.Sprint(v) // cannot be: plain takes out what JSON does not take
	}
	return string(b)
}

// csvCell is the longest cell, in characters. Spreadsheets refuse or cut cells of more than 32,767.
const csvCell = 32_000

// guard keeps a spreadsheet from running a cell as a formula (OWASP, "CSV Injection", from memory): such a cell begins
// with an apostrophe, which spreadsheets take as "this is text". Blanks before the sign do not help an attacker; some
// programs skip them.
func guard(s string) string {
	s = Cut(Visible(s, "\n\t"), csvCell)
	t := strings.TrimLeft(s, " ")
	if t != "" && strings.ContainsRune("=+-@\t\n|%", rune(t[0])) {
		return "'" + s
	}
	return s
}

func writeCSV(w io.Writer, d Document) error {
	c := csv.NewWriter(w)
	row := make([]string, len(csvColumns))
	for i, col := range csvColumns {
		row[i] = col.name
	}
	if err := c.Write(row); err != nil {
		return err
	}
	for _, f := range d.Findings {
		for i, col := range csvColumns {
			row[i] = guard(col.text(&d, f))
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
