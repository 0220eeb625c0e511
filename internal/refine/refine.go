// Package refine makes of records the tables that rules and people ask: who called whom, what is open to the internet, what
// was logged.
//
// Start at Tables, which says what there is, and at Run, which makes the tables of a lake's hours that got records. The SQL is in
// *.sql, in the dialect that all engines speak; sql.go completes it. Two things are no SQL: what an address is, a Book knows, and
// which hours are stale, the lake. Local makes the tables of some files of records, without a lake.
//
// It leaves to others: where files are and when they become visible (package lake), running SQL (package engine), what an address
// is (package network), and what to think of the rows (rules).
//
// What must hold: the rows of an hour are a function of the records that start in it, in whatever order they came and lie; so an
// hour may be made again at any time. Nothing is taken from the hour before.
package refine

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/engine"
	"weir/internal/lake"
	"weir/internal/network"
)

// Book knows what addresses are. It is safe for concurrent use.
type Book interface {
	Lookup(netip.Addr) network.Place
	Version() string // another one for another answer
}

// Opener opens an engine over tables that may store to outputs, all absolute paths. The files of a table may appear later,
// before the table is first asked.
type Opener func(ctx context.Context, tables []engine.Table, outputs []string) (engine.Storer, error)

// span is a stretch of time whose rows go to files of their own: since is included, until is not.
type span struct{ since, until time.Time }

// always is a span of whatever comes.
var always = span{time.Unix(0, 0).UTC(), time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)}

// work makes the tables of some spans.
type work struct {
	open  Opener
	book  Book
	ports *network.Ports
	flows engine.Table
	spans []span
	// output says where the rows of a table in a span go.
	output func(d *lake.Derived, s span) engine.Output
	// done is told the rows that went there.
	done func(d *lake.Derived, s span, rows int64)
}

// run makes all tables. It opens one engine: the files of a table are there before the first that asks it.
func (w *work) run(ctx context.Context) (err error) {
	var outputs []string
	files := map[*lake.Derived][]string{}
	for _, s := range w.spans {
		for _, d := range Tables {
			path := w.output(d, s).Path
			outputs = append(outputs, path)
			files[d] = append(files[d], path)
		}
	}
	e, err := w.open(ctx, []engine.Table{w.flows, withFiles(Addresses, files[Addresses]...),
		withFiles(Conversations, files[Conversations]...)}, outputs)
	if err != nil {
		return err
	}
	defer func() {
		if bad := e.Close(); err == nil {
			err = bad
		}
	}()
	for _, s := range w.spans {
		rows, err := w.addresses(ctx, e, s)
		if err != nil {
			return fmt.Errorf("make addresses: %w", err)
		}
		w.done(Addresses, s, rows)
	}
	// Coverage beside the others, which stand on each other: parts of a statement keep one processor only.
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	for _, tables := range [][]*lake.Derived{{Conversations, Exposures, Edges}, {Coverage}} {
		g.Go(func() error {
			for _, d := range tables {
				for _, s := range w.spans {
					sql, args := bind(SQL(d.Name, w.ports), s)
					rows, err := e.Store(ctx, w.output(d, s), sql, args...)
					if err != nil {
						return fmt.Errorf("make %s: %w", d.Name, err)
					}
					mu.Lock()
					w.done(d, s, rows)
					mu.Unlock()
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func withFiles(d *lake.Derived, files ...string) engine.Table {
	t := engine.DerivedTable(d)
	t.Files = files
	return t
}

// addresses looks up the addresses of a span.
func (w *work) addresses(ctx context.Context, e engine.Engine, s span) (n int64, err error) {
	out := w.output(Addresses, s)
	f, err := os.Create(out.Path)
	if err != nil {
		return 0, err
	}
	defer func() {
		if bad := f.Close(); err == nil {
			err = bad
		}
	}()
	var cols []columnar.RowColumn
	for _, c := range Addresses.Columns {
		cols = append(cols, columnar.RowColumn{Name: c.Name, Type: c.Type, ID: out.IDs[c.Name]})
	}
	to, err := columnar.NewRowWriter(f, cols)
	if err != nil {
		return 0, err
	}
	sql, args := bind(SQL(Addresses.Name, w.ports), s)
	rows, err := e.Query(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for {
		row, err := next(rows)
		if err != nil {
			return 0, err
		}
		if row == nil {
			return to.Rows(), to.Close()
		}
		address, _ := row[1].(string)
		own, _ := row[2].(bool)
		service, _ := row[3].(string)
		p := lookUp(w.book, address, own, service)
		if err := to.Write(row[0], address, string(p.Scope), orNull(p.Network), orNull(p.Zone), p.Trusted, orNull(p.List), orNull(p.Country),
			number(p.ASN), orNull(p.Service)); err != nil {
			return 0, err
		}
	}
}

// lookUp says what an address is, with what the records say of it.
func lookUp(b Book, address string, own bool, service string) network.Place {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return network.Place{Scope: network.Special}
	}
	p := b.Lookup(ip)
	if service != "" && p.Scope != network.Own {
		p.Service = service
	}
	if p.Scope != network.Internet {
		return p
	}
	switch {
	case own:
		p.Scope = network.Own
	// EC2 is a machine that anybody may have rented, and so no service of AWS's.
	case service != "" && service != "EC2":
		p.Scope = network.AWS
	}
	return p
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func number(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// Local makes the tables of records that lie in Parquet files, into dir, without a lake. The tables that come back begin with
// that of the records.
func Local(ctx context.Context, open Opener, book Book, ports *network.Ports, flows []string, dir string) ([]engine.Table, error) {
	w := &work{open: open, book: book, ports: ports, spans: []span{always}, done: func(*lake.Derived, span, int64) {}}
	w.flows = engine.Table{Name: flowlog.VPC.Name, Columns: engine.Columns(flowlog.VPC), Files: flows}
	path := func(d *lake.Derived) string { return filepath.Join(dir, d.Name+".parquet") }
	w.output = func(d *lake.Derived, _ span) engine.Output { return engine.Output{Path: path(d)} }
	if err := w.run(ctx); err != nil {
		return nil, fmt.Errorf("refine records: %w", err)
	}
	tables := []engine.Table{w.flows}
	for _, d := range Tables {
		tables = append(tables, withFiles(d, path(d)))
	}
	return tables, nil
}
