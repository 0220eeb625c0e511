package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"weir/flowlog"
)

func newFieldsCmd(a *app) *cobra.Command {
	var tgw bool
	var format string
	cmd := &cobra.Command{
		Use:   "fields",
		Short: "Show what a flow record can hold, or check a log format",
		Long: `Shows the fields of VPC flow logs, or with --tgw those of transit gateway flow logs: AWS's name, the column's name in
SQL, the type, the version of flow logs that brought it, and the meaning.

With --format it checks a log format instead, as it stands in Terraform or in the answer of DescribeFlowLogs: unknown or
doubled names, what each missing field costs, and a format that has what weir recommends. A log's format cannot be
changed once it is created, so this is worth a look before. Exit status 1 says that something is wrong, or that a field
is missing without which the logs cannot answer what they are kept for.`,
		Example: `  weir fields
  weir fields --tgw -o md
  weir fields --format default
  weir fields --format '${version} ${srcaddr} ${dstaddr} ${dstport} ${start} ${action}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			table := flowlog.VPC
			if tgw {
				table = flowlog.TransitGateway
			}
			if !cmd.Flags().Changed("format") {
				l := fieldList(table)
				return l.write(a.stdout, out)
			}
			if tgw && strings.TrimSpace(format) == "default" {
				return fmt.Errorf("check log format: transit gateway flow logs have a default of their own, all %d fields; name the fields", len(table.Fields))
			}
			c, err := checkFormat(format)
			if err != nil {
				return err
			}
			if tgw && c.table != table {
				return fmt.Errorf("check log format: none of its fields is one that only transit gateway flow logs have; without --tgw it is checked as a VPC's")
			}
			if err := c.write(a.stdout, out); err != nil {
				return err
			}
			if !c.good() {
				return errNo
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&tgw, "tgw", false, "transit gateway flow logs instead of those of a VPC")
	cmd.Flags().StringVar(&format, "format", "", "check this log `FORMAT`: \"${version} ${account-id} …\", a plain list, or default")
	return cmd
}

func fieldList(t *flowlog.Table) *list {
	l := &list{columns: []string{"name", "column", "type", "since", "meaning"}}
	for i := range t.Fields {
		f := &t.Fields[i]
		l.add(f.Name, f.Column, sqlType(f.Kind), f.Since, f.Doc)
	}
	return l
}

// sqlType is the type of a column in SQL, in the words of the dialect.
func sqlType(k flowlog.Kind) string {
	switch k {
	case flowlog.Text, flowlog.Enum, flowlog.Address:
		return "varchar"
	case flowlog.Port, flowlog.Code, flowlog.Flags:
		return "integer"
	case flowlog.Count, flowlog.Epoch:
		return "bigint"
	}
	panic("BUG: unknown kind " + k.String())
}

// formatCheck is what there is to say about a log format.
type formatCheck struct {
	table   *flowlog.Table
	fields  []string // as understood: AWS's names, in order, each once
	twice   []string
	unknown []string
	missing []*flowlog.Field // needed first, then recommended, then optional
}

// checkFormat reads a format more kindly than flowlog.ParseFormat does, which must refuse what it does not understand:
// here the point is to say what is wrong and how it would be right.
func checkFormat(text string) (*formatCheck, error) {
	if strings.TrimSpace(text) == "default" {
		text = flowlog.DefaultFormat
	}
	c := &formatCheck{}
	var once []string
	for _, name := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,\t\r\n\"'", r) }) {
		name = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(name, "$"), "{"), "}")
		name = strings.ReplaceAll(name, "_", "-") // as columns are spelt
		switch {
		case slices.Contains(once, name):
			c.twice = append(c.twice, name)
		case name != "":
			once = append(once, name)
		}
	}
	f, err := flowlog.ParseFormat(strings.Join(once, " "))
	if err != nil {
		return nil, err
	}
	c.table, c.fields, c.unknown = f.Table, f.Names, f.Unknown()
	for i := range f.Table.Fields {
		if field := &f.Table.Fields[i]; !f.Has(field.Name) {
			c.missing = append(c.missing, field)
		}
	}
	slices.SortStableFunc(c.missing, func(a, b *flowlog.Field) int { return int(c.cost(b).weight) - int(c.cost(a).weight) })
	return c, nil
}

func (c *formatCheck) cost(f *flowlog.Field) fieldCost { return fieldCosts[c.table][f.Name] }

// good tells whether the format can be used for what flow logs are kept for.
func (c *formatCheck) good() bool {
	return len(c.twice) == 0 && len(c.unknown) == 0 && !slices.ContainsFunc(c.missing, func(f *flowlog.Field) bool { return c.cost(f).weight == needed })
}

// corrected returns the format as AWS spells it: what is there and right, in its order, then what is needed and
// recommended. A log of the default fields alone stays readable by tools that know no other order.
func (c *formatCheck) corrected() string {
	names := slices.DeleteFunc(slices.Clone(c.fields), func(n string) bool { return slices.Contains(c.unknown, n) })
	for _, f := range c.missing {
		if c.cost(f).weight >= recommended {
			names = append(names, f.Name)
		}
	}
	for i, n := range names {
		names[i] = "${" + n + "}"
	}
	return strings.Join(names, " ")
}

// version is the version of flow logs that the format needs, which is what AWS writes into the field version.
func (c *formatCheck) version() int {
	v := 2
	for _, n := range c.fields {
		if f := c.table.Field(n); f != nil {
			v = max(v, f.Since)
		}
	}
	return v
}

func (c *formatCheck) write(w io.Writer, format string) error {
	l := list{columns: []string{"field", "weight", "cost"}}
	for _, f := range c.missing {
		l.add(f.Name, c.cost(f).weight.String(), c.cost(f).costs)
	}
	switch format {
	case "json":
		return c.writeJSON(w, &l)
	case "table":
	default:
		return l.write(w, format)
	}

	fmt.Fprintf(w, "%d of the %s of %s, version %d.\n", len(c.fields)-len(c.unknown), counted(len(c.table.Fields), "field"), c.table.Name, c.version())
	for _, n := range c.twice {
		fmt.Fprintf(w, "wrong: %s stands twice\n", printable(n))
	}
	for _, n := range c.unknown {
		fmt.Fprintf(w, "wrong: %s is no field that weir knows%s\n", printable(n), didYouMean(n, c.names()))
	}
	for _, wt := range []weight{needed, recommended, optional} {
		c.writeMissing(w, wt)
	}
	if len(c.missing) == 0 {
		fmt.Fprintln(w, "\nNothing is missing.")
	}
	if fix := c.corrected(); fix != c.spelt() || len(c.twice) > 0 {
		fmt.Fprintf(w, "\nWith all that is needed and recommended (aws_flow_log's log_format, or --log-format of create-flow-logs):\n\n%s\n", fix)
	}
	return nil
}

// writeMissing prints the missing fields of one weight; those that cost the same stand in one line.
func (c *formatCheck) writeMissing(w io.Writer, wt weight) {
	var costs []string
	fields := map[string][]string{}
	for _, f := range c.missing {
		if k := c.cost(f); k.weight == wt {
			if fields[k.costs] == nil {
				costs = append(costs, k.costs)
			}
			fields[k.costs] = append(fields[k.costs], f.Name)
		}
	}
	if len(costs) > 0 {
		fmt.Fprintf(w, "\nMissing, %s:\n", wt)
	}
	for _, cost := range costs {
		fmt.Fprintf(w, "  %s: %s\n", strings.Join(fields[cost], ", "), cost)
	}
}

// spelt is the format as understood, in AWS's spelling.
func (c *formatCheck) spelt() string {
	var b strings.Builder
	for i, n := range c.fields {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("${" + n + "}")
	}
	return b.String()
}

func (c *formatCheck) names() (names []string) {
	for i := range c.table.Fields {
		names = append(names, c.table.Fields[i].Name)
	}
	return names
}

func (c *formatCheck) writeJSON(w io.Writer, l *list) error {
	type miss struct {
		Field  string `json:"field"`
		Weight string `json:"weight"`
		Cost   string `json:"cost"`
	}
	missing := make([]miss, 0, len(l.rows))
	for _, r := range l.rows {
		missing = append(missing, miss{r[0].(string), r[1].(string), r[2].(string)})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Good      bool     `json:"good"`
		Table     string   `json:"table"`
		Version   int      `json:"version"`
		Fields    []string `json:"fields"`
		Twice     []string `json:"twice"`
		Unknown   []string `json:"unknown"`
		Missing   []miss   `json:"missing"`
		Corrected string   `json:"corrected"`
	}{c.good(), c.table.Name, c.version(), c.fields, notNil(c.twice), notNil(c.unknown), missing, c.corrected()})
}

// notNil makes an empty list of JSON of what would be null.
func notNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
