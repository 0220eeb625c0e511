package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/athena"
)

const terraformModule = "../../terraform/modules/flow-logs"

func TestTerraformIsUpToDate(t *testing.T) {
	want, err := terraformFields()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(terraformModule, terraformFile))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: run go generate ./...", terraformFile)
	}
}

// The table that the module makes must be one that weir can ask (athena.table): every column known, days left out by
// --since, and the rows that the module's saved queries read the same as weir's own.
func TestTerraformTable(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, table := range flowlog.Tables {
		k, err := tfKindOf(table)
		if err != nil {
			t.Fatal(err)
		}
		types := map[string]tfField{}
		for _, f := range k.Fields {
			types[f.Name] = f
		}
		for preset, fields := range k.Presets {
			for layout, l := range tfLayouts() {
				name := table.Name + " " + preset + " " + layout
				raw := athena.RawTable{From: rowsMark, Parameters: maps.Clone(l.Projection)}
				has := map[string]bool{}
				for _, f := range fields {
					raw.Columns = append(raw.Columns, engine.Column{Name: types[f].Column, Type: types[f].Type})
					has[types[f].Column] = true
				}
				for _, p := range l.Partitions {
					raw.Partitions = append(raw.Partitions, engine.Column{Name: p, Type: "string"})
					if has[p] {
						t.Errorf("%s: partition column %s is a field, too", name, p)
					}
					if !strings.Contains(l.Template, "${"+p+"}") || l.Projection["projection."+p+".type"] == "" {
						t.Errorf("%s: partition column %s lacks its place in the template, or its projection", name, p)
					}
				}
				if raw.Table() != table {
					t.Errorf("%s: weir takes the table for one of %s", name, raw.Table().Name)
				}
				if u := raw.Unknown(); len(u) > 0 {
					t.Errorf("%s: weir does not know columns %v", name, u)
				}
				if !raw.Prunes() {
					t.Errorf("%s: --since would read every day", name)
				}
				if _, err := raw.Remote(now.Add(-time.Hour), time.Time{}, now); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				want, err := raw.Items()
				if err != nil {
					t.Fatal(err)
				}
				var got []string // as athena.tf does
				for _, s := range k.Select {
					if has[s.Of] {
						got = append(got, s.Present)
					} else {
						got = append(got, s.Absent)
					}
				}
				// source_object is of the table's files, whatever its columns; the module says "absent", which is the same.
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: rows of the module's queries differ from weir's (-weir +module):\n%s", name, diff)
				}
			}
		}
	}
}

// A format of the presets must be what weir itself calls good, and what its queries are named for must be there.
func TestTerraformPresets(t *testing.T) {
	for _, table := range flowlog.Tables {
		k, err := tfKindOf(table)
		if err != nil {
			t.Fatal(err)
		}
		if len(k.Queries) == 0 || len(k.Suggested) == 0 {
			t.Errorf("%s has no queries", table.Name)
		}
		for _, q := range k.Queries {
			if n := strings.Count(q.SQL, rowsMark); n == 0 || strings.Contains(q.SQL, "?") && strings.Contains(q.SQL, "LIMIT ?") || len(q.Needs) == 0 {
				t.Errorf("query %s reads its rows %d times, needs %v:\n%s", q.Name, n, q.Needs, q.SQL)
			}
		}
		for _, f := range table.Fields {
			missed := fieldCosts[table][f.Name].weight >= recommended
			if in := strings.Contains(" "+strings.Join(k.Presets["security"], " ")+" ", " "+f.Name+" "); missed && !in {
				t.Errorf("%s: preset security lacks %s", table.Name, f.Name)
			}
		}
	}
}
