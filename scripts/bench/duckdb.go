package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2"

	"weir/flowlog"
)

// duckdb does with DuckDB alone what weir is measured at, with the best settings that were found: types given and not
// sniffed, no order to keep, quoting off.
func duckdb(args []string) error {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Exec("SET preserve_insertion_order = false"); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(args[1], "AWSLogs/*/vpcflowlogs/*/*/*/*/*.gz"))
	if err != nil {
		return err
	}
	from := fmt.Sprintf("read_csv(['%s'], header = true, delim = ' ', quote = '', escape = '', nullstr = '-', auto_detect = false, columns = %s)",
		strings.Join(files, "','"), columns())
	switch args[0] {
	case "copy":
		_, err = db.Exec(fmt.Sprintf("COPY (SELECT * FROM %s) TO '%s' (FORMAT parquet, COMPRESSION zstd)", from, args[2]))
		return err
	case "filter":
		var n, bytes int64
		if err := db.QueryRow(fmt.Sprintf("SELECT count(*), CAST(sum(bytes) AS bigint) FROM %s WHERE dstport = 6379", from)).Scan(&n, &bytes); err != nil {
			return err
		}
		fmt.Printf("n,bytes\n%d,%d\n", n, bytes)
		return nil
	}
	return fmt.Errorf("duckdb %s: no such work", args[0])
}

// columns are the 29 fields of versions 2 to 5, in the order of AWS's table, as the generator writes them.
func columns() string {
	var cols []string
	for _, f := range flowlog.VPC.Fields {
		if f.Since > 5 {
			continue
		}
		t := "VARCHAR"
		switch f.Kind {
		case flowlog.Port, flowlog.Code, flowlog.Flags:
			t = "INTEGER"
		case flowlog.Count, flowlog.Epoch:
			t = "BIGINT"
		}
		cols = append(cols, fmt.Sprintf("'%s': '%s'", f.Column, t))
	}
	return "{" + strings.Join(cols, ", ") + "}"
}
