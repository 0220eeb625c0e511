package duckdb

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

//go:embed dialect.sql
var dialectSQL string

// macros are the definitions of dialect.sql, by name. Each is made when a query first calls it: all of them would take
// 10 ms of every start, more than the query. None calls another.
var macros = func() map[string]string {
	m := map[string]string{}
	comment := regexp.MustCompile(`(?m)^--.*\n`)
	name := regexp.MustCompile(`^CREATE MACRO ([a-z0-9_]+)`)
	for _, s := range strings.Split(comment.ReplaceAllString(dialectSQL, ""), ";\n") {
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		found := name.FindStringSubmatch(s)
		if found == nil {
			panic("BUG: dialect.sql holds something else than macros: " + s)
		}
		m[found[1]] = s
	}
	return m
}()

// makeMacros makes the macros that a statement calls, once each.
func (e *Engine) makeMacros(c *conn, names []string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range names {
		text, key := macros[name], "macro "+name
		if text == "" || e.made[key] {
			continue
		}
		if err := c.exec(text); err != nil {
			return fmt.Errorf("define %s: %w", name, plainError(err))
		}
		e.made[key] = true
	}
	return nil
}
