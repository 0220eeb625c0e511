package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// addCompletions tells the shell what the values of the global flags can be. The command `weir completion` itself, and
// the completion of commands and flags, are cobra's.
func addCompletions(root *cobra.Command) {
	register := func(flag string, f cobra.CompletionFunc) {
		if err := root.RegisterFlagCompletionFunc(flag, f); err != nil {
			panic("BUG: " + err.Error())
		}
	}
	register("output", cobra.FixedCompletions(outputFormats, cobra.ShellCompDirectiveNoFileComp))
	register("config", cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt))
	register("lake", cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs))
}

// completeNames is for arguments that are one of a list of names.
func completeNames(names func() []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		out := slices.DeleteFunc(names(), func(n string) bool { return !strings.HasPrefix(n, start) })
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}
