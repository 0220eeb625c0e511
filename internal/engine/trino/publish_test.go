package trino

import (
	"strings"
	"testing"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/enginetest"
	"weir/internal/engine/trinotest"
)

// TestEnginesPublish reads the views that are kept on the server as another tool would.
func TestEnginesPublish(t *testing.T) {
	s := trinotest.Start(t)
	dir := t.TempDir()
	enginetest.Lake(t, enginetest.Folder(dir), map[*flowlog.Table][]enginetest.Row{flowlog.VPC: enginetest.Records(t, records)})
	properties := s.LakeProperties(dir)
	delete(properties, "iceberg.security")
	catalog := s.Catalog(t, properties)
	e, err := Open(Config{URL: s.URL, User: "weir", Catalog: catalog})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	names, err := e.Publish(t.Context(), "v")
	if err != nil || len(names) != 4 {
		t.Fatal(names, err)
	}
	for _, v := range e.views {
		kept := s.Query(t, "SELECT * FROM "+catalog+".v."+v.Name)
		sent, err := enginetest.Ask(t, e, enginetest.Case{SQL: "SELECT * FROM " + v.Name})
		if err != nil {
			t.Fatal(err)
		}
		if len(kept) != len(sent.Rows) || len(kept) > 0 && len(kept[0]) != len(v.Columns) {
			t.Errorf("%s: %d rows are kept, %d sent", v.Name, len(kept), len(sent.Rows))
		}
	}
	// One of a newer weir, and one of somebody's.
	for comment, want := range map[string]string{"weir views 99": "newer weir", "ours": "did not make"} {
		s.Query(t, "CREATE OR REPLACE VIEW "+catalog+".v.tgw_flows COMMENT "+engine.QuoteText(comment)+" AS SELECT 1 AS one")
		if _, err := e.Publish(t.Context(), "v"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", comment, err)
		}
		if rows := s.Query(t, "SELECT * FROM "+catalog+".v.tgw_flows"); len(rows) != 1 {
			t.Errorf("%s: it was replaced", comment)
		}
	}
}
