package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// outputFormats are those that every command with rows can print. Commands may add their own.
var outputFormats = []string{"table", "csv", "json", "jsonl", "md"}

// outputFormat returns the format to print in: what was asked for, else def. A flag that asks for what the command
// cannot do is an error; the same from the environment or the settings file means other commands, and gives def.
func (a *app) outputFormat(def string, allowed ...string) (string, error) {
	switch {
	case a.output == "":
		return def, nil
	case slices.Contains(allowed, a.output):
		return a.output, nil
	case a.settings.from["output"] == "" || strings.HasPrefix(a.settings.from["output"], "flag"):
		return "", fmt.Errorf("output %q: this command prints %s%s", a.output, strings.Join(allowed, ", "), didYouMean(a.output, allowed))
	}
	return def, nil
}

// list is a short result that a command has at hand: settings, fields. Results of queries stream instead.
type list struct {
	columns []string // JSON keys, and the heads of other formats
	rows    [][]any  // values that encoding/json can print
}

func (l *list) add(values ...any) { l.rows = append(l.rows, values) }

// write prints the list in one of outputFormats.
func (l *list) write(w io.Writer, format string) error {
	switch format {
	case "table":
		return l.writeTable(w)
	case "md":
		return l.writeMarkdown(w)
	case "csv":
		c := csv.NewWriter(w)
		_ = c.Write(l.columns) // Error tells
		for _, row := range l.rows {
			_ = c.Write(l.texts(row, func(s string) string { return s }))
		}
		c.Flush()
		return c.Error()
	case "json", "jsonl":
		return l.writeJSON(w, format == "json")
	}
	panic("BUG: unknown output format " + format)
}

func (l *list) texts(row []any, clean func(string) string) []string {
	out := make([]string, len(row))
	for i, v := range row {
		if v != nil {
			out[i] = clean(fmt.Sprint(v))
		}
	}
	return out
}

func (l *list) writeTable(w io.Writer) error {
	rows := [][]string{l.columns}
	for _, row := range l.rows {
		rows = append(rows, l.texts(row, printable))
	}
	width := make([]int, len(l.columns))
	for _, row := range rows {
		for i, s := range row {
			width[i] = max(width[i], utf8.RuneCountInString(s))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, s := range row {
			line.WriteString(s)
			line.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(s)+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (l *list) writeMarkdown(w io.Writer) error {
	cell := func(s string) string { return strings.ReplaceAll(printable(s), "|", `\|`) }
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(l.columns)
	line(slices.Repeat([]string{"---"}, len(l.columns)))
	for _, row := range l.rows {
		line(l.texts(row, cell))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (l *list) writeJSON(w io.Writer, array bool) error {
	var b strings.Builder
	for i, row := range l.rows {
		switch {
		case array && i == 0:
			b.WriteString("[\n")
		case array:
			b.WriteString(",\n")
		}
		b.WriteByte('{')
		for j, v := range row {
			if j > 0 {
				b.WriteString(",")
			}
			value, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("write %s: %w", l.columns[j], err)
			}
			fmt.Fprintf(&b, "%q:%s", l.columns[j], value)
		}
		b.WriteByte('}')
		if !array {
			b.WriteByte('\n')
		}
	}
	switch {
	case array && len(l.rows) == 0:
		b.WriteString("[]\n")
	case array:
		b.WriteString("\n]\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
