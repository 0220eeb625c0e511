package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"weir/queries"
)

func newQueriesCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "queries [NAME]",
		Short: "List the saved queries, or show one",
		Long: `Lists the queries that weir brings, by what they are for. With NAME it shows one: its text, its arguments and how to run
it. 'weir query @NAME KEY=VALUE…' runs it.`,
		Example: "  weir queries\n  weir queries exposed-port",
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: completeNames(func() (names []string) {
			for _, q := range queries.List() {
				names = append(names, q.Name)
			}
			return names
		}),
		RunE: func(_ *cobra.Command, args []string) error {
			format, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return listQueries(a, format)
			}
			q, ok := queries.Get(strings.TrimPrefix(args[0], "@"))
			if !ok {
				return unknownQuery(args[0])
			}
			return showQuery(a, format, q)
		},
	}
}

func listQueries(a *app, format string) error {
	l := &list{columns: []string{"group", "name", "title"}}
	for _, q := range queries.List() {
		l.add(q.Group, q.Name, q.Title)
	}
	if format != "table" {
		return l.write(a.stdout, format)
	}
	width := 0
	for _, q := range queries.List() {
		width = max(width, len(q.Name))
	}
	var b strings.Builder
	group := ""
	for _, q := range queries.List() {
		if q.Group != group {
			if group != "" {
				b.WriteByte('\n')
			}
			group = q.Group
			b.WriteString(group + "\n")
		}
		fmt.Fprintf(&b, "  %-*s  %s\n", width, q.Name, q.Title)
	}
	b.WriteString("\n'weir queries NAME' shows one, 'weir query @NAME KEY=VALUE…' runs it.\n")
	_, err := fmt.Fprint(a.stdout, b.String())
	return err
}

func showQuery(a *app, format string, q *queries.Query) error {
	if format != "table" {
		l := &list{columns: []string{"name", "group", "title", "about", "needs", "arguments", "example", "sql"}}
		args := []map[string]any{}
		for _, arg := range q.Args {
			args = append(args, map[string]any{"name": arg.Name, "type": string(arg.Type), "default": arg.Default, "about": arg.Doc})
		}
		l.add(q.Name, q.Group, q.Title, q.About, q.Needs, args, q.Example(), q.SQL)
		return l.write(a.stdout, format)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", q.Name, q.Title)
	if q.About != "" {
		fmt.Fprintf(&b, "\n%s\n", q.About)
	}
	fmt.Fprintf(&b, "\nNeeds the fields %s.\n", strings.Join(q.Needs, ", "))
	if len(q.Args) > 0 {
		b.WriteString("\nArguments:\n")
		width := 0
		for _, arg := range q.Args {
			width = max(width, len(arg.Name)+len(arg.Default)+1)
		}
		for _, arg := range q.Args {
			fmt.Fprintf(&b, "  %-*s  %s (%s)\n", width, arg.Name+"="+arg.Default, arg.Doc, arg.Type)
		}
	}
	fmt.Fprintf(&b, "\nRun it:\n  %s\n\n%s\n", q.Example(), strings.TrimSpace(q.SQL))
	_, err := fmt.Fprint(a.stdout, b.String())
	return err
}
