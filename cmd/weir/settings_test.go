package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestSize(t *testing.T) {
	for in, want := range map[string]int64{
		"512MiB": 512 << 20, "2GB": 2e9, "2gb": 2e9, "1.5GiB": 3 << 29, " 64 K ": 64 << 10, "1B": 1, "1TiB": 1 << 40,
	} {
		got, err := parseSize(in)
		if err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v; want %d", in, got, err, want)
		}
		if again, err := parseSize(formatSize(want)); err != nil || again != want {
			t.Errorf("formatSize(%d) = %q, which is %d, %v", want, formatSize(want), again, err)
		}
	}
	for _, in := range []string{"", "512", "MiB", "-1MiB", "0B", "NaNB", "InfGB", "1e30TB", "12 parsecs", "0x10MB0"} {
		if got, err := parseSize(in); err == nil {
			t.Errorf("parseSize(%q) = %d, want an error", in, got)
		}
	}
	if got := formatSize(2e9); got != "2GB" {
		t.Errorf("formatSize(2e9) = %q", got)
	}
}

// Whatever can be set can be shown and set again, by the same name everywhere.
func TestSettingTable(t *testing.T) {
	a := &app{}
	root := newRoot(a)
	config, _, err := root.Find([]string{"config"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settingTable {
		if s.doc == "" || s.def == "" {
			t.Errorf("%s: what it means, and its default, are not said", s.key)
		}
		name := s.key
		if name == "rules.dir" {
			name = "rules" // what --rules is everybody guesses
		}
		if want := "WEIR_" + strings.ToUpper(strings.ReplaceAll(name, ".", "_")); s.env != want {
			t.Errorf("%s: environment variable %s, want %s", s.key, s.env, want)
		}
		want := strings.NewReplacer(".", "-", "_", "-").Replace(name)
		if s.key == "network" {
			want = "network-file" // "weir network --network" would read as a network, not a file
		}
		if s.flag != want {
			t.Errorf("%s: flag %s, want %s", s.key, s.flag, want)
		}
		if config.Flag(s.flag) == nil {
			t.Errorf("weir config has no flag --%s", s.flag)
		}
		value := map[string]string{"threads": "3", "memory_limit": "3MiB", "engine": "trino", "max_bytes": "3GB", "daily_bytes": "3TB",
			"athena.reuse": "1h0m0s", "athena.price_per_tb": "6.75",
			"cache_size": "3GiB", "catalog": "glue", "ledger": "postgres://u@h/d", "glue.database": "logs", "rules.params": "beacon.calls=48,a.b=c"}[s.key]
		if value == "" {
			value = map[bool]string{true: "true", false: "x"}[s.def == "false"]
		}
		var got settings
		if err := s.set(&got, value); err != nil {
			t.Errorf("%s: set %q: %v", s.key, value, err)
		}
		if s.get(&got) != value {
			t.Errorf("%s: set to %q, and it is %q", s.key, value, s.get(&got))
		}
	}
}

// Commands must not have a PersistentPreRunE of their own: cobra would run it instead of the one that reads settings.
func TestNoCommandHidesSettings(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.HasParent() && (c.PersistentPreRunE != nil || c.PersistentPreRun != nil) {
			t.Errorf("%s has a PersistentPreRun", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&app{}))
}
