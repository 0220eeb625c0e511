package check

import (
	"slices"
	"testing"

	"weir/internal/engine"
	"weir/internal/engine/enginetest"
	"weir/rules"
)

// TestRulesWithoutFlags runs the rules that do not name tcp_flags among what they need on what logs without them show: some
// example of each still fires. Else a log of version 2 would be said to be watched, and is not.
func TestRulesWithoutFlags(t *testing.T) {
	cfg := config()
	open := cfg.Open
	cfg.Open = func(tables []engine.Table) (engine.Engine, error) {
		for i := range tables {
			for _, values := range tables[i].Rows {
				withoutFlags(tables[i].Name, func(column string) *any {
					return &values[slices.IndexFunc(tables[i].Columns, func(c engine.Column) bool { return c.Name == column })]
				})
			}
		}
		return open(tables)
	}
	for _, r := range rules.All() {
		if slices.Contains(r.Needs.Fields, "tcp_flags") {
			continue
		}
		t.Run(r.ID, func(t *testing.T) {
			tried := 0
			for i := range r.Examples {
				ex := &r.Examples[i]
				if ex.Records != "" || len(ex.Want) == 0 {
					continue
				}
				tried++
				s, err := newStage(t.Context(), cfg, r, ex)
				if err != nil {
					t.Fatal(err)
				}
				defer s.done()
				defer s.engine.Close()
				sql, args, err := r.BindSpan(s.span(r), s.end, ex.Params, cfg.Ports)
				if err != nil {
					t.Fatal(err)
				}
				a, err := enginetest.Ask(t, s.engine, enginetest.Case{SQL: sql, Args: args})
				if err != nil {
					t.Fatal(err)
				}
				if len(a.Rows) > 0 {
					return
				}
			}
			if tried > 0 {
				t.Errorf("none of %d examples fires without flags: the rule needs tcp_flags", tried)
			}
		})
	}
}

// withoutFlags makes a row what refine makes of the same traffic if tcp_flags is not logged (docs/conversations.md).
func withoutFlags(table string, at func(column string) *any) {
	number := func(column string) int64 { n, _ := (*at(column)).(int64); return n }
	if table != "conversations" && table != "exposures" && table != "edges" || number("protocol") != 6 {
		return
	}
	if *at("role_evidence") == any("syn") {
		*at("role_evidence") = "port"
	}
	if table == "edges" {
		if number("server_bytes") < 1000*number("answered") {
			*at("answered") = int64(0)
		}
		return
	}
	if table == "conversations" {
		*at("client_flags"), *at("server_flags") = nil, nil
	}
	rank, evidence := min(number("state_rank"), 1), "none"
	if number("server_bytes") >= 1000 && number("server_packets") >= 6 {
		rank, evidence = 4, "bytes"
	} else if table == "exposures" {
		*at("clients_answered") = int64(0)
	}
	*at("state_rank"), *at("state"), *at("state_evidence") = rank, states[rank], evidence
}
