package check

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/ingest"
	"weir/internal/network"
	"weir/internal/refine"
	"weir/internal/rule"
	"weir/internal/source"
)

// ofConversations are the tables that are made of conversations alone.
var ofConversations = []string{"exposures", "edges"}

// tablesOf makes the tables of an example: of its records, or of the rows that it gives. It says in which hour the last row
// is, and what is to be called when the tables are not needed any more.
func tablesOf(ctx context.Context, cfg Config, r *rule.Rule, ex *rule.Example) (_ []engine.Table, last time.Time, done func(), err error) {
	if ex.Records != "" {
		return tablesOfRecords(ctx, cfg, ex)
	}
	tables, last, err := makeTables(ex)
	if err != nil || ex.Tables["conversations"] == "" {
		return tables, last, func() {}, err
	}
	// Rows of conversations alone are enough: what weir would make of them is made.
	for i := range tables {
		t := &tables[i]
		if _, given := ex.Tables[t.Name]; given || !slices.Contains(ofConversations, t.Name) || !names(r.SQL, t.Name) {
			continue
		}
		if t.Rows, err = derive(ctx, cfg, tables, t.Name); err != nil {
			return nil, last, nil, fmt.Errorf("make %s: %w", t.Name, err)
		}
	}
	return tables, last, func() {}, nil
}

// names tells whether a text of SQL has a name in it.
func names(sql, name string) bool {
	return slices.ContainsFunc(engine.Tokens(sql), func(t engine.Token) bool { return strings.EqualFold(t.Value(), name) })
}

func derive(ctx context.Context, cfg Config, tables []engine.Table, name string) ([][]any, error) {
	e, err := cfg.Open(tables)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	sql, args := refine.Query(name, cfg.Ports)
	rows, got, err := collect(ctx, e, sql, args)
	if err != nil {
		return nil, err
	}
	out := make([][]any, 0, len(rows))
	for _, row := range rows {
		values := make([]any, len(got))
		for i, c := range got {
			values[i] = row[c.Name]
		}
		out = append(out, values)
	}
	return out, nil
}

// tablesOfRecords reads text as AWS writes it, and makes all tables of it.
func tablesOfRecords(ctx context.Context, cfg Config, ex *rule.Example) (_ []engine.Table, last time.Time, done func(), err error) {
	dir, err := os.MkdirTemp("", "weir-check-*")
	if err != nil {
		return nil, last, nil, err
	}
	remove := func() { os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			remove()
		}
	}()
	var rejected *flowlog.LineError
	var problem error
	spooled, err := ingest.Spool(ctx, ingest.SpoolConfig{
		Sources: []source.Source{source.Stdin(strings.NewReader(ex.Records), time.Now())}, Dir: dir, Workers: 1,
		Reject:  func(e *flowlog.LineError) { rejected = e },
		Problem: func(p ingest.Problem) { problem = mistake("records: %v", p.Err) },
	})
	if err != nil {
		return nil, last, nil, err
	}
	if problem != nil {
		return nil, last, nil, problem
	}
	if rejected != nil {
		return nil, last, nil, mistake("records, line %d: %s %q: %v", rejected.Line, rejected.Field, rejected.Token, rejected.Err)
	}
	files := spooled.Files[flowlog.VPC]
	if len(files) == 0 {
		return nil, last, nil, mistake("records: there are none")
	}
	tables, err := refine.Local(ctx, cfg.Store, exampleBook{cfg.Book}, cfg.Ports, files, dir)
	if err != nil {
		return nil, last, nil, err
	}
	e, err := cfg.Open(tables)
	if err != nil {
		return nil, last, nil, err
	}
	defer e.Close()
	rows, _, err := collect(ctx, e, "SELECT max(hour) AS last FROM coverage", nil)
	if err != nil {
		return nil, last, nil, err
	}
	if len(rows) == 1 {
		last, _ = rows[0]["last"].(time.Time)
	}
	return tables, last, remove, nil
}

// exampleBook is a Book to which the networks that are set aside for documentation are the internet, because an example had
// better name nobody.
type exampleBook struct{ *network.Book }

var documentation = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("2001:db8::/32"),
}

func (b exampleBook) Lookup(ip netip.Addr) network.Place {
	p := b.Book.Lookup(ip)
	if p.Scope == network.Special && slices.ContainsFunc(documentation, func(n netip.Prefix) bool { return n.Contains(ip) }) {
		p.Scope = network.Internet
	}
	return p
}
