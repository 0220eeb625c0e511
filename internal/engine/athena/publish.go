package athena

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"weir/internal/engine"
)

var _ engine.Publisher = (*Engine)(nil)

// schemaName is what a database of Glue may be called without quotes, which differ between Athena's two grammars.
var schemaName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,127}$`)

// Publish makes the views in a database of Glue. See engine.Publisher. A view in Athena has no comment, so that ours say
// whose they are in a condition that is always true.
func (e *Engine) Publish(ctx context.Context, schema string) ([]string, error) {
	if !schemaName.MatchString(schema) {
		return nil, fmt.Errorf("publish views: a database's name is of lower-case letters, digits and _: %q", schema)
	}
	if strings.EqualFold(schema, e.cfg.Database) {
		return nil, fmt.Errorf("publish views: %s is the database of the tables, whose names the views have", schema)
	}
	if _, err := e.lines(ctx, request{sql: "CREATE DATABASE IF NOT EXISTS " + schema}); err != nil {
		return nil, fmt.Errorf("publish views: %w", err)
	}
	existing, err := e.lines(ctx, request{sql: "SELECT table_name FROM information_schema.tables WHERE table_schema = " + engine.QuoteText(schema)})
	if err != nil {
		return nil, fmt.Errorf("publish views: %w", err)
	}
	there := map[string]bool{}
	for _, name := range existing {
		there[name] = true
	}
	// All are looked at before the first is made.
	for _, v := range engine.Published(e.views) {
		if !there[v.Name] {
			continue
		}
		comment, err := e.viewComment(ctx, schema, v.Name)
		if err != nil {
			return nil, fmt.Errorf("publish view %s: %w", v.Name, err)
		}
		if err := engine.CheckReplace(v.Name, comment); err != nil {
			return nil, err
		}
	}
	var names []string
	for _, v := range engine.Published(e.views) {
		sql := "CREATE OR REPLACE VIEW " + engine.QuoteName(v.Name) + " AS SELECT " + kept(v.Columns) + " FROM (" + v.SQL + ") WHERE " + madeBy(engine.ViewComment())
		if _, err := e.lines(ctx, request{sql: sql, database: schema}); err != nil {
			return names, fmt.Errorf("publish view %s: %w", v.Name, err)
		}
		names = append(names, v.Name)
	}
	return names, nil
}

// kept are the columns as a view may have them. Glue keeps the types of a view as Hive's, which has no time zones, and Athena
// refuses the view: so times are those of UTC, without saying so. Amazon Athena User Guide, "Supported data types for Iceberg
// tables in Athena", and "Unsupported Hive type: timestamp with time zone" in many a report; not tried on AWS.
func kept(columns []engine.Column) string {
	var items []string
	for _, c := range columns {
		name := engine.QuoteName(c.Name)
		if strings.HasSuffix(c.Type, "with time zone") {
			name = "CAST(" + name + " AT TIME ZONE 'UTC' AS timestamp(3)) AS " + name
		}
		items = append(items, name)
	}
	return strings.Join(items, ", ")
}

// madeBy is the condition that names who made a view.
func madeBy(comment string) string { return "(" + engine.QuoteText(comment) + " <> '')" }

var madeByForm = regexp.MustCompile(`\('([^']*)' <> ''\)`)

// viewComment reads the condition of a view, "" if it has none: then somebody else made it, or it is a table.
func (e *Engine) viewComment(ctx context.Context, schema, name string) (string, error) {
	text, err := e.lines(ctx, request{sql: "SHOW CREATE VIEW " + engine.QuoteName(name), database: schema})
	var failed *QueryError
	if errors.As(err, &failed) {
		return "", nil // it is a table
	}
	if err != nil {
		return "", err
	}
	found := madeByForm.FindAllStringSubmatch(strings.Join(text, "\n"), -1)
	if len(found) == 0 {
		return "", nil
	}
	return found[len(found)-1][1], nil
}

// lines runs a statement of ours, and returns the first value of each row.
func (e *Engine) lines(ctx context.Context, r request) ([]string, error) {
	run, err := e.run(ctx, r)
	if err != nil {
		return nil, err
	}
	rows, err := e.open(ctx, run)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for {
		row, err := rows.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if len(row) > 0 {
			if s, ok := row[0].(string); ok {
				out = append(out, s)
			}
		}
	}
}
