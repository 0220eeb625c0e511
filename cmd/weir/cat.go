package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/ingest"
	"weir/internal/report"
	"weir/internal/source"
)

func newCatCmd(a *app) *cobra.Command {
	var withSource bool
	cmd := &cobra.Command{
		Use:   "cat SOURCE…",
		Short: "Print the records of files as they lie",
		Long: `Prints the records of each SOURCE, whatever they are wrapped in: a file, a folder, -, or s3://bucket/prefix; text, gzip,
zstd, Parquet, the envelopes of CloudWatch. One JSON object a line, with the columns that the object has; -o text prints
them as AWS writes them, below a header.

A line that is not a record goes to standard error, as one JSON object: object, line, field, token, error.`,
		Example: `  weir cat flow.log.gz
  weir cat s3://my-flow-logs/AWSLogs/ --since 1h -o text
  aws logs filter-log-events --log-group-name vpc | weir cat --log-format default -`,
		Args: needSource,
	}
	times := addTimeFlags(cmd.Flags(), time.Now)
	cmd.Flags().BoolVar(&withSource, "source", false, "add source_object and source_line")
	addSourceFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		format, err := a.outputFormat("jsonl", append(outputFormats, "text")...)
		if err != nil {
			return err
		}
		window, err := times.window()
		if err != nil {
			return err
		}
		return runCat(cmd.Context(), a, args, window, format, withSource)
	}
	return cmd
}

// catRows is how many records are printed at a time: few, so that a slow stream is seen to move.
const catRows = 4096

func runCat(ctx context.Context, a *app, args []string, window source.Window, format string, withSource bool) error {
	sources, err := openSources(ctx, a, args)
	if err != nil {
		return err
	}
	declared, err := a.logFormat()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(a.stdout, 64<<10)
	c := &cat{a: a, out: out, format: format, source: withSource, terminal: isTerminal(a.stdout)}
	o := ingest.DecodeOptions{Format: declared, Reject: c.reject}
	failed, listed, skipped := 0, 0, 0
	for _, src := range sources {
		for object, err := range src.List(ctx, window) {
			listed++
			if err == nil {
				err = c.object(ctx, src, object, o)
			}
			var oe *source.ObjectError
			var he *flowlog.HeaderError
			switch {
			case err == nil:
			case ctx.Err() == nil && (errors.As(err, &oe) || errors.As(err, &he)):
				failed++
				if e := out.Flush(); e != nil {
					return e
				}
				fmt.Fprintf(a.stderr, "weir: %s\n", printable(err.Error()))
				if h := hint(err); h != "" {
					fmt.Fprintf(a.stderr, "hint: %s\n", printable(h))
				}
			default:
				return errors.Join(err, out.Flush())
			}
		}
		if s, ok := src.(source.Skipper); ok {
			skipped += len(s.Skipped())
		}
	}
	if listed+skipped == 0 {
		warnEmpty(a, window)
	}
	if c.rows != nil {
		if err := c.rows.close(); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	if failed > 0 {
		return fmt.Errorf("%s could not be read to the end", counted(failed, "object"))
	}
	return nil
}

// cat prints records.
type cat struct {
	a      *app
	out    *bufio.Writer
	format string
	source bool
	rows   resultWriter // for formats other than jsonl and text
	header string       // the last one printed
	buf    []byte

	terminal bool // where records go
}

func (c *cat) object(ctx context.Context, src source.Source, o source.Object, opt ingest.DecodeOptions) error {
	rec, err := ingest.Open(ctx, src, o, opt)
	if err != nil {
		return err
	}
	defer rec.Close()
	b := flowlog.NewBatch(rec.Table(), catRows)
	b.KeepLines = true
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, err := rec.Read(b)
		if err == io.EOF {
			if p := rec.Problem(); p != "" {
				return &source.ObjectError{URI: o.URI, Err: errors.New(p)}
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.batch(b, rec); err != nil {
			return fmt.Errorf("write records: %w", err)
		}
		b.Reset()
	}
}

func (c *cat) batch(b *flowlog.Batch, rec *ingest.Records) error {
	switch c.format {
	case "jsonl":
		for row := range b.Len() {
			c.buf = append(c.json(c.buf[:0], b, row), '\n')
			if _, err := c.out.Write(c.buf); err != nil {
				return err
			}
		}
		return nil
	case "text":
		f := rec.LogFormat()
		if f == nil {
			f = formatOf(b)
		}
		if h := f.String(); h != c.header {
			c.header = h
			fmt.Fprintln(c.out, h)
		}
		for row := range b.Len() {
			c.buf = b.AppendRecord(c.buf[:0], f, row)
			if c.terminal { // a program gets what AWS wrote
				c.buf = append(c.buf[:0], printable(string(c.buf))...)
			}
			c.buf = append(c.buf, '\n')
			if _, err := c.out.Write(c.buf); err != nil {
				return err
			}
		}
		return nil
	}
	return c.table(b)
}

// formatOf is the format of records that came without one, from Parquet: the fields that are there.
func formatOf(b *flowlog.Batch) *flowlog.Format {
	f := &flowlog.Format{Table: b.Table}
	for i := range b.Table.Fields {
		if b.Column(i) != nil {
			f.Fields = append(f.Fields, &b.Table.Fields[i])
			f.Names = append(f.Names, b.Table.Fields[i].Name)
		}
	}
	return f
}

// json appends a record as a JSON object. No value is null; fields that the object lacks are left out.
func (c *cat) json(dst []byte, b *flowlog.Batch, row int) []byte {
	dst = append(dst, '{')
	for i := range b.Table.Fields {
		col := b.Column(i)
		if col == nil {
			continue
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		f := &b.Table.Fields[i]
		dst = append(append(append(dst, '"'), f.Column...), `":`...)
		switch {
		case col.Codes != nil && col.Dict != nil:
			if col.Codes[row] == 0 {
				dst = append(dst, "null"...)
			} else {
				dst = appendTextJSON(dst, col.Dict.Bytes(col.Codes[row]))
			}
		case col.Int32 != nil:
			dst = appendNumber(dst, int64(col.Int32[row]), col.Int32[row] == flowlog.NullInt32)
		default:
			dst = appendNumber(dst, col.Int64[row], col.Int64[row] == flowlog.NullInt64)
		}
	}
	if code := b.Extra.Codes[row]; code != 0 {
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = append(dst, `"extra":{`...)
		first := true
		for name, value := range flowlog.ExtraPairs(b.Extra.Dict.Bytes(code)) {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(appendTextJSON(dst, name), ':')
			dst = appendTextJSON(dst, value)
		}
		dst = append(dst, '}')
	}
	if c.source {
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = append(dst, `"source_object":`...)
		dst = appendTextJSON(dst, b.Object.Dict.Bytes(b.Object.Codes[row]))
		dst = append(dst, `,"source_line":`...)
		dst = strconv.AppendUint(dst, uint64(b.Lines[row]), 10)
	}
	return append(dst, '}')
}

func appendNumber(dst []byte, v int64, null bool) []byte {
	if null {
		return append(dst, "null"...)
	}
	return strconv.AppendInt(dst, v, 10)
}

// appendJSON appends a text as JSON. Nearly all texts of flow logs need no escaping.
func appendTextJSON(dst, text []byte) []byte {
	for _, ch := range text {
		if ch < ' ' || ch == '"' || ch == '\\' || ch >= utf8.RuneSelf || ch == 0x7f {
			q, err := json.Marshal(string(text))
			if err != nil {
				panic("BUG: " + err.Error())
			}
			return report.EscapeJSON(dst, q)
		}
	}
	return append(append(append(dst, '"'), text...), '"')
}

// table prints through the printers of query results, which want the same columns in every row: all of the table.
func (c *cat) table(b *flowlog.Batch) error {
	if c.rows == nil {
		var cols []engine.Column
		for _, col := range engine.Columns(b.Table) {
			if col.Name != "start_time" && (col.Name != "source_object" || c.source) {
				cols = append(cols, col)
			}
		}
		if c.source {
			cols = append(cols, engine.Column{Name: "source_line", Type: "bigint"})
		}
		c.rows = newResultWriter(c.out, c.format, cols)
		c.header = b.Table.Name
	}
	if c.header != b.Table.Name {
		return errors.New("VPC and transit gateway records have other columns: print them apart, or with -o jsonl")
	}
	for row := range b.Len() {
		var values []any
		for i := range b.Table.Fields {
			values = append(values, valueOf(b, i, row))
		}
		if c.source {
			values = append(values, b.Object.Dict.String(b.Object.Codes[row]))
		}
		var extra any
		if code := b.Extra.Codes[row]; code != 0 {
			m := map[string]any{}
			for name, value := range flowlog.ExtraPairs(b.Extra.Dict.Bytes(code)) {
				m[string(name)] = string(value)
			}
			extra = m
		}
		values = append(values, extra)
		if c.source {
			values = append(values, int64(b.Lines[row]))
		}
		if err := c.rows.write(values); err != nil {
			return err
		}
	}
	return nil
}

func valueOf(b *flowlog.Batch, i, row int) any {
	col := b.Column(i)
	switch {
	case col == nil:
		return nil
	case col.Dict != nil:
		if col.Codes[row] == 0 {
			return nil
		}
		return col.Dict.String(col.Codes[row])
	case col.Int32 != nil:
		if col.Int32[row] == flowlog.NullInt32 {
			return nil
		}
		return int64(col.Int32[row])
	case col.Int64[row] == flowlog.NullInt64:
		return nil
	}
	return col.Int64[row]
}

// reject prints a line that is not a record.
func (c *cat) reject(e *flowlog.LineError) {
	line, err := json.Marshal(struct {
		Object string  `json:"object"`
		Line   int64   `json:"line"`
		Field  *string `json:"field"`
		Token  *string `json:"token"`
		Error  string  `json:"error"`
	}{e.Object, e.Line, orNull(e.Field), orNull(e.Token), e.Err.Error()})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	fmt.Fprintf(c.a.stderr, "%s\n", report.EscapeJSON(nil, line))
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
