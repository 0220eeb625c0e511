package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/queries"
)

// queryFlags are the flags of weir query.
type queryFlags struct {
	file    string
	sources []string
	explain bool
	maxRows int64
	out     string
	times   *timeWindow
}

func newQueryCmd(a *app) *cobra.Command {
	var f queryFlags
	cmd := &cobra.Command{
		Use:   "query [SQL | @NAME [KEY=VALUE]…]",
		Short: "Ask in SQL",
		Long: `Runs one SELECT over the lake, or with --source over files as they lie, and prints its rows.

The SQL is the argument, the file given with -f, or standard input. @NAME runs one of the saved queries with the
arguments given as KEY=VALUE; 'weir queries' lists them.

--engine says what runs it: duckdb in weir itself, or a Trino that has the lake as a catalog (docs/sql.md).

The tables are flows and tgw_flows, with AWS's column names. "end" is a word of SQL and must be quoted. Queries of AWS's
Athena pages run as they are on vpc_flow_logs; vpc_appsec_flow_logs has the column names of AWS's first tutorial. The
dialect is the part of Athena's SQL that runs everywhere: docs/sql.md. A query can read these tables and nothing else.`,
		Example: `  weir query "SELECT srcaddr, sum(bytes) AS bytes FROM flows WHERE dstport = 443 GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
  weir query @exposed-port port=6379 since=7d
  weir query --source s3://bucket/AWSLogs/ --since 24h -o csv "SELECT * FROM flows WHERE action = 'REJECT'"
  weir query -o parquet -O rejects.parquet "SELECT * FROM flows WHERE action = 'REJECT'"`,
		ValidArgsFunction: completeQueries,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runQuery(cmd.Context(), a, &f, args)
		},
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.file, "file", "f", "", "read the SQL from `FILE`")
	fl.StringArrayVar(&f.sources, "source", nil, "ask `SOURCE` as it lies, without a lake; may be given more than once")
	fl.BoolVar(&f.explain, "explain", false, "print the plan, the files and their bytes, and do not run it")
	fl.Int64Var(&f.maxRows, "max-rows", 0, "stop after `N` rows (0: print all)")
	fl.StringVarP(&f.out, "out", "O", "", "write the rows to `FILE`")
	f.times = addTimeFlags(fl, time.Now)
	addSettingFlags(cmd, append(engineSettings, "memory_limit", "threads")...)
	addSourceFlags(cmd)
	return cmd
}

// completeQueries offers the saved queries, then the arguments of the one that was named.
func completeQueries(_ *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
	var out []string
	if len(args) == 0 {
		for _, q := range queries.List() {
			if strings.HasPrefix("@"+q.Name, start) {
				out = append(out, "@"+q.Name+"\t"+q.Title)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
	if q, ok := queries.Get(strings.TrimPrefix(args[0], "@")); ok {
		for _, arg := range q.Args {
			if strings.HasPrefix(arg.Name+"=", start) {
				out = append(out, arg.Name+"=\t"+arg.Doc)
			}
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func runQuery(ctx context.Context, a *app, f *queryFlags, args []string) error {
	format, err := a.outputFormat("table", append(outputFormats, "parquet")...)
	if err != nil {
		return err
	}
	if f.maxRows < 0 {
		return errors.New("--max-rows must not be negative")
	}
	sql, values, err := readQuery(a, f, args)
	if err != nil {
		return err
	}
	window, err := f.times.window()
	if err != nil {
		return err
	}
	for _, w := range engine.Warnings(sql) {
		fmt.Fprintf(a.stderr, "warning: %s\n", printable(w))
	}

	name := a.settings.Engine
	var tables []engine.Table
	if isServer(name) {
		if err := checkServerQuery(name, f, format); err != nil {
			return err
		}
	} else {
		var done func() error
		if tables, done, err = queryTables(ctx, a, f, sql, window); err != nil {
			return err
		}
		defer done()
	}

	cfg := duckdb.Config{Memory: queryMemory(a.settings.MemoryLimit), Threads: a.settings.Threads}
	cfg.TempDir = filepath.Join(os.TempDir(), fmt.Sprintf("weir-query-%d", os.Getpid()))
	if format == "parquet" && !f.explain {
		return queryParquet(ctx, a, f, cfg, tables, sql, values)
	}
	eng, err := openEngine(ctx, a, name, cfg, tables, window)
	if err != nil {
		return err
	}
	defer eng.Close()
	if f.explain {
		return explainQuery(ctx, a, eng, format, sql, values)
	}
	rows, err := eng.Query(ctx, sql, values...)
	if err != nil {
		return err
	}
	err = toOutput(a, f.out, func(w io.Writer) error { return printRows(a, f, rows, w, format) })
	if bad := rows.Close(); err == nil {
		err = bad
	}
	a.sayScanned(name, rows)
	return err
}

// checkServerQuery refuses what only the engine in this program can do.
func checkServerQuery(name string, f *queryFlags, format string) error {
	switch {
	case len(f.sources) > 0:
		return fmt.Errorf("engine %s: it reads the lake, not --source", name)
	case format == "parquet":
		return fmt.Errorf("engine %s: -o parquet is not of it; jsonl and csv are", name)
	}
	return nil
}

// readQuery finds the text of the query, and the values of its parameters.
func readQuery(a *app, f *queryFlags, args []string) (string, []any, error) {
	switch {
	case len(args) > 0 && f.file != "":
		return "", nil, errors.New("give the SQL as an argument or with -f, not both")
	case len(args) > 0 && strings.HasPrefix(args[0], "@"):
		return savedQuery(f, args[0][1:], args[1:], isServer(a.settings.Engine))
	case len(args) > 1:
		return "", nil, errors.New("the SQL must be one argument: put it in quotes")
	case len(args) == 1:
		return args[0], nil, nil
	}
	var text []byte
	var err error
	if f.file != "" {
		text, err = os.ReadFile(f.file)
	} else {
		if isTerminal(a.stdin) {
			fmt.Fprintln(a.stderr, "reading SQL from standard input; end it with Ctrl-D")
		}
		text, err = io.ReadAll(io.LimitReader(a.stdin, maxQuery+1))
	}
	if err != nil {
		return "", nil, fmt.Errorf("read query: %w", err)
	}
	if len(text) > maxQuery {
		return "", nil, fmt.Errorf("read query: it is longer than %d bytes", maxQuery)
	}
	return string(text), nil, nil
}

// maxQuery is the longest query that Athena takes.
const maxQuery = 262144

// savedQuery is the text of a saved query with its values. If narrow, its bounds of time are those of the tables, too, so
// that days outside are not read: a server bills for them.
func savedQuery(f *queryFlags, name string, args []string, narrow bool) (string, []any, error) {
	q, ok := queries.Get(name)
	if !ok {
		return "", nil, unknownQuery(name)
	}
	given := map[string]string{}
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			return "", nil, fmt.Errorf("query @%s: argument %q is not KEY=VALUE", name, arg)
		}
		if _, twice := given[key]; twice {
			return "", nil, fmt.Errorf("query @%s: %s is given twice", name, key)
		}
		given[key] = value
	}
	for key, flag := range map[string]*timeFlag{"since": &f.times.since, "until": &f.times.until} {
		if flag.text == "" {
			if narrow && given[key] != "" && flag.Set(given[key]) != nil {
				*flag = timeFlag{now: flag.now} // Bind says what is wrong with it
			}
			continue
		}
		if _, twice := given[key]; twice {
			return "", nil, fmt.Errorf("query @%s: %s is given as a flag and as an argument", name, key)
		}
		given[key] = flag.text
	}
	sql, values, err := q.Bind(given, queries.BindOptions{Now: time.Now(), ParseTime: parseTime})
	if err != nil {
		var unknown *queries.UnknownArgError
		if errors.As(err, &unknown) {
			return "", nil, fmt.Errorf("query @%s: %w%s; 'weir queries %s' explains them", name, err, didYouMean(unknown.Name, unknown.Known), name)
		}
		return "", nil, fmt.Errorf("query @%s: %w", name, err)
	}
	return sql, values, nil
}

func unknownQuery(name string) error {
	var names []string
	for _, q := range queries.List() {
		names = append(names, q.Name)
	}
	return fmt.Errorf("there is no saved query %q%s; 'weir queries' lists them", name, didYouMean(name, names))
}

func printRows(a *app, f *queryFlags, rows engine.Rows, w io.Writer, format string) error {
	out := newResultWriter(w, format, rows.Columns())
	for n := int64(0); ; n++ {
		row, err := rows.Next()
		if err == io.EOF {
			return out.close()
		}
		if err != nil {
			// What came before stands: a reader of lines has it.
			return errors.Join(err, out.close())
		}
		if f.maxRows > 0 && n == f.maxRows {
			fmt.Fprintf(a.stderr, "stopped after %s; there are more\n", counted(n, "row"))
			return out.close()
		}
		if err := out.write(row); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
	}
}

// toOutput gives write stdout, or the file of -O, which is there only when it is whole.
func toOutput(a *app, path string, write func(io.Writer) error) error {
	if path == "" {
		return write(a.stdout)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".weir-*")
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	defer os.Remove(tmp.Name()) // fails once it is renamed
	err = write(tmp)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// queryParquet has the engine write the rows, which keeps their types, to a file beside the one that is wanted.
func queryParquet(ctx context.Context, a *app, f *queryFlags, cfg duckdb.Config, tables []engine.Table, sql string, values []any) error {
	switch {
	case f.out == "" && isTerminal(a.stdout):
		return errors.New("a terminal is no place for Parquet: -O FILE, or > FILE")
	case f.maxRows > 0:
		return errors.New("--max-rows: with -o parquet write LIMIT into the query")
	}
	dir := os.TempDir()
	if f.out != "" {
		dir = filepath.Dir(f.out)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	work, err := os.MkdirTemp(dir, ".weir-query-*")
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	defer os.RemoveAll(work)
	cfg.Output = filepath.Join(work, "rows.parquet")
	eng, err := duckdb.Open(cfg, tables)
	if err != nil {
		return err
	}
	defer eng.Close()
	if _, err := eng.WriteParquet(ctx, sql, values...); err != nil {
		return err
	}
	if f.out != "" {
		return os.Rename(cfg.Output, f.out)
	}
	file, err := os.Open(cfg.Output)
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	defer file.Close()
	_, err = io.Copy(a.stdout, file)
	return err
}

// explainQuery says what the query would take.
func explainQuery(ctx context.Context, a *app, eng engine.Engine, format, sql string, values []any) error {
	plan, err := eng.Explain(ctx, sql, values...)
	if err != nil {
		return err
	}
	if format != "table" {
		l := &list{columns: []string{"table", "files", "bytes"}}
		for _, t := range plan.Tables {
			if t.Unknown() {
				l.add(t.Table, nil, nil)
				continue
			}
			l.add(t.Table, t.Files, t.Bytes)
		}
		if format == "parquet" {
			return errors.New("--explain prints " + strings.Join(outputFormats, ", "))
		}
		return l.write(a.stdout, format)
	}
	w := bufio.NewWriter(a.stdout)
	fmt.Fprintf(w, "%s\n", printableLines(strings.TrimRight(plan.Text, "\n")))
	for _, t := range plan.Tables {
		switch {
		case t.Unknown():
			fmt.Fprintf(w, "%s: nobody knows how much there is to read\n", t.Table)
		case t.AtLeast:
			fmt.Fprintf(w, "%s: %s and more, %s and more to read\n", t.Table, counted(t.Files, "file"), size(t.Bytes))
		default:
			fmt.Fprintf(w, "%s: %s, at most %s to read\n", t.Table, counted(t.Files, "file"), size(t.Bytes))
		}
	}
	if plan.IO != nil {
		for _, t := range plan.IO.Tables {
			fmt.Fprintln(w, printable(scanLine(t)))
		}
	}
	if text := a.priceText(plan); text != "" {
		fmt.Fprintln(w, text)
	}
	if len(values) > 0 {
		fmt.Fprintf(w, "\n%s\n", printableLines(strings.TrimSpace(sql)))
		for i, v := range values {
			fmt.Fprintf(w, "-- value %d: %s\n", i+1, printable(cellText(argValue(v), engine.Column{})))
		}
	}
	return w.Flush()
}

// scanLine says what an engine on a server would read of a table.
func scanLine(t engine.IOTable) string {
	line := t.Table + ": reads " + strings.Join(t.Reads, ", ")
	if len(t.Reads) == 0 {
		line = t.Table + ": reads no column"
	}
	for _, c := range t.Columns {
		for _, r := range c.Ranges {
			switch {
			case r.Low == r.High && r.Low != "":
				line += "; " + c.Name + " = " + r.Low
				continue
			case r.Low != "":
				line += "; " + c.Name + map[bool]string{true: " >= ", false: " > "}[r.LowBound == "EXACTLY"] + r.Low
			}
			if r.High != "" {
				line += "; " + c.Name + map[bool]string{true: " <= ", false: " < "}[r.HighBound == "EXACTLY"] + r.High
			}
		}
	}
	return line
}

// argValue is the value of a parameter as a result would have it.
func argValue(v any) any {
	if n, ok := v.(int); ok {
		return int64(n)
	}
	return v
}

// queryMemory is the bound on a query's memory: what was set, else a quarter of the machine.
func queryMemory(set int64) int64 {
	if set > 0 {
		return set
	}
	return physicalMemory() / 4
}

// physicalMemory is the memory of the machine in bytes, or 0 where it is not known.
func physicalMemory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	var kb int64
	if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kb); err != nil {
		return 0
	}
	return kb << 10
}
