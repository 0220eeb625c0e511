// Weir turns the flow logs of AWS VPCs into network security that is applied.
//
// Start at newRoot: one subcommand per file. This program only reads flags and settings, wires the packages under
// internal together (wire.go), and prints; what it does is done there.
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

func main() { os.Exit(run()) }

// Exit statuses are those of grep: 0 yes, 1 no (a check failed), 2 trouble; 130 after Ctrl-C.
const (
	exitNo          = 1
	exitTrouble     = 2
	exitInterrupted = 130
)

// errNo ends a command whose answer is no. What there was to say has been said.
var errNo = errors.New("no")

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	err := newRoot(a).ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNo):
		return exitNo
	case ctx.Err() != nil:
		fmt.Fprintln(a.stderr, "weir: interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(a.stderr, "weir: %v\n", err)
	return exitTrouble
}

// app is what every subcommand gets: the streams and the global flags.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	lake    string
	config  string
	output  string
	quiet   bool
	noColor bool
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "weir",
		Short:         "Network security from AWS VPC flow logs",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	return root
}
