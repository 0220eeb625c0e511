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
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"weir/internal/rootmodule"
)

// initAnswer is one thing that weir init wants to know: a flag, and a question where there is a terminal.
type initAnswer struct {
	flag, arg string // arg stands for the value in the help; "" is a yes or no
	ask       string // the question; "" is not asked
	doc       string
	required  bool
	get       func(*rootmodule.Settings) string
	set       func(*rootmodule.Settings, string) error // adds, where there may be several
}

// parsed makes the set of an answer that is one value.
func parsed[T any](parse func(string) (T, error), of func(*rootmodule.Settings) *T) func(*rootmodule.Settings, string) error {
	return func(s *rootmodule.Settings, v string) error {
		p, err := parse(v)
		if err == nil {
			*of(s) = p
		}
		return err
	}
}

// initAnswers are in the order of the questions. A new one is a row here, a field of rootmodule.Settings, and its line in HCL.
var initAnswers = []initAnswer{
	{flag: "region", arg: "REGION", required: true, ask: "Region of the VPCs", doc: "Region of the VPCs, and of the bucket",
		get: func(s *rootmodule.Settings) string { return s.Region },
		set: parsed(rootmodule.ParseRegion, func(s *rootmodule.Settings) *string { return &s.Region })},
	{flag: "vpc", arg: "ID", required: true, ask: "VPCs to log (vpc-…, or NAME=vpc-…; blanks between)", doc: "VPC to log, vpc-… or NAME=vpc-…; may be said several times",
		get: func(s *rootmodule.Settings) string { return namedTexts(s.VPCs) },
		set: func(s *rootmodule.Settings, v string) error {
			var vpcs []rootmodule.Named
			for word := range strings.FieldsFuncSeq(v, func(r rune) bool { return r == ' ' || r == ',' }) {
				n, err := rootmodule.ParseVPC(word)
				if err != nil {
					return err
				}
				vpcs = append(vpcs, n)
			}
			s.VPCs = append(s.VPCs, vpcs...)
			return nil
		}},
	{flag: "name", arg: "NAME", ask: "Name of workgroup, database and key", doc: "name of workgroup, database and key alias",
		get: func(s *rootmodule.Settings) string { return s.Name },
		set: parsed(rootmodule.ParseName, func(s *rootmodule.Settings) *string { return &s.Name })},
	{flag: "bucket", arg: "NAME", ask: "Bucket to make for the logs (Enter: named for account and Region)", doc: "bucket to make for the logs (default: named for account and Region)",
		get: func(s *rootmodule.Settings) string { return s.Bucket },
		set: parsed(rootmodule.ParseBucket, func(s *rootmodule.Settings) *string { return &s.Bucket })},
	{flag: "format", arg: "PRESET", ask: "Fields of a record (security: what weir's rules need; standard; v2; all)", doc: "fields of a record: " + strings.Join(rootmodule.Formats, ", "),
		get: func(s *rootmodule.Settings) string { return s.Format },
		set: parsed(oneOf(rootmodule.Formats), func(s *rootmodule.Settings) *string { return &s.Format })},
	{flag: "file-format", arg: "FORMAT", ask: "File format (parquet: cheaper to ask, a little dearer to deliver; plain-text)", doc: "format of files: " + strings.Join(rootmodule.FileFormats, ", "),
		get: func(s *rootmodule.Settings) string { return s.FileFormat },
		set: parsed(oneOf(rootmodule.FileFormats), func(s *rootmodule.Settings) *string { return &s.FileFormat })},
	{flag: "expire-days", arg: "DAYS", ask: "Days to keep the logs (0: for ever)", doc: "days to keep the logs; 0 is for ever",
		get: func(s *rootmodule.Settings) string { return strconv.Itoa(s.ExpireDays) },
		set: parsed(rootmodule.ParseDays, func(s *rootmodule.Settings) *int { return &s.ExpireDays })},
	{flag: "kms", ask: "Encrypt with a KMS key of your own ($1 a month), not S3's", doc: "encrypt with a KMS key of your own",
		get: func(s *rootmodule.Settings) string { return yesNo(s.KMS) },
		set: parsed(parseYesNo, func(s *rootmodule.Settings) *bool { return &s.KMS })},
	{flag: "athena", ask: "Make a table and a workgroup in Athena", doc: "make a table and a workgroup in Athena (--athena=false: no)",
		get: func(s *rootmodule.Settings) string { return yesNo(s.Athena) },
		set: parsed(parseYesNo, func(s *rootmodule.Settings) *bool { return &s.Athena })},
	{flag: "state-bucket", arg: "NAME", ask: "Bucket for Terraform's state, which must be there (Enter: a local file)", doc: "keep Terraform's state in this bucket, which must be there (default: a local file)",
		get: func(s *rootmodule.Settings) string { return s.Backend.Bucket },
		set: parsed(rootmodule.ParseBucket, func(s *rootmodule.Settings) *string { return &s.Backend.Bucket })},
	{flag: "state-key", arg: "KEY", doc: "key of the state (default: NAME/terraform.tfstate)",
		get: func(s *rootmodule.Settings) string { return s.Backend.Key },
		set: parsed(rootmodule.ParseText, func(s *rootmodule.Settings) *string { return &s.Backend.Key })},
	{flag: "state-region", arg: "REGION", doc: "Region of the state's bucket (default: that of the VPCs)",
		get: func(s *rootmodule.Settings) string { return s.Backend.Region },
		set: parsed(rootmodule.ParseRegion, func(s *rootmodule.Settings) *string { return &s.Backend.Region })},
	{flag: "tag", arg: "KEY=VALUE", doc: "tag of everything that is made; may be said several times",
		get: func(s *rootmodule.Settings) string { return namedTexts(s.Tags) },
		set: func(s *rootmodule.Settings, v string) error {
			t, err := rootmodule.ParseTag(v)
			if err == nil {
				s.Tags = append(s.Tags, t)
			}
			return err
		}},
	{flag: "module-source", arg: "SOURCE", doc: "source of the module: git, a registry (default: a copy, modules/flow-logs)",
		get: func(s *rootmodule.Settings) string { return s.ModuleSource },
		set: parsed(rootmodule.ParseText, func(s *rootmodule.Settings) *string { return &s.ModuleSource })},
	{flag: "module-version", arg: "VERSION", doc: "version of a module from a registry",
		get: func(s *rootmodule.Settings) string { return s.ModuleVersion },
		set: parsed(rootmodule.ParseText, func(s *rootmodule.Settings) *string { return &s.ModuleVersion })},
}

func namedTexts(list []rootmodule.Named) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.Name + "=" + n.Value
	}
	return strings.Join(out, " ")
}

func oneOf(values []string) func(string) (string, error) {
	return func(v string) (string, error) {
		if !slices.Contains(values, v) {
			return "", fmt.Errorf("%q: say one of %s%s", v, strings.Join(values, ", "), didYouMean(v, values))
		}
		return v, nil
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func parseYesNo(v string) (bool, error) {
	switch strings.ToLower(v) {
	case "y", "yes", "true", "1":
		return true, nil
	case "n", "no", "false", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q: say yes or no", v)
}

// initFlag makes an initAnswer a flag.
type initFlag struct {
	*initAnswer
	s *rootmodule.Settings
}

func (f initFlag) String() string {
	if f.initAnswer == nil || f.get == nil {
		return ""
	}
	return f.get(f.s)
}
func (f initFlag) Set(v string) error { return f.set(f.s, v) }

// Type is what the help calls the value.
func (f initFlag) Type() string {
	if f.arg == "" {
		return "bool"
	}
	return f.arg
}

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

On a terminal it asks what it was not told; Enter takes the answer in brackets. With --region and --vpc it asks nothing
and takes the defaults, so that scripts need no more.

A file that is there and would be different is never overwritten, and then none is written: --force does it. The same
answers again change nothing. After an update of weir, --renew-module brings the copy of the module up to date, and
leaves the files that are yours.`,
		Example: `  weir init infrastructure
  weir init flow-logs --region eu-west-1 --vpc main=vpc-0a1b2c3d4e5f60718
  weir init flow-logs --region eu-west-1 --vpc vpc-0a1b2c3d4e5f60718 --kms --state-bucket my-terraform-state
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
	_ = cmd.RegisterFlagCompletionFunc("file-format", cobra.FixedCompletions(rootmodule.FileFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// askInit fills in what no flag said: by questions on a terminal, if something is missing that has no default.
func (a *app) askInit(ctx context.Context, s *rootmodule.Settings, dir string, given func(flag string) bool) error {
	missing := slices.IndexFunc(initAnswers, func(q initAnswer) bool { return q.required && !given(q.flag) })
	if missing < 0 {
		return nil
	}
	if !isTerminal(a.stdin) {
		q := initAnswers[missing]
		return fmt.Errorf("init: say --%s %s: %s. Without a terminal nothing is asked", q.flag, q.arg, q.doc)
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
		if q.ask == "" || given(q.flag) {
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
