package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Help is for a person: each command says what it does in a line, shows how it is used, and stands in a group.
func TestHelpIsComplete(t *testing.T) {
	root := newRoot(&app{})
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		name := c.CommandPath()
		for _, sub := range c.Commands() {
			if sub.Name() != "completion" { // that one is cobra's
				walk(sub)
			}
		}
		if !c.HasParent() || c.IsAdditionalHelpTopicCommand() {
			return
		}
		if c.Short == "" || len(c.Short) > 90 || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: %q is not one short line without a full stop", name, c.Short)
		}
		if c.Runnable() && !c.Hidden && !c.HasSubCommands() && c.Example == "" {
			t.Errorf("%s has no example", name)
		}
		for _, line := range strings.Split(c.Example, "\n") {
			if line != "" && !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: example %q is not indented by two blanks", name, line)
			}
		}
		if c.Parent() == root && !c.Hidden && c.GroupID == "" {
			t.Errorf("%s is in no group of helpGroups", name)
		}
		for _, line := range strings.Split(c.Long, "\n") {
			if len([]rune(line)) > 120 {
				t.Errorf("%s: a line of its help is longer than 120 columns: %q", name, line)
			}
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s: --%s is not explained", name, f.Name)
			}
		})
	}
	walk(root)
}

// The reference manual says what the code does.
func TestGeneratedDocs(t *testing.T) {
	for name, want := range generatedDocs(newRoot(&app{})) {
		got, err := os.ReadFile(filepath.Join("../../docs", name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(got), string(want)); diff != "" {
			t.Errorf("docs/%s is out of date, run go generate ./... (- is what is there):\n%s", name, diff)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	names := []string{"ingest", "query", "queries", "lake", "--lake", "--log-format"}
	for typed, want := range map[string]string{
		"ingets": "ingest", "inget": "ingest", "ing": "ingest", "qurey": "query", "lkae": "lake", "--lkae": "--lake", "--logformat": "--log-format",
		"banana": "", "x": "", "": "",
	} {
		got := didYouMean(typed, names)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("didYouMean(%q) = %q, want %q", typed, got, want)
		}
	}
}
