package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/athena"
	"weir/internal/source"
	"weir/internal/source/s3"
)

// athenaSettings say where Athena runs queries. Credentials and region are those of s3Settings: it is the same AWS.
type athenaSettings struct {
	WorkGroup  string
	Catalog    string
	Database   string
	Table      string // of flow logs that weir did not make; "" is the lake
	Output     string // s3://bucket/prefix/
	Reuse      time.Duration
	Endpoint   string // URL of another server that speaks Athena
	PricePerTB float64
}

// openAthena opens Athena over the lake's tables, or over the table of flow logs that the settings name.
func openAthena(ctx context.Context, a *app, window source.Window) (*athena.Engine, error) {
	set := a.settings.Athena
	cfg, err := s3.LoadConfig(ctx, a.awsOptions())
	if err != nil {
		return nil, err
	}
	client := sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		if set.Endpoint != "" {
			o.BaseEndpoint = &set.Endpoint
		}
	})
	database := set.Database
	if database == "" {
		database = "weir"
	}
	var tables []athena.Table
	if set.Table == "" {
		tables = lakeTables(database, window, lakeEstimator(a))
	} else {
		name := set.Table
		if before, after, ok := strings.Cut(name, "."); ok {
			database, name = before, after
		}
		catalog, now := glue.NewFromConfig(cfg), time.Now()
		raw, err := athena.LoadRaw(ctx, catalog, database, name)
		if err != nil {
			return nil, err
		}
		remote, err := raw.Remote(window.Start, window.End, now)
		if err != nil {
			return nil, err
		}
		if unknown := raw.Unknown(); len(unknown) > 0 {
			fmt.Fprintf(a.stderr, "warning: columns of %s that are none of a flow log's, and cannot be asked: %s\n", printable(set.Table), printable(strings.Join(unknown, ", ")))
		}
		if window != (source.Window{}) && !raw.Prunes() {
			fmt.Fprintf(a.stderr, "warning: %s has no partitions by day that weir understands, so that all of it is read\n", printable(set.Table))
		}
		lister := s3.NewClient(cfg, a.awsOptions())
		tables = append(tables, athena.Table{RemoteTable: remote, Reads: name,
			Estimate: func(ctx context.Context, _ engine.Reading) (engine.Scan, error) {
				return raw.Estimate(ctx, catalog, lister, database, name, window.Start, window.End, now)
			}})
	}
	return athena.Open(athena.Config{
		WorkGroup: set.WorkGroup, Catalog: set.Catalog, Database: database, OutputLocation: set.Output, Reuse: set.Reuse,
	}, client, tables)
}

// lakeTables are the lake's tables as Glue has them.
func lakeTables(database string, window source.Window, estimate engine.Estimator) []athena.Table {
	var tables []athena.Table
	for _, t := range flowlog.Tables {
		tables = append(tables, athena.Table{Reads: t.Name, Estimate: estimate, RemoteTable: engine.RemoteTable{
			Name: t.Name, From: engine.QuoteName(database) + "." + engine.QuoteName(t.Name), Columns: engine.Columns(t), Since: window.Start, Until: window.End,
		}})
	}
	for _, t := range derivedEngineTables() {
		tables = append(tables, athena.Table{Reads: t.Name, Estimate: estimate, RemoteTable: engine.RemoteTable{
			Name: t.Name, From: engine.QuoteName(database) + "." + engine.QuoteName(t.Name), Columns: t.Columns,
			Since: window.Start, Until: window.End, Time: t.Time, Derived: true,
		}})
	}
	return tables
}

// athenaPrice is what Athena takes.
func (a *app) athenaPrice() engine.Price {
	if a.settings.from["athena.price_per_tb"] == "" {
		return engine.AthenaPrice(5)
	}
	return engine.AthenaPrice(a.settings.Athena.PricePerTB)
}

// guard keeps an engine that bills within the limits of the settings.
func (a *app) guard(e engine.Engine, price engine.Price) (engine.Engine, error) {
	l := engine.Limits{MaxBytes: a.settings.MaxBytes, Price: price}
	if a.settings.DailyBytes > 0 {
		dir, err := xdg("XDG_STATE_HOME", ".local/state")
		if err != nil {
			return nil, fmt.Errorf("keep the budget of the day: %w", err)
		}
		l.Budget = &engine.Budget{Path: filepath.Join(dir, "weir", "budget.json"), Daily: a.settings.DailyBytes, Now: time.Now}
	}
	if c, ok := e.(interface {
		Cutoff(context.Context) (int64, error)
	}); ok {
		l.Cutoff = c.Cutoff
	}
	return engine.Guard(e, l), nil
}

// price is what the engine in force takes.
func (a *app) price() engine.Price {
	if a.settings.Engine == "athena" {
		return a.athenaPrice()
	}
	return engine.Price{}
}

// priceText is what a plan would cost, or "" where nothing is paid or nobody knows.
func (a *app) priceText(plan *engine.Plan) string {
	cost := engine.CostOf(plan.Tables)
	text := a.price().Text(cost.Bytes)
	switch {
	case text == "" || len(cost.Unknown) > 0:
		return ""
	case cost.AtLeast:
		return "price: " + text + " and more"
	}
	return "price: at most " + text
}

// sayScanned tells what a query has taken of an engine that tells.
func (a *app) sayScanned(name string, rows engine.Rows) {
	s, ok := rows.(engine.Scanned)
	if !ok || a.quiet || s.QueryID() == "" {
		return
	}
	text := size(s.BytesScanned())
	if p := a.price().Text(s.BytesScanned()); p != "" {
		text += " for " + p
	}
	fmt.Fprintf(a.stderr, "%s read %s (query %s)\n", name, text, printable(s.QueryID()))
}
