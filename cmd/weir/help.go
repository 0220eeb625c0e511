package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"weir/internal/engine"
)

// helpGroups order the commands by what a person wants to do. A command that is in no group is a mistake that a test
// finds.
var helpGroups = []struct {
	id, title string
	commands  []string
}{
	{"start", "Start here:", []string{"demo"}},
	{"read", "Read flow logs:", []string{"ingest", "cat"}},
	{"ask", "Ask:", []string{"query", "queries", "fields", "network"}},
	{"detect", "Detect:", []string{"detect", "findings", "rules", "coverage", "notify", "refine"}},
	{"keep", "Look after the lake:", []string{"lake"}},
	{"aws", "Look after the AWS side:", []string{"init", "doctor"}},
	{"self", "About weir itself:", []string{"config", "version", "completion", "help"}},
}

// helpTopics are pages of help that belong to no command.
var helpTopics = []struct{ name, short, text string }{
	{"exit", "Exit statuses", `  0    done
  1    the answer is no: a check failed
  2    trouble: a bad flag, no access, broken input that stopped the work
  130  Ctrl-C: stopped cleanly; what was finished by then is kept, and the line on stderr says what it is

Lines of a log that cannot be read are not trouble: they are counted, set aside with their reason, and shown by
'weir lake rejects'.`},

	{"sources", "Where logs can lie, and in which forms", `A SOURCE is one of

  PATH                a file, or a folder with all that is in it
  -                   standard input
  s3://BUCKET/PREFIX  objects in S3 or a server that speaks its protocol

Text, gzip, zstd and Parquet are told apart by content, not by name. AWS's key layouts are all known: by day or by hour,
Hive or plain, with an organisation's id, behind any prefix; also transit gateway logs and exports of CloudWatch Logs.
--since and --until skip days by their keys, without listing them.

Text that AWS delivers to S3 begins with a header, which names the fields. Where there is none (CloudWatch Logs,
Firehose), say them with --log-format: as AWS spells it, "${version} ${account-id} …", as a plain list of names, or
"default". weir never guesses a format from the number of columns.

Credentials come from where every AWS program takes them: environment, ~/.aws, SSO, the instance's role. Reading a bucket
needs s3:ListBucket on it and s3:GetObject on its objects, and kms:Decrypt where objects are encrypted with a key of yours.`},

	{"times", "Values of --since and --until", `  2026-11-01             the first moment of that day, in UTC
  2026-11-01T08:00:00Z   a time in RFC 3339; without a zone it is UTC
  90m, 24h, 7d, 2w       an age: that long ago; also 1d12h

--since is included and --until is not, so that two windows beside each other count nothing twice.`},

	{"settings", "The settings file and the environment", ""}, // made from settingTable
}

// addHelp sets up what every command's help has in common. It is called before commands are added, finishHelp after.
func addHelp(root *cobra.Command) {
	for _, t := range helpTopics {
		text := t.text
		if t.name == "settings" {
			text = settingsHelp()
		}
		root.AddCommand(&cobra.Command{Use: t.name, Short: t.short, Long: t.short + ".\n\n" + text})
	}
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp(root))
	root.Version = strings.TrimPrefix(readBuildInfo().String(), "weir ")
	root.SetVersionTemplate("weir {{.Version}}\n")
	addCompletions(root)
	cobra.EnableCommandSorting = false
}

// newHelp replaces cobra's help command, which calls an unknown topic a success.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:         "help [COMMAND | TOPIC]",
		Short:       "Explain a command or a topic",
		Example:     "  weir help ingest\n  weir help sources",
		Annotations: noSettings,
		ValidArgsFunction: func(_ *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
			c, _, err := root.Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return slices.DeleteFunc(commandNames(c), func(n string) bool { return !strings.HasPrefix(n, start) }), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err == nil && len(rest) > 0 {
				err = fmt.Errorf("no help on %q%s", strings.Join(args, " "), didYouMean(rest[0], commandNames(c)))
			}
			if err != nil {
				return err
			}
			c.InitDefaultHelpFlag()
			c.InitDefaultVersionFlag()
			return c.Help()
		},
	}
}

// commandNames are the names of the commands and topics below c.
func commandNames(c *cobra.Command) (names []string) {
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}

// finishHelp puts commands into their groups, and makes a misspelt subcommand of theirs an error with a suggestion.
func finishHelp(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, g := range helpGroups {
		for _, c := range root.Commands() {
			if !slices.Contains(g.commands, c.Name()) {
				continue
			}
			if !root.ContainsGroup(g.id) {
				root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
			}
			c.GroupID = g.id
		}
	}
	strictArgs(root)
}

// strictArgs makes a misspelt subcommand an error that says what was probably meant. Where a command only holds others,
// cobra would print help and call it success, whatever was typed.
func strictArgs(c *cobra.Command) {
	for _, sub := range c.Commands() {
		strictArgs(sub)
	}
	if !c.HasSubCommands() {
		return
	}
	if c.RunE == nil {
		c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		c.Annotations = noSettings
		c.Args = cobra.NoArgs
	}
	if accepts := c.Args; accepts != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			err := accepts(cmd, args)
			if err != nil && len(args) > 0 {
				return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), didYouMean(args[0], commandNames(cmd)))
			}
			return err
		}
	}
}

// flagError adds what was probably meant to an unknown flag.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return fmt.Errorf("%w; see '%s --help'", err, cmd.CommandPath())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, "--"+f.Name)
		}
	})
	return fmt.Errorf("%w%s; see '%s --help'", err, didYouMean("--"+unknown.GetSpecifiedName(), names), cmd.CommandPath())
}

func settingsHelp() string {
	var b strings.Builder
	b.WriteString(`A setting's value comes from its flag, else from its environment variable, else from the settings file, else it has a
default. 'weir config' shows what is in force. The file is --config, else $WEIR_CONFIG, else weir.yaml in the current
folder, else weir/weir.yaml in $XDG_CONFIG_HOME (~/.config). A key that weir does not know is an error. A path in the
file is relative to the file.

  lake: /srv/weir
  output: table
  s3:
    region: eu-central-1
    profile: security

`)
	for _, t := range settingTable {
		fmt.Fprintf(&b, "  %-20s %-26s %s (default: %s)\n", t.key, t.env, t.doc, t.def)
	}
	return strings.TrimRight(b.String(), "\n")
}

// didYouMean returns ", did you mean …?" if one of names is near to what was typed, else "".
func didYouMean(typed string, names []string) string {
	best, found := 1+len(typed)/3, ""
	for _, n := range names {
		d := engine.Distance(typed, n)
		if prefix := len(typed) > 1 && strings.HasPrefix(n, typed); prefix && d > 1 {
			d = 1
		}
		if d < best || d == best && found == "" {
			best, found = d, n
		}
	}
	if found == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", found)
}
