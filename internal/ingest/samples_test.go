package ingest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"weir/flowlog"
)

// sampleBlock is a header with records that AWS or a public project printed.
type sampleBlock struct {
	name   string
	names  []string // of the header
	lines  []string // as they are printed
	wanted []string // as they are read
}

func (s sampleBlock) header() string { return strings.Join(s.names, " ") }

// sampleBlocks are those of package flowlog.
func sampleBlocks(t *testing.T) []sampleBlock {
	t.Helper()
	data, err := os.ReadFile("../../flowlog/testdata/samples.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []sampleBlock
	for _, block := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
		all := strings.Split(block, "\n")
		s := sampleBlock{name: strings.TrimPrefix(all[0], "# "), names: strings.Fields(all[1]), lines: all[2:]}
		for _, l := range s.lines {
			s.wanted = append(s.wanted, strings.Replace(l, "1512564058000 1512564059000", "1512564058 1512564059", 1)) // milliseconds
		}
		out = append(out, s)
	}
	return out
}

// isNumber tells whether a dump has the field as a number.
func isNumber(name string) bool {
	for _, table := range flowlog.Tables {
		if f := table.Field(name); f != nil {
			return f.Kind != flowlog.Text && f.Kind != flowlog.Enum && f.Kind != flowlog.Address
		}
	}
	return false
}

// asJSON is each record as an object of its columns: numbers as numbers, and no value as null.
func (s sampleBlock) asJSON(t *testing.T, spell func(string) string) string {
	var b strings.Builder
	for _, l := range s.lines {
		b.WriteByte('{')
		for i, v := range strings.Fields(l) {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + spell(s.names[i]) + `":`)
			switch {
			case v == "-":
				b.WriteString("null")
			case isNumber(s.names[i]):
				b.WriteString(strings.TrimLeft(v[:len(v)-1], "0") + v[len(v)-1:]) // JSON has no leading zeros
			default:
				text, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				b.Write(text)
			}
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// asCSV is a dump as a data frame writes it: the columns' names, and nothing where there is no value.
func (s sampleBlock) asCSV(t *testing.T) string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	row := func(values []string) {
		if len(values) == 1 && values[0] == "" {
			t.Fatal("a row of one empty value is an empty line")
		}
		if err := w.Write(values); err != nil {
			t.Fatal(err)
		}
	}
	row(strings.Fields(strings.ReplaceAll(s.header(), "-", "_")))
	for _, l := range s.lines {
		values := strings.Fields(l)
		for i, v := range values {
			if v == "-" {
				values[i] = ""
			}
		}
		row(values)
	}
	w.Flush()
	return b.String()
}

// camel is how CloudWatch's parseVPC spells a field.
func camel(name string) string {
	parts := strings.Split(name, "-")
	for i, p := range parts[1:] {
		parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
	}
	return strings.Join(parts, "")
}

// TestSamplesInEveryForm reads the sample records in each form that they may come in; TestWrappedSamples has those that
// were printed wrapped.
func TestSamplesInEveryForm(t *testing.T) {
	records := 0
	for _, s := range sampleBlocks(t) {
		records += len(s.lines)
		events, export, console := "", "", "timestamp,message\n"
		for _, l := range s.lines {
			events += `{"message":"` + l + `"}`
			export += "2026-11-20T00:00:00.000Z " + l + "\n"
			console += "1431280876000,\"" + l + "\"\n"
		}
		text := strings.Join(s.lines, "\n") + "\n"
		for _, form := range []struct{ name, data, format string }{
			{"text", s.header() + "\n" + text, ""},
			{"text, columns' names", strings.ReplaceAll(s.header(), "-", "_") + "\n" + text, ""},
			{"text, CRLF", strings.ReplaceAll(s.header()+"\n"+text, "\n", "\r\n"), ""},
			{"text, declared", text, "${" + strings.Join(s.names, "} ${") + "}"},
			{"subscription", subscription("DATA_MESSAGE", s.lines...), s.header()},
			{"events, glued", events, s.header()},
			{"export", export, s.header()},
			{"console CSV", console, s.header()},
			{"CSV dump", s.asCSV(t), ""},
			{"JSON, AWS's names", s.asJSON(t, func(n string) string { return n }), ""},
			{"JSON, columns", s.asJSON(t, func(n string) string { return strings.ReplaceAll(n, "-", "_") }), ""},
			{"JSON, camel case", s.asJSON(t, camel), ""},
		} {
			t.Run(s.name+"/"+form.name, func(t *testing.T) {
				decode(t, []byte(form.data), form.format).want(t, s.wanted...)
				decode(t, zip(t, form.data), form.format).want(t, s.wanted...)
			})
		}
	}
	if records != 70 {
		t.Errorf("%d sample records, want 70", records)
	}
}
