package trino

import (
	"context"
	"fmt"
	"io"
	"strings"

	"weir/internal/engine"
)

var _ engine.Publisher = (*Engine)(nil)

// Publish makes the views on the server. See engine.Publisher.
func (e *Engine) Publish(ctx context.Context, schema string) ([]string, error) {
	if strings.EqualFold(schema, e.cfg.Schema) {
		return nil, fmt.Errorf("publish views: %s is the schema of the tables, whose names the views have", schema)
	}
	place := engine.QuoteName(e.cfg.Catalog) + "." + engine.QuoteName(schema)
	if _, err := e.all(ctx, "CREATE SCHEMA IF NOT EXISTS "+place); err != nil {
		return nil, fmt.Errorf("publish views: %w", err)
	}
	existing, err := e.all(ctx, "SELECT table_name, comment FROM system.metadata.table_comments WHERE catalog_name = "+
		engine.QuoteText(e.cfg.Catalog)+" AND schema_name = "+engine.QuoteText(schema))
	if err != nil {
		return nil, fmt.Errorf("publish views: %w", err)
	}
	comments := map[string]string{}
	for _, row := range existing {
		name, _ := row[0].(string)
		comment, _ := row[1].(string)
		comments[name] = comment
	}
	// All are looked at before the first is made.
	for _, v := range engine.Published(e.views) {
		if comment, there := comments[v.Name]; there {
			if err := engine.CheckReplace(v.Name, comment); err != nil {
				return nil, err
			}
		}
	}
	var names []string
	for _, v := range engine.Published(e.views) {
		// SECURITY INVOKER: the tables' own access rules hold for whoever asks.
		sql := "CREATE OR REPLACE VIEW " + place + "." + engine.QuoteName(v.Name) + " COMMENT " + engine.QuoteText(engine.ViewComment()) +
			" SECURITY INVOKER AS " + v.SQL
		if _, err := e.all(ctx, sql); err != nil {
			return names, fmt.Errorf("publish view %s: %w", v.Name, err)
		}
		names = append(names, v.Name)
	}
	return names, nil
}

// all runs a statement of ours, and reads all of its rows.
func (e *Engine) all(ctx context.Context, sql string) ([][]any, error) {
	q, err := engine.WithViews(sql, nil)
	if err != nil {
		return nil, err
	}
	rows, err := e.run(ctx, q, nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]any
	for {
		row, err := rows.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, append([]any(nil), row...))
	}
}
