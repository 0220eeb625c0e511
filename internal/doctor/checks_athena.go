package doctor

import (
	"fmt"
	"strings"

	"weir/flowlog"
	"weir/internal/engine"
)

const (
	srcWorkgroup = `Amazon Athena User Guide, "Configure per-query and per-workgroup data usage controls", read 2026-11`
	srcEnforce   = `Amazon Athena User Guide, "Override client-side settings", read 2026-11`
	srcLike      = `AWS Clean Rooms SQL Reference, "LIKE": without it % is a character like others, as everywhere in SQL; read 2026-11`
)

func eachOf(typ string, f func(*setup, *Resource, report)) func(*setup, report) {
	return func(s *setup, r report) {
		for _, x := range s.of(typ) {
			f(s, x, r)
		}
	}
}

// eachSelect makes a check of saved queries that read tables of flow logs which are here.
func eachSelect(f func(*setup, *query, *table, report)) func(*setup, report) {
	return func(s *setup, r report) {
		for _, q := range s.queries {
			if !q.selects() {
				continue
			}
			for _, t := range s.tables {
				if q.from(t) {
					f(s, q, t, r)
					break
				}
			}
		}
	}
}

// from tells whether a query reads that table and no other: FROM stands once, and no JOIN.
func (q *query) from(t *table) bool {
	n, hit := 0, false
	for i, tok := range q.tokens {
		switch {
		case tok.Is("join"):
			return false
		case tok.Is("from"):
			n++
			for _, next := range q.tokens[i+1 : min(len(q.tokens), i+4)] {
				hit = hit || t.name != "" && strings.EqualFold(next.Value(), t.name)
			}
		}
	}
	return n == 1 && hit
}

var athenaChecks = []*Check{
	{"workgroup-no-limit", Medium, "A workgroup has no limit for a query", "One SELECT * over all logs costs as much as it reads: 5 dollars for each terabyte.", "Set bytes_scanned_cutoff_per_query.", srcWorkgroup,
		eachOf("aws_athena_workgroup", func(_ *setup, w *Resource, r report) {
			if !w.has("configuration.bytes_scanned_cutoff_per_query") {
				r(w, "configuration", "bytes_scanned_cutoff_per_query is not set", set("configuration.bytes_scanned_cutoff_per_query", "10737418240"))
			}
		})},
	{"workgroup-not-enforced", Medium, "A workgroup's settings can be passed over", "A client may write its answers elsewhere, and unencrypted.", "Set enforce_workgroup_configuration to true.", srcEnforce,
		eachOf("aws_athena_workgroup", func(_ *setup, w *Resource, r report) {
			if w.is("configuration.enforce_workgroup_configuration", false) {
				r(w, "configuration.enforce_workgroup_configuration", "enforce_workgroup_configuration is off", set("configuration.enforce_workgroup_configuration", "true"))
			}
		})},
	{"workgroup-no-encryption", Medium, "A workgroup does not say how answers are encrypted", "Answers hold what the logs hold, and are left to the bucket's default.", "Add encryption_configuration to result_configuration.", srcEnforce,
		eachOf("aws_athena_workgroup", func(_ *setup, w *Resource, r report) {
			if w.has("configuration.result_configuration.output_location") && !w.has("configuration.result_configuration.encryption_configuration") {
				r(w, "configuration", "result_configuration has no encryption_configuration", nil)
			}
		})},
	{"database-force-destroy", Low, "An Athena database may be destroyed with its tables", "Tables that others made in it go with it, without a question.", "Remove force_destroy.", srcProvider,
		eachOf("aws_athena_database", func(_ *setup, d *Resource, r report) {
			if d.is("force_destroy", true) {
				r(d, "force_destroy", "force_destroy is on", set("force_destroy", "false"))
			}
		})},
	{"query-no-workgroup", Low, "A saved query lies in the workgroup primary", "There it runs without the limits that a workgroup of its own would have.", "Set workgroup.", srcWorkgroup,
		eachOf("aws_athena_named_query", func(_ *setup, q *Resource, r report) {
			if w, _ := q.text("workgroup"); w == "primary" || !q.has("workgroup") {
				r(q, "workgroup", "no workgroup is set", nil)
			}
		})},
	{"query-equals-pattern", High, "A saved query compares with = where a pattern is meant", "= compares the whole text, % included: the query never finds anything.", "Use LIKE, or better contains(CIDR, TRY_CAST(… AS IPADDRESS)).", srcLike,
		func(s *setup, r report) {
			for _, q := range s.queries {
				for _, w := range engine.Warnings(q.sql) {
					r(q.Resource, "query", w, nil)
				}
			}
		}},
	{"query-unknown-column", High, "A saved query asks for a column that the table lacks", "The query fails.", "Add the field to format and table, or leave it out.", srcTable,
		eachSelect(func(_ *setup, q *query, t *table, r report) {
			if !t.known {
				return
			}
			has := map[string]bool{}
			for _, c := range append(t.columns, t.partitions...) {
				has[c.name] = true
			}
			seen := map[string]bool{}
			for i, tok := range q.tokens {
				name := strings.ToLower(tok.Value())
				if tok.Kind != engine.Word && tok.Kind != engine.Quoted || flowlog.VPC.Column(name) == nil || has[name] || seen[name] || name == "end" || name == "type" || name == "start" || name == "region" {
					continue
				}
				if i > 0 && (q.tokens[i-1].Is("as") || q.tokens[i-1].Is("from") || q.tokens[i-1].Is(".")) {
					continue
				}
				seen[name] = true
				if alias(q, name) {
					continue
				}
				r(q.Resource, "query", fmt.Sprintf("table %s has no column %s", t.name, name), nil)
			}
		})},
	{"query-reads-everything", Medium, "A saved query names no partition", "It reads all days that there are, and costs accordingly.", "Put the partition's column into WHERE.", srcProjection,
		eachSelect(func(_ *setup, q *query, t *table, r report) {
			if len(t.partitions) == 0 {
				return
			}
			for _, tok := range q.tokens {
				for _, p := range t.partitions {
					if strings.EqualFold(tok.Value(), p.name) {
						return
					}
				}
			}
			r(q.Resource, "query", "no condition on "+t.partitions[0].name+", so every day is read", nil)
		})},
}

// alias tells whether the query gives something that name.
func alias(q *query, name string) bool {
	for i := 1; i < len(q.tokens); i++ {
		if strings.EqualFold(q.tokens[i].Value(), name) && q.tokens[i-1].Is("as") {
			return true
		}
	}
	return false
}
