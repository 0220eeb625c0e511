package duckdb

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// unsafeFunctions are kept from queries: they read files, settings, the environment or the engine's state, run SQL
// given as text, or wait. What is not listed here was looked at, once, when functions.txt was written.
var unsafeFunctions = regexp.MustCompile(`^(` + strings.Join([]string{
	`getenv`, `current_setting`, `getvariable`, `set_config`, `in_search_path`, `write_log`, `parse_duckdb_log_message`,
	`current_(database|schema|schemas|catalog|user|role|query|query_id|connection_id|transaction_id)`, `txid_current`, `nextval`, `currval`,
	`json_(serialize|deserialize)_(sql|plan)`, `sql_auto_complete`, `query`, `query_table`, `read_.*`, `glob`, `sniff_csv`,
	`pg_.*`, `has_.*_privilege`, `duckdb_.*`, `pragma_.*`, `parquet_.*`, `col_description`, `obj_description`,
	`shobj_description`, `session_user`, `user`, `version`, `format_type`, `map_to_pg_oid`, `__internal.*`, `stats`,
	`sleep.*`, `checkpoint`, `force_checkpoint`, `constant_or_null`, `create_sort_key`, `finalize`, `combine`,
	`get_block_size`, `vector_type`, `test_.*`, `weir_.*`, `is_histogram_other_bin`, `current_localtime.*`, `replace_type`,
	`enum_.*`, `add_parquet_key`, `nothing`, `variant_.*`, `parse_(path|dirname|dirpath|filename)`, `remap_struct`, `__.*`, `_.*`,
	`icu_.*`, `inet_.*`, `st_.*`, `setseed`, `format_pg_type`, `unpivot_list`, `invoke`, `can_cast_implicitly`, `cast_to_type`, `get_type`, `make_type`, `shell_.*`, `storage_.*`,
}, "|") + `)$`)

func TestFunctions(t *testing.T) {
	e := open(t)
	c, err := e.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	var all []string
	for name := range macros {
		all = append(all, name)
	}
	if err := e.makeMacros(c, all); err != nil {
		t.Fatal(err)
	}
	got, err := c.all(`SELECT DISTINCT lower(function_name) FROM duckdb_functions()
		WHERE function_type IN ('scalar', 'aggregate', 'macro') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, row := range got {
		if name := row[0].(string); !unsafeFunctions.MatchString(name) {
			names = append(names, name)
		}
	}
	// Functions that the parser makes of syntax and the catalogue does not list, and the window functions.
	names = append(names, "count_star", "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag",
		"lead", "first_value", "last_value", "nth_value", "unnest")
	slices.Sort(names)
	names = slices.Compact(names)
	want := strings.Join(names, "\n") + "\n"
	if *update {
		if err := os.WriteFile("functions.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(functionsList, want); diff != "" {
		t.Errorf("functions.txt is not what DuckDB has, less the unsafe ones: look at each new one, then -update (-file +duckdb):\n%s", diff)
	}
}
