package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"weir/flowlog"
)

//go:generate go run . docs --dir ../../docs --terraform ../../terraform/modules/flow-logs

// newDocsCmd makes the command that writes the reference manual from the code. People who package weir use it for the man
// pages; everybody else reads docs/.
func newDocsCmd(*app) *cobra.Command {
	var dir, man, module string
	cmd := &cobra.Command{
		Use:         "docs",
		Short:       "Write the reference manual",
		Hidden:      true,
		Args:        cobra.NoArgs,
		Annotations: noSettings,
		Example:     "  weir docs --man /usr/local/share/man/man1\n  weir docs --dir docs",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" && man == "" && module == "" {
				return errors.New("write docs: say --dir, --man or --terraform")
			}
			if module != "" {
				data, err := terraformFields()
				if err == nil {
					err = os.WriteFile(filepath.Join(module, terraformFile), data, 0o644)
				}
				var readme []byte
				if err == nil {
					readme, err = moduleReadme(module)
				}
				if err == nil {
					err = os.WriteFile(filepath.Join(module, terraformReadme), readme, 0o644)
				}
				if err != nil {
					return fmt.Errorf("write docs: %w", err)
				}
			}
			if man != "" {
				if err := writeMan(cmd.Root(), man); err != nil {
					return fmt.Errorf("write man pages: %w", err)
				}
			}
			if dir == "" {
				return nil
			}
			for name, data := range generatedDocs(cmd.Root()) {
				if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
					return fmt.Errorf("write docs: %w", err)
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "write commands.md, cost.md, doctor.md, fields.md and rules.md into `DIR`")
	cmd.Flags().StringVar(&module, "terraform", "", "write "+terraformFile+" and "+terraformReadme+" into the module in `DIR`")
	cmd.Flags().StringVar(&man, "man", "", "write a man page for each command into `DIR`")
	return cmd
}

// generatedDocs are the files of docs/ that are made from the code, by name. A test keeps them up to date.
func generatedDocs(root *cobra.Command) map[string][]byte {
	return map[string][]byte{"commands.md": commandsDoc(root), "cost.md": costDoc(), "fields.md": fieldsDoc(), "doctor.md": doctorDoc(), "rules.md": rulesDoc()}
}

func writeMan(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root.DisableAutoGenTag = true
	b := readBuildInfo()
	header := &doc.GenManHeader{Title: "WEIR", Section: "1", Source: "weir " + b.Version, Manual: "weir manual"}
	if t, err := time.Parse(time.RFC3339, b.Date); err == nil {
		header.Date = &t
	}
	return doc.GenManTree(root, header, dir)
}

const generatedNote = "<!-- Generated from the code by `go generate ./...`. Do not edit. -->\n\n"

func commandsDoc(root *cobra.Command) []byte {
	var b bytes.Buffer
	b.WriteString("# Commands\n\n" + generatedNote)
	b.WriteString(root.Long + "\n\n")
	for _, g := range root.Groups() {
		fmt.Fprintf(&b, "**%s**\n\n", strings.TrimSuffix(g.Title, ":"))
		for _, c := range root.Commands() {
			if c.GroupID == g.ID {
				fmt.Fprintf(&b, "- [`%s`](#%s): %s\n", c.CommandPath(), anchor(c), c.Short)
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("## Flags of every command\n\n")
	writeFlags(&b, root.PersistentFlags())
	for _, c := range root.Commands() {
		if c.IsAdditionalHelpTopicCommand() {
			continue
		}
		writeCommand(&b, c, 2)
	}
	b.WriteString("\n# More help\n")
	for _, c := range root.Commands() {
		if c.IsAdditionalHelpTopicCommand() {
			fmt.Fprintf(&b, "\n## %s\n\n`weir help %s`\n\n```text\n%s\n```\n", c.Short, c.Name(), strings.TrimSpace(strings.TrimPrefix(c.Long, c.Short+".")))
		}
	}
	return b.Bytes()
}

// anchor is the heading of a command. "weir help" has none: what it explains are the topics at the page's end.
func anchor(c *cobra.Command) string {
	if !c.IsAvailableCommand() {
		return "more-help"
	}
	return strings.ReplaceAll(c.CommandPath(), " ", "-")
}

func writeCommand(b *bytes.Buffer, c *cobra.Command, level int) {
	if !c.IsAvailableCommand() {
		return
	}
	fmt.Fprintf(b, "\n%s %s\n\n", strings.Repeat("#", level), c.CommandPath())
	if c.Name() == "completion" || c.Parent().Name() == "completion" {
		// cobra's own text is for a terminal, and there are five of it.
		if c.Name() == "completion" {
			b.WriteString("Prints a script that completes weir's commands, flags and values in a shell. `weir completion SHELL --help` says how to load it: `bash`, `zsh`, `fish`, `powershell`.\n")
		}
		return
	}
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	b.WriteString(text + "\n")
	if c.Runnable() {
		fmt.Fprintf(b, "\n```text\n%s\n```\n", c.UseLine())
	}
	if c.Example != "" {
		fmt.Fprintf(b, "\nExamples:\n\n```sh\n%s\n```\n", unindent(c.Example))
	}
	if f := c.LocalNonPersistentFlags(); f.HasAvailableFlags() {
		b.WriteString("\n")
		writeFlags(b, f)
	}
	for _, sub := range c.Commands() {
		writeCommand(b, sub, min(level+1, 4))
	}
}

func writeFlags(b *bytes.Buffer, flags *pflag.FlagSet) {
	l := list{columns: []string{"flag", "meaning"}}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if value != "" {
			name += " " + value
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" {
			usage += " (default " + f.DefValue + ")"
		}
		l.add("`"+name+"`", usage)
	})
	_ = l.writeMarkdown(b) // a bytes.Buffer takes everything
}

func unindent(s string) string {
	lines := strings.Split(strings.Trim(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, "  ")
	}
	return strings.Join(lines, "\n")
}

func fieldsDoc() []byte {
	var b bytes.Buffer
	b.WriteString("# Fields\n\n" + generatedNote)
	b.WriteString(`What a record can hold, in the order of AWS's tables. "Name" is AWS's, as in a log format; "column" is the same in SQL.
Every column can be NULL, which a log writes as "-". On a terminal: ` + "`weir fields`" + `, and ` + "`weir fields --format \"…\"`" + ` to check a
log format.
`)
	for _, t := range flowlog.Tables {
		fmt.Fprintf(&b, "\n## %s\n\n%s %d fields.\n\n", t.Name, t.Doc, len(t.Fields))
		l := fieldList(t)
		_ = l.writeMarkdown(&b)
	}
	b.WriteString("\n## Columns that weir adds\n\n")
	l := list{columns: []string{"column", "type", "meaning"}}
	l.add("start_time", "timestamp(6) with time zone", "`start` as a time; the lake is partitioned by its day")
	l.add("end_time", "timestamp(6) with time zone", "`end` as a time; in SQL only, it is not stored")
	l.add("source_object", "varchar", "the object that the record came from")
	l.add("extra", "map(varchar, varchar)", "fields of the log that are in none of these tables: AWS's name, and the text")
	_ = l.writeMarkdown(&b)
	return b.Bytes()
}
