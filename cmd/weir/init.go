package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"weir/internal/rootmodule"
)

// plainWord is what a shell takes as it stands.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_/][A-Za-z0-9_./-]*$`)

func newInitCmd(a *app) *cobra.Command {
	s := rootmodule.DefaultSettings()
	var force, dryRun, renew bool
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write the Terraform that turns flow logs on",
		Long: `Writes a small Terraform root module into DIR, or here: versions and provider, the call of weir's module with a copy of
the module itself, outputs, and a README with the next commands, what they make and what it costs. Nothing is run, and
nothing is asked of AWS.

On a terminal it asks what it was not told; Enter takes the answer in brackets. With --region and --vpc, or
--vpc-tag, it asks nothing and takes the defaults, so that scripts need no more.

A file that is there and would be different is never overwritten, and then none is written: --force does it. The same
answers again change nothing. After an update of weir, --renew-module brings the copy of the module up to date, and
leaves the files that are yours.`,
		Example: `  weir init infrastructure
  weir init flow-logs --region eu-west-1 --vpc main=vpc-0a1b2c3d4e5f60718
  weir init flow-logs --region eu-west-1 --vpc vpc-0a1b2c3d4e5f60718 --kms --state-bucket my-terraform-state
  weir init flow-logs --region eu-west-1 --vpc-tag flow-logs=on --destination s3,cloudwatch --alarm-email ops@example.com
  weir init flow-logs --renew-module`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			given := func(flag string) bool { return cmd.Flags().Changed(flag) }
			if renew {
				return a.renewModule(dir, out, dryRun, slices.ContainsFunc(initAnswers, func(q initAnswer) bool { return given(q.flag) }))
			}
			if err := a.askInit(cmd.Context(), &s, dir, given); err != nil {
				return err
			}
			for _, q := range initAnswers {
				if given(q.flag) && q.about != "" && !s.To(q.about) {
					return fmt.Errorf("init: --%s is about the destination %s, and logs go to %s only: say --destination %s", q.flag, q.about,
						strings.Join(s.Places(), ", "), strings.Join(rootmodule.Destinations, ","))
				}
			}
			if err := s.Validate(); err != nil {
				return fmt.Errorf("init: %w", err)
			}
			files := s.Files()
			strangers, err := rootmodule.Strangers(dir, files)
			if err != nil {
				return err
			}
			if len(strangers) > 0 {
				fmt.Fprintf(a.stderr, "note: %s has other Terraform files, which are one root module with these: %s\n", printable(dir), printable(strings.Join(strangers, ", ")))
			}
			if err := a.writeRootModule(dir, out, files, force, dryRun); err != nil || dryRun || a.quiet {
				return err
			}
			cd := ""
			if plainWord.MatchString(dir) {
				cd = "cd " + dir + " && "
			} else if dir != "." {
				cd = "cd " + shellQuote(dir) + " && "
			}
			fmt.Fprintf(a.stderr, "Next: %sterraform init && terraform plan\n", printable(cd))
			fmt.Fprintf(a.stderr, "%s says what that makes, what it costs, and how it goes on.\n", printable(filepath.Join(dir, "README.md")))
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	for i := range initAnswers {
		q := &initAnswers[i]
		f.Var(initFlag{q, &s}, q.flag, q.doc)
		if q.arg == "" {
			f.Lookup(q.flag).NoOptDefVal = "true"
		}
	}
	f.BoolVar(&force, "force", false, "overwrite files that differ")
	f.BoolVar(&dryRun, "dry-run", false, "say what would be written, and write nothing")
	f.BoolVar(&renew, "renew-module", false, "write the copy of the module only, and overwrite it")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(rootmodule.Formats, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("destination", cobra.FixedCompletions(rootmodule.Destinations, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("file-format", cobra.FixedCompletions(rootmodule.FileFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// askInit fills in what no flag said: by questions on a terminal, if something is missing that has no default.
func (a *app) askInit(ctx context.Context, s *rootmodule.Settings, dir string, given func(flag string) bool) error {
	missing := slices.IndexFunc(initAnswers, func(q initAnswer) bool { return q.required && !q.given(given) })
	if missing < 0 {
		return nil
	}
	if !isTerminal(a.stdin) {
		q := initAnswers[missing]
		or := ""
		if q.instead != "" {
			or = ", or --" + q.instead + " KEY=VALUE"
		}
		return fmt.Errorf("init: say --%s %s%s: %s. Without a terminal nothing is asked", q.flag, q.arg, or, q.doc)
	}
	if s.Region == "" {
		if r := a.settings.S3.Region; isRegion(r) {
			s.Region = r
		} else if r := os.Getenv("AWS_REGION"); isRegion(r) {
			s.Region = r
		}
	}
	fmt.Fprintf(a.stderr, "Terraform for flow logs, into %s. Enter takes what is in brackets.\n", printable(dir))
	if _, err := os.Stat(filepath.Join(dir, "main.tf")); err == nil {
		fmt.Fprintln(a.stderr, "There is a main.tf already: other answers than before end in an error, unless --force was said.")
	}
	lines := readLines(a.stdin)
	for _, q := range initAnswers {
		if !q.asked(s, given) {
			continue
		}
		for answered := false; !answered; {
			def := q.get(s)
			fmt.Fprint(a.stderr, q.ask)
			if def != "" {
				fmt.Fprintf(a.stderr, " [%s]", printable(def))
			}
			fmt.Fprint(a.stderr, ": ")
			var line string
			select {
			case <-ctx.Done():
				fmt.Fprintln(a.stderr)
				return ctx.Err()
			case l, ok := <-lines:
				if !ok {
					fmt.Fprintln(a.stderr)
					return fmt.Errorf("init: the input ended before --%s was said", q.flag)
				}
				line = strings.TrimSpace(l)
			}
			var err error
			switch {
			case line != "" && q.reply != nil:
				err = q.reply(s, line)
			case line != "":
				err = q.set(s, line)
			case q.required && def == "":
				err = errors.New("it is needed")
			}
			if err != nil {
				fmt.Fprintf(a.stderr, "  %s\n", printable(err.Error()))
			}
			answered = err == nil
		}
	}
	return nil
}

func isRegion(s string) bool {
	_, err := rootmodule.ParseRegion(s)
	return err == nil
}

// readLines reads in the background, so that Ctrl-C need not wait for a line.
func readLines(r io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(r); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	return lines
}

func (a *app) renewModule(dir, out string, dryRun, answered bool) error {
	if answered {
		return errors.New("init: --renew-module writes the copy of the module only; leave the other flags out, and change main.tf")
	}
	if _, err := os.Stat(dir + "/" + rootmodule.ModuleDir); err != nil {
		return fmt.Errorf("init: no copy of the module to renew: %w", err)
	}
	return a.writeRootModule(dir, out, rootmodule.Module(), true, dryRun)
}

// writeRootModule writes files into dir and prints what became of each.
func (a *app) writeRootModule(dir, out string, files []rootmodule.File, force, dryRun bool) error {
	changes, err := rootmodule.Plan(dir, files)
	if err != nil {
		return err
	}
	if !dryRun {
		if err := rootmodule.Write(dir, changes, force); err != nil {
			return err
		}
	}
	l := list{columns: []string{"file", "status"}}
	shown := len(changes)
	if out == "table" { // a person need not read each file of the module's
		i := slices.IndexFunc(changes, func(c rootmodule.Change) bool { return strings.HasPrefix(c.Path, rootmodule.ModuleDir+"/") })
		if i >= 0 && !slices.ContainsFunc(changes[i:], func(c rootmodule.Change) bool { return c.Status != changes[i].Status }) {
			shown = i
		}
	}
	for _, c := range changes[:shown] {
		l.add(c.Path, string(c.Status))
	}
	if rest := changes[shown:]; len(rest) > 0 {
		l.add(fmt.Sprintf("%s (%d files)", rootmodule.ModuleDir, len(rest)), string(rest[0].Status))
	}
	return l.write(a.stdout, out)
}
