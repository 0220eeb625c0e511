package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// Set by the Makefile with -ldflags -X, from git: `git describe`, the commit's date in RFC 3339, and its hash.
var (
	version       string
	versionDate   string
	versionCommit string
)

// buildInfo is what `weir version` prints.
type buildInfo struct {
	Version  string `json:"version"`
	Date     string `json:"date"`   // of the commit; "" if not known
	Commit   string `json:"commit"` // "" if not known
	Go       string `json:"go"`
	Platform string `json:"platform"`
	DuckDB   string `json:"duckdb"`
	Iceberg  string `json:"iceberg_go"`
}

// readBuildInfo prefers what the Makefile said; `go install` and `go build` leave module version and commit in the
// program themselves.
func readBuildInfo() buildInfo {
	b := buildInfo{Version: version, Date: versionDate, Commit: versionCommit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	dirty := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			if b.Commit == "" {
				b.Commit = s.Value
			}
		case "vcs.time":
			if b.Date == "" {
				b.Date = s.Value
			}
		case "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		switch m.Path {
		case "github.com/duckdb/duckdb-go-bindings":
			b.DuckDB = duckdbVersion(m.Version)
		case "github.com/apache/iceberg-go":
			b.Iceberg = m.Version
		}
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = "devel"
		if len(b.Commit) >= 12 {
			b.Version += "-" + b.Commit[:12]
			if dirty {
				b.Version += "-dirty"
			}
		}
	}
	return b
}

// duckdbVersion reads DuckDB's version out of that of the Go module which carries it: v0.10506.0 has DuckDB 1.5.6.
func duckdbVersion(module string) string {
	var n, fix int
	if _, err := fmt.Sscanf(module, "v0.%d.%d", &n, &fix); err != nil || n < 10000 {
		return module
	}
	return fmt.Sprintf("%d.%d.%d", n/10000, n/100%100, n%100)
}

func (b buildInfo) String() string {
	parts := []string{b.Go, b.Platform}
	if b.DuckDB != "" {
		parts = append([]string{"DuckDB " + b.DuckDB}, parts...)
	}
	if b.Date != "" {
		parts = append([]string{b.Date}, parts...)
	}
	return fmt.Sprintf("weir %s (%s)", b.Version, strings.Join(parts, ", "))
}

func newVersionCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:         "version",
		Short:       "Print version and build",
		Example:     "  weir version\n  weir version -o json",
		Args:        cobra.NoArgs,
		Annotations: noSettings,
		RunE: func(*cobra.Command, []string) error {
			b := readBuildInfo()
			format, err := a.outputFormat("table", "table", "json", "jsonl")
			if err != nil {
				return err
			}
			if format == "table" {
				fmt.Fprintln(a.stdout, b)
				return nil
			}
			e := json.NewEncoder(a.stdout)
			if format == "json" {
				e.SetIndent("", "  ")
			}
			return e.Encode(b)
		},
	}
}
