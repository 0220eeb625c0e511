package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/trinotest"
)

// The module's view must have the columns of weir's own, so that SQL moves between the two.
func TestTerraformView(t *testing.T) {
	for _, table := range flowlog.Tables {
		columns, err := tfView(table)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, c := range engine.ViewsOf(table.Name, engine.Columns(table))[0].Columns {
			if c.Name != "extra" {
				want = append(want, c.Name)
			}
		}
		want = append(want, tfViewKeys...)
		for _, c := range columns {
			got = append(got, c.Name)
			if strings.Contains(c.Type, "zone") || strings.Contains(c.Hive, "zone") || c.Hive == "" {
				t.Errorf("%s: Athena has no view with a column %s of type %s (%s)", table.Name, c.Name, c.Type, c.Hive)
			}
			if named := " AS " + engine.QuoteName(c.Name); c.SQL != engine.QuoteName(c.Name) && !strings.HasSuffix(c.SQL, named) {
				t.Errorf("%s: %s makes no column %s", table.Name, c.SQL, c.Name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: columns (-weir +module):\n%s", table.Name, diff)
		}
	}
}

// What the view's keys are made of must be there, in every layout.
func TestTerraformViewKeys(t *testing.T) {
	for name, l := range tfLayouts() {
		if len(l.Keys) != len(tfViewKeys) {
			t.Errorf("%s: keys %v, not %v", name, l.Keys, tfViewKeys)
		}
		for i, key := range l.Keys {
			of, as, _ := strings.Cut(key, " AS \""+tfViewKeys[i]+"\"")
			if as != "" {
				t.Errorf("%s: key %s is not named %s", name, key, tfViewKeys[i])
			}
			for j, part := range strings.Split(of, `"`) {
				if j%2 == 1 && !slices.Contains(l.Partitions, part) {
					t.Errorf("%s: key %s is made of %s, which is no partition column", name, tfViewKeys[i], part)
				}
			}
		}
	}
}

func TestTerraformReadmeIsUpToDate(t *testing.T) {
	want, err := moduleReadme(terraformModule)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(terraformModule, terraformReadme))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s of the module is out of date: run go generate ./...", terraformReadme)
	}
}

// What a variable says of itself comes into a table whole, whatever is in it.
func TestModuleReadme(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		terraformReadme: "# m\n" + readmeBegin + "old\n" + readmeEnd + "end\n",
		"a.tf":          "variable \"x_y\" {\n  description = <<-EOT\n    One | two, `a_b|c`.\n    Three *.\n  EOT\n  type = object({\n    a = optional(string, \"|\")\n  })\n}\n",
		"b.tf":          "output \"o\" {\n  description = \"What.\"\n  value = 1\n}\nvariable \"z\" {\n  description = \"Z\"\n  default = null\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := moduleReadme(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := "# m\n" + readmeBegin + `## Inputs

| Name | Description | Type | Default | Required |
|------|-------------|------|---------|:--------:|
| ` + "`x_y`" + ` | One \| two, ` + "`a_b\\|c`" + `.<br>Three \*. | ` + "`object({ a = optional(string, \"\\|\") })`" + ` | n/a | yes |
| ` + "`z`" + ` | Z | n/a | ` + "`null`" + ` | no |

## Outputs

| Name | Description |
|------|-------------|
| ` + "`o`" + ` | What. |
` + readmeEnd + "end\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := os.WriteFile(filepath.Join(dir, "c.tf"), []byte("variable \"mute\" {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := moduleReadme(dir); err == nil || !strings.Contains(err.Error(), "variable mute has no description") {
		t.Errorf("a variable without a description: %v", err)
	}
}

// The view over two tables, as view.tf writes it, on a real server: it runs, its columns have the types that it is kept with (or the
// server would call it stale), and rows of both tables come out.
func TestEnginesTerraformView(t *testing.T) {
	server := trinotest.Start(t)
	for _, table := range flowlog.Tables {
		k, err := tfKindOf(table)
		if err != nil {
			t.Fatal(err)
		}
		types := map[string]string{"string": "varchar", "int": "integer", "bigint": "bigint"}
		values := map[string]string{"start": "1795132800", "end": "1795132860", "day": "2026/11/20", "hour": "07", "log_status": "OK", "srcaddr": "-"}
		var selects []string
		for _, delivered := range []struct{ preset, layout, day string }{{"all", "plain-hourly", "2026/11/20"}, {"security", "hive", "20"}} {
			l := tfLayouts()[delivered.layout]
			has := map[string]bool{}
			var names, cells []string
			cell := func(name, typ, value string) {
				names = append(names, engine.QuoteName(name))
				if value == "" {
					cells = append(cells, "CAST(NULL AS "+typ+")")
				} else {
					cells = append(cells, "CAST('"+value+"' AS "+typ+")")
				}
			}
			for _, f := range k.Fields {
				if slices.Contains(k.Presets[delivered.preset], f.Name) {
					has[f.Column] = true
					cell(f.Column, types[f.Type], values[f.Column])
				}
			}
			for _, p := range l.Partitions {
				cell(p, "varchar", map[string]string{"aws_account_id": "123456789012", "aws_region": "eu-west-1", "year": "2026", "month": "11", "day": delivered.day, "hour": "07"}[p])
			}
			cell("$path", "varchar", "s3://b/"+delivered.layout)
			var items []string // as athena.tf does
			for _, s := range k.Select {
				if has[s.Of] {
					items = append(items, s.Present)
				} else {
					items = append(items, s.Absent)
				}
			}
			selects = append(selects, "SELECT "+strings.Join(append(items, l.Keys...), ", ")+" FROM (VALUES ("+strings.Join(cells, ", ")+")) AS t("+strings.Join(names, ", ")+")")
		}
		var columns, typeOf []string
		for _, c := range k.View {
			columns = append(columns, c.SQL)
			typeOf = append(typeOf, "typeof("+engine.QuoteName(c.Name)+")")
		}
		view := "(SELECT " + strings.Join(columns, ", ") + " FROM (" + strings.Join(selects, " UNION ALL ") + "))"
		rows := server.Query(t, "SELECT "+strings.Join(typeOf, ", ")+" FROM "+view)
		if len(rows) != 2 {
			t.Fatalf("%s: %d rows of two tables", table.Name, len(rows))
		}
		for i, c := range k.View {
			if got := rows[0][i].(string); got != c.Type && !(c.Type == "varchar" && strings.HasPrefix(got, "varchar(")) {
				t.Errorf("%s: column %s is of type %s, and kept as %s", table.Name, c.Name, got, c.Type)
			}
		}
		got := fmt.Sprint(server.Query(t, "SELECT source_object, CAST(start_time AS varchar), CAST(end_time AS varchar), aws_region, year, day, hour, srcaddr FROM "+view+" WHERE day >= '2026/11/20' ORDER BY 1"))
		want := "[[s3://b/hive 2026-11-20 00:00:00.000 2026-11-20 00:01:00.000 eu-west-1 2026 2026/11/20 <nil> <nil>] [s3://b/plain-hourly 2026-11-20 00:00:00.000 2026-11-20 00:01:00.000 eu-west-1 2026 2026/11/20 07 <nil>]]"
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", table.Name, got, want)
		}
	}
}
