package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"weir/internal/doctor"
	"weir/internal/doctor/terraform"
)

// errUnread ends a doctor's visit of which a part could not be made. What it was has been said, line by line.
var errUnread = errors.New("some files could not be read as Terraform; the findings are those of the rest")

func newDoctorCmd(a *app) *cobra.Command {
	var dir, failOn string
	var only []string
	var live bool
	cmd := &cobra.Command{
		Use:   "doctor --terraform DIR|FILE|- | --aws",
		Short: "Say what is wrong with flow logs, in Terraform or in a live account",
		Long: `Reads the Terraform files of a directory, and of the local modules that it calls inside that directory, and says
what is wrong with the flow logs, buckets, tables, saved queries, alarms and roles in them, the worst first: where it
stands, what it leads to, and the change as a diff where it is a simple one. Nothing is run or changed, and nothing is
asked of AWS.

Of files, what is written literally, or follows from defaults of variables, terraform.tfvars, locals and other
resources, is judged. What is known only when Terraform runs is not. Modules from elsewhere are not read, and are said
to be left out.

FILE, or - for standard input, is what 'terraform show -json' writes of a plan or a state. It knows the values of
variables, of modules from elsewhere and of what loops make. It has no lines, so there are no diffs. Sensitive values
are taken as unknown. A state does not tell what was written from what AWS filled in: a plan finds more.

Where something bad is found, table and md end in the call of weir's Terraform module that logs the same without it.

With --aws it looks at the flow logs of a live account and Region instead, and at what they lead to. It changes nothing.
It also finds what no file can show: a delivery that fails or has stopped, a VPC that nothing logs, a table whose
columns are not the fields of the delivered objects. What it may not see is said; docs/doctor.md has the permissions.

The formats are those of every command, and sarif, for code scanning. Exit status 1 says that there are findings at or
above --fail-on, 2 that something could not be read.`,
		Example: `  weir doctor --terraform infrastructure
  weir doctor --terraform . --fail-on medium -o sarif > doctor.sarif
  terraform show -json plan | weir doctor --terraform -
  weir doctor --terraform . --check table-column-missing
  weir doctor --aws --s3-region eu-west-1
  weir doctor checks`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := a.outputFormat("table", append(slices.Clone(outputFormats), "sarif")...)
			if err != nil {
				return err
			}
			least, err := doctor.ParseSeverity(failOn)
			if err != nil {
				return fmt.Errorf("--fail-on: %w", err)
			}
			checks, err := chosenChecks(only, live)
			if err != nil {
				return err
			}
			var m *doctor.Module
			unread := errUnread
			switch {
			case live && dir != "":
				return errors.New("--terraform and --aws: one at a time")
			case live:
				m, err = lookAtAWS(cmd.Context(), a)
				unread = errUnseen
			case dir == "":
				return errors.New("say what to look at: --terraform DIR, --terraform PLAN.json, which 'terraform show -json' writes, or --aws")
			default:
				m, err = a.readTerraform(dir)
			}
			if err != nil {
				return err
			}
			found := doctor.Run(m, checks)
			if err := a.writeFindings(m, found, checks, out, len(only) == 0); err != nil {
				return err
			}
			for _, n := range m.Notes {
				fmt.Fprintf(a.stderr, "note: %s\n", printable(n))
			}
			for _, p := range m.Problems {
				fmt.Fprintf(a.stderr, "weir: %s\n", printable(p.String()))
			}
			if !a.quiet {
				fmt.Fprintf(a.stderr, "%s by %s on %s\n", counted(len(found), "finding"), counted(len(checks), "check"), counted(len(m.Resources), "resource"))
			}
			switch {
			case len(m.Problems) > 0:
				return unread
			case slices.ContainsFunc(found, func(f doctor.Finding) bool { return f.Check.Severity >= least }):
				return errNo
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "terraform", "", "look at the files in `DIR`, or at the JSON of a plan or state, from a file or -")
	f.BoolVar(&live, "aws", false, "look at the live account and Region that the AWS settings name")
	f.StringVar(&failOn, "fail-on", "high", "exit status 1 from this `SEVERITY` on: "+strings.Join(doctor.Severities(), ", "))
	f.StringSliceVar(&only, "check", nil, "only this check, by its `ID`; may be said several times")
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(doctor.Severities(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("check", cobra.FixedCompletions(checkIDs(), cobra.ShellCompDirectiveNoFileComp))
	addSettingFlags(cmd, "s3.region", "s3.profile", "s3.endpoint", "s3.path_style", "s3.assume_role", "s3.external_id")
	cmd.AddCommand(newDoctorChecksCmd(a))
	return cmd
}

// readTerraform reads a directory of Terraform's files, or else what 'terraform show -json' wrote.
func (a *app) readTerraform(name string) (*doctor.Module, error) {
	if name == "-" {
		return terraform.ReadShown(a.stdin, "stdin")
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		m, err := terraform.Read(name)
		if plans, _ := filepath.Glob(filepath.Join(name, "*.json")); err != nil && len(plans) > 0 {
			err = fmt.Errorf("%w; if %s is a plan, name that", err, plans[0])
		}
		return m, err
	case err == nil && (strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tf.json") || strings.HasSuffix(name, ".tfvars")):
		return nil, fmt.Errorf("%s is one file of a Terraform configuration: name its directory", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read Terraform: %w", err)
	}
	defer f.Close()
	m, err := terraform.ReadShown(f, name)
	if errors.Is(err, terraform.ErrNotShown) {
		err = fmt.Errorf("%w (terraform plan -out=plan && terraform show -json plan > plan.json)", err)
	}
	return m, err
}

func newDoctorChecksCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "checks",
		Short:   "List what the doctor looks for",
		Long:    "Lists what the doctor looks for: each check's name, how bad it is, why, what to do, and where AWS says so.",
		Example: "  weir doctor checks\n  weir doctor checks -o md",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			l := list{columns: []string{"check", "severity", "title"}}
			if out != "table" {
				l.columns = append(l.columns, "why", "fix", "source")
			}
			for _, c := range doctor.Checks() {
				l.add([]any{c.ID, c.Severity.String(), c.Title, c.Why, c.Fix, c.Source}[:len(l.columns)]...)
			}
			return l.write(a.stdout, out)
		},
	}
}

func checkIDs() (ids []string) {
	for _, c := range doctor.Checks() {
		ids = append(ids, c.ID)
	}
	return ids
}

// chosenChecks are those named by only, else all that make sense: in files, nothing of a live account shows.
func chosenChecks(only []string, live bool) ([]*doctor.Check, error) {
	all := doctor.Checks()
	for _, id := range only {
		if !slices.Contains(checkIDs(), id) {
			return nil, fmt.Errorf("--check: no check is called %q%s", id, didYouMean(id, checkIDs()))
		}
	}
	return slices.DeleteFunc(all, func(c *doctor.Check) bool {
		return len(only) > 0 && !slices.Contains(only, c.ID) || len(only) == 0 && c.Live() && !live
	}), nil
}

// writeFindings prints them. With whole, people also get what would stand in the place of flow logs that are badly made.
func (a *app) writeFindings(m *doctor.Module, found []doctor.Finding, checks []*doctor.Check, out string, whole bool) error {
	var b strings.Builder
	switch out {
	case "sarif":
		return writeSARIF(a.stdout, found, checks)
	case "table":
		for _, f := range found {
			fmt.Fprintf(&b, "%s  %s%s (%s)\n  %s: %s\n  %s Fix: %s\n", strings.ToUpper(f.Check.Severity.String()), printable(place(f)), printable(f.Check.Title), f.Check.ID,
				printable(f.Resource), printable(f.Summary), printable(f.Check.Why), printable(f.Check.Fix))
			for l := range strings.Lines(f.Diff) {
				b.WriteString("    " + printable(strings.TrimSuffix(l, "\n")) + "\n")
			}
			b.WriteString("\n")
		}
		if text, replaces := equivalent(m, found, whole); text != "" {
			b.WriteString("INSTEAD  weir's Terraform module logs the same, without these faults. docs/terraform.md says how to go over to it.\n")
			for l := range strings.Lines(text) {
				b.WriteString("    " + printable(strings.TrimSuffix(l, "\n")) + "\n")
			}
			b.WriteString("  It stands for " + printable(strings.Join(replaces, ", ")) + ".\n\n")
		}
		_, err := io.WriteString(a.stdout, b.String())
		return err
	case "md":
		b.WriteString("# weir doctor\n")
		severity := ""
		for _, f := range found {
			if s := f.Check.Severity.String(); s != severity {
				severity = s
				fmt.Fprintf(&b, "\n## %s\n", strings.ToUpper(s[:1])+s[1:])
			}
			fmt.Fprintf(&b, "\n### %s\n\n%s, %s: %s. %s\n\nFix: %s\n\nCheck: %s. Source: %s.\n", markdownCell(f.Check.Title), markdownCell(place(f)), markdownCell(f.Resource),
				markdownCell(f.Summary), markdownCell(f.Check.Why), markdownCell(f.Check.Fix), f.Check.ID, markdownCell(f.Check.Source))
			if f.Diff != "" {
				b.WriteString("\n" + fenced("diff", f.Diff))
			}
		}
		if len(found) == 0 {
			b.WriteString("\nNothing found.\n")
		}
		if text, replaces := equivalent(m, found, whole); text != "" {
			fmt.Fprintf(&b, "\n## Instead\n\nweir's Terraform module logs the same, without these faults. docs/terraform.md says how to go over to it. It stands for %s.\n\n%s",
				markdownCell(strings.Join(replaces, ", ")), fenced("hcl", text))
		}
		_, err := io.WriteString(a.stdout, b.String())
		return err
	}
	l := list{columns: []string{"severity", "check", "file", "line", "resource", "title", "summary", "why", "fix", "source", "diff"}}
	for _, f := range found {
		var line any
		if f.Line > 0 {
			line = f.Line
		}
		l.add(f.Check.Severity.String(), f.Check.ID, nullIfEmpty(f.File), line, f.Resource, f.Check.Title, f.Summary, f.Check.Why, f.Check.Fix, f.Check.Source, nullIfEmpty(f.Diff))
	}
	return l.write(a.stdout, out)
}

// equivalent is a call of weir's module, where something bad was found that it would not have.
func equivalent(m *doctor.Module, found []doctor.Finding, whole bool) (text string, replaces []string) {
	if !whole || !slices.ContainsFunc(found, func(f doctor.Finding) bool { return f.Check.Severity >= doctor.High }) {
		return "", nil
	}
	return doctor.Equivalent(m)
}

// fenced is a block of code in Markdown, with a fence that nothing in it can end.
func fenced(language, text string) string {
	fence := "~~~"
	for strings.Contains(text, fence) {
		fence += "~"
	}
	return fence + language + "\n" + printableLines(text) + fence + "\n"
}

func nullIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// place is where a finding stands in files, "" in a live account, whose resources say it by their names.
func place(f doctor.Finding) string {
	switch {
	case f.File == "":
		return ""
	case f.Line == 0:
		return f.File + ": "
	}
	return fmt.Sprintf("%s:%d: ", f.File, f.Line)
}

func doctorDoc() []byte {
	var b bytes.Buffer
	b.WriteString("# What the doctor looks for\n\n" + generatedNote)
	all := doctor.Checks()
	files := 0
	for _, c := range all {
		if !c.Live() {
			files++
		}
	}
	fmt.Fprintf(&b, `%sweir doctor --terraform DIR%s reads Terraform files and finds the mistakes below, %d kinds. Each names the place, and
shows the change as a diff where it is a simple one. What is known only when Terraform runs (a variable without a default,
the result of a data source, a module from elsewhere) is never a finding.

%sterraform show -json PLAN | weir doctor --terraform -%s reads a plan instead, and the same without PLAN the state. A plan
knows more: values of variables, modules from elsewhere, what count, for_each and dynamic blocks make, policies of
aws_iam_policy_document. Some things only the files show: lines and diffs, lifecycle blocks, and which folder of a new
bucket is meant where AWS has yet to make up its ARN. A state has what was written and what AWS filled in as one, so what is
left to a default is not always found there. Sensitive values are taken as unknown, and said to be; no plan needs AWS for this.

Where something high or critical is found, the table and the Markdown end in a call of weir's Terraform module that logs the
same, and say which resources it stands for.

%sweir doctor --aws%s looks at a live account instead. Of files, functions that read others (file, templatefile) are not
run: what they make is unknown. Override files are merged as Terraform does it, but what they change has no line and no diff.

In CI: %sweir doctor --terraform . --fail-on high -o sarif > doctor.sarif%s. Exit status 1 says that there are findings at or
above --fail-on, 2 that a file could not be read.
`, "`", "`", files, "`", "`", "`", "`", "`", "`")
	b.WriteString(doctorAWSDoc())
	for _, severity := range doctor.Severities() {
		fmt.Fprintf(&b, "\n## %s\n", strings.ToUpper(severity[:1])+severity[1:])
		for _, c := range all {
			if c.Severity.String() == severity {
				only := ""
				if c.Live() {
					only = " *A live account only.*"
				}
				fmt.Fprintf(&b, "\n### %s\n\n%s. %s%s\n\nFix: %s\n\nSource: %s.\n", c.ID, c.Title, c.Why, only, c.Fix, c.Source)
			}
		}
	}
	return b.Bytes()
}
