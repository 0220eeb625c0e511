package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"weir/internal/engine"
	"weir/internal/finding"
	"weir/internal/report"
)

// writeFindings prints findings as rows, in one of outputFormats.
func writeFindings(w io.Writer, format string, list []*finding.Finding) error {
	switch format {
	case "json", "jsonl":
		return writeJSONValues(w, format, list)
	case "table":
		return writeFindingRows(w, format, list, []engine.Column{{Name: "severity", Type: "varchar"}, {Name: "state", Type: "varchar"}, {Name: "last seen", Type: "varchar"},
			{Name: "count", Type: "bigint"}, {Name: "id", Type: "varchar"}, {Name: "summary", Type: "varchar"}}, func(f *finding.Finding) []any {
			return []any{f.Severity, f.State, f.LastSeen.Format("2006-01-02 15:04"), f.Count, f.ID, cutText(f.Summary, 160)}
		})
	case "csv", "md":
		var columns []engine.Column
		for _, name := range []string{"id", "rule", "title", "severity", "state", "techniques", "account_id", "region", "vpc_id", "interface_id", "client", "server"} {
			columns = append(columns, engine.Column{Name: name, Type: "varchar"})
		}
		columns = append(columns, engine.Column{Name: "port", Type: "bigint"}, engine.Column{Name: "protocol", Type: "bigint"}, engine.Column{Name: "first_seen", Type: "varchar"},
			engine.Column{Name: "last_seen", Type: "varchar"}, engine.Column{Name: "count", Type: "bigint"}, engine.Column{Name: "confidence", Type: "varchar"},
			engine.Column{Name: "summary", Type: "varchar"})
		return writeFindingRows(w, format, list, columns, func(f *finding.Finding) []any {
			return []any{f.ID, f.Rule, f.Title, f.Severity, f.State, strings.Join(f.Techniques, " "), f.AccountID, f.Region, f.VPCID, f.InterfaceID, f.Client, f.Server,
				wholeOrNil(f.Port), wholeOrNil(f.Protocol), f.FirstSeen.Format(time.RFC3339), f.LastSeen.Format(time.RFC3339), f.Count, f.Confidence, f.Summary}
		})
	}
	panic("BUG: unknown output format " + format)
}

// cutText leaves room on a terminal for other findings: 'weir findings show' has the whole text.
func cutText(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

func wholeOrNil(n *int) any {
	if n == nil {
		return nil
	}
	return int64(*n)
}

func writeFindingRows(w io.Writer, format string, list []*finding.Finding, columns []engine.Column, row func(*finding.Finding) []any) error {
	out := newResultWriter(w, format, columns)
	for _, f := range list {
		if err := out.write(row(f)); err != nil {
			return err
		}
	}
	return out.close()
}

// writeJSONValues prints one array, or a value a line.
func writeJSONValues[T any](w io.Writer, format string, list []T) error {
	var b bytes.Buffer
	for i, v := range list {
		data, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		switch {
		case format == "jsonl":
		case i == 0:
			b.WriteString("[\n")
		default:
			b.WriteString(",\n")
		}
		b.Write(report.EscapeJSON(nil, data))
		if format == "jsonl" {
			b.WriteByte('\n')
		}
	}
	switch {
	case format == "jsonl":
	case len(list) == 0:
		b.WriteString("[]\n")
	default:
		b.WriteString("\n]\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}
