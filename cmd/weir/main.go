// Weir turns the flow logs of AWS VPCs into network security that is applied.
//
// Start at newRoot: one subcommand per file. This program only reads flags and settings (settings.go), wires the
// packages under internal together (wire.go), and prints; what it does is done there. What must hold: results go to
// stdout and everything else to stderr, the exit status means what help.go says, and text that came from a log, a key
// or a tag reaches a terminal only through printable.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// Exit statuses are those of grep: 0 yes, 1 no (a check failed), 2 trouble; 130 after Ctrl-C.
const (
	exitNo          = 1
	exitTrouble     = 2
	exitInterrupted = 130
)

// errNo ends a command whose answer is no. What there was to say has been said.
var errNo = errors.New("no")

// savedError is how a command that was interrupted says what it had finished by then.
type savedError struct {
	saved string // a sentence without a full stop: "12 objects are in the lake; the same command goes on from there"
	err   error
}

func (e *savedError) Error() string { return e.err.Error() }
func (e *savedError) Unwrap() error { return e.err }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first Ctrl-C asks; the second, should the work not end by itself, is the system's own.
	context.AfterFunc(ctx, stop)

	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := newRoot(a)
	root.SetArgs(args)
	return a.exit(ctx, root.ExecuteContext(ctx))
}

// exit says what there is to say about err, and returns the exit status. It is the only place that prints errors.
func (a *app) exit(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNo):
		return exitNo
	case ctx.Err() != nil:
		line := "weir: interrupted"
		if s := (*savedError)(nil); errors.As(err, &s) {
			line += ": " + printable(s.saved)
		}
		fmt.Fprintln(a.stderr, line)
		return exitInterrupted
	}
	fmt.Fprintf(a.stderr, "weir: %s\n", printableLines(err.Error()))
	if h := hint(err); h != "" {
		fmt.Fprintf(a.stderr, "hint: %s\n", printable(h))
	}
	return exitTrouble
}

// app is what every subcommand gets: the streams, the global flags, and the settings once they are read, which is
// before a command's RunE.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	lake    string
	config  string
	output  string // flag, environment or settings file; "" where the command's own default holds
	quiet   bool
	noColor bool

	settings settings
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "weir",
		Short: "Network security from AWS VPC flow logs",
		Long: `weir reads the flow logs of AWS VPCs, keeps them as an Apache Iceberg table, and answers questions about them
in SQL: on one machine, in one program, without an account for anything.

Start with 'weir demo': a day of generated traffic, one mistake in it, and the queries that find it.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if !needsSettings(cmd) {
				return nil
			}
			return a.readSettings(cmd)
		},
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	addGlobalFlags(root, a)
	addHelp(root)
	root.AddCommand(
		newDemoCmd(a),
		newIngestCmd(a),
		newCatCmd(a),
		newQueryCmd(a),
		newQueriesCmd(a),
		newRulesCmd(a),
		newFieldsCmd(a),
		newDetectCmd(a),
		newCoverageCmd(a),
		newNetworkCmd(a),
		newRefineCmd(a),
		newFindingsCmd(a),
		newLakeCmd(a),
		newInitCmd(a),
		newDoctorCmd(a),
		newNotifyCmd(a),
		newConfigCmd(a),
		newVersionCmd(a),
		newDocsCmd(a),
		newGenerateCmd(a),
	)
	finishHelp(root)
	return root
}
