package duckdb

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"weir/internal/engine"
)

// functionsList is the allow-list of functions: what the dialect and DuckDB have, less what reads files, settings,
// the environment or the state of the engine. TestFunctions writes it, people review it: a function that a later
// DuckDB adds cannot be called before somebody looked at it.
//
//go:embed functions.txt
var functionsList string

var functions = func() map[string]bool {
	m := map[string]bool{}
	for f := range strings.FieldsSeq(functionsList) {
		m[f] = true
	}
	return m
}()

// tableFunctions may stand in FROM.
var tableFunctions = map[string]bool{"unnest": true, "range": true, "generate_series": true}

// The kinds of node that a parse tree may have where there is no expression. Whatever is not in the list is refused:
// a query must be understood to be let in.
var nodeTypes = map[string]bool{
	"SELECT_NODE": true, "SET_OPERATION_NODE": true, "RECURSIVE_CTE_NODE": true, "CTE_NODE": true,
	"BASE_TABLE": true, "SUBQUERY": true, "JOIN": true, "TABLE_FUNCTION": true, "EXPRESSION_LIST": true, "EMPTY": true,
	"SHOW_REF": true, "PIVOT": true,
	"LIMIT_MODIFIER": true, "LIMIT_PERCENT_MODIFIER": true, "ORDER_MODIFIER": true, "DISTINCT_MODIFIER": true,
	"ORDER_DEFAULT": true, "ASCENDING": true, "DESCENDING": true,
}

// statement is a query that was looked at.
type statement struct {
	sql       string
	tables    []string            // tables of ours that it names, lower case
	known     map[string][]string // their columns, for hints
	functions []string            // functions that it calls, lower case
}

// ref is a name in a query, with its place.
type ref struct {
	name  string
	place int
}

// tree is what the guard gathers from the parse tree.
type tree struct {
	tables    []ref
	ctes      map[string]bool
	functions []ref
	fromFuncs []ref           // functions in FROM
	columns   []string        // names of columns; of a qualified one all parts
	aliases   map[string]bool // names by which a table's whole row can be meant
	star      bool            // every column of something
	showAll   bool            // SHOW TABLES
	refused   *ref            // a kind of SQL that is not let in
}

// parse has DuckDB parse the text of a query, which must be a single statement that reads.
func (c *conn) parse(sql string) (*tree, error) {
	if t, ok := parsed.get(sql); ok {
		return t, nil
	}
	t, err := c.parseAnew(sql)
	if err == nil {
		parsed.put(sql, t)
	}
	return t, err
}

// parsed are the trees of statements that were parsed: rules and refining ask the same text for each hour, of an engine each.
var parsed = texts[*tree]{most: 200}

// texts remembers something about texts, up to so many. It is safe for concurrent use, and what it holds must be so to read.
type texts[T any] struct {
	most int
	mu   sync.Mutex
	of   map[string]T
}

func (m *texts[T]) get(text string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.of[text]
	return v, ok
}

// longText is the length of a text, in bytes, that is not worth to be remembered. Ours have a fraction of it.
const longText = 64 << 10

// put forgets all of them when there are too many: who asks so many texts does not ask them again.
func (m *texts[T]) put(text string, v T) {
	if len(text) > longText {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == nil || len(m.of) >= m.most {
		m.of = map[string]T{}
	}
	m.of[text] = v
}

func (c *conn) parseAnew(sql string) (*tree, error) {
	body, err := explained(sql)
	if err != nil {
		return nil, err
	}
	got, err := c.all("SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR)) AS VARCHAR)", body)
	if err != nil {
		return nil, fmt.Errorf("parse query: %w", plainError(err))
	}
	var doc struct {
		Error    bool              `json:"error"`
		Type     string            `json:"error_type"`
		Message  string            `json:"error_message"`
		Position string            `json:"position"`
		List     []json.RawMessage `json:"statements"`
	}
	if err := json.Unmarshal([]byte(got[0][0].(string)), &doc); err != nil {
		return nil, fmt.Errorf("parse query: %w", err)
	}
	switch {
	case doc.Error && doc.Type == "parser":
		return nil, syntaxError(sql, doc.Message, doc.Position)
	case doc.Error:
		return nil, refuse(sql, firstToken(sql), "only queries that read are allowed: SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW TABLES, SUMMARIZE")
	case len(doc.List) == 0:
		return nil, refuse(sql, -1, "there is no statement")
	case len(doc.List) > 1:
		return nil, refuse(sql, secondStatement(sql), "a query is one statement")
	}
	dec := json.NewDecoder(strings.NewReader(string(doc.List[0])))
	dec.UseNumber()
	var root any
	if err := dec.Decode(&root); err != nil {
		return nil, fmt.Errorf("parse query: %w", err)
	}
	t := &tree{ctes: map[string]bool{}, aliases: map[string]bool{}}
	t.walk(root)
	return t, nil
}

// explained blanks out a leading EXPLAIN, which DuckDB's parser does not show, so that what is explained can be looked
// at; places in the text stay what they are.
func explained(sql string) (string, error) {
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return "", refuse(sql, i, "a query has no NUL bytes")
	}
	toks := engine.Tokens(sql)
	if len(toks) == 0 {
		return "", refuse(sql, -1, "there is no statement")
	}
	if !toks[0].Is("EXPLAIN") {
		return sql, nil
	}
	i := 1
	if i < len(toks) && toks[i].Is("ANALYZE") {
		i++
	}
	if i == len(toks) {
		return "", refuse(sql, toks[0].Pos, "EXPLAIN of what?")
	}
	if !toks[i].Is("SELECT") && !toks[i].Is("WITH") && !toks[i].Is("VALUES") && !toks[i].Is("FROM") {
		return "", refuse(sql, toks[i].Pos, "EXPLAIN takes a query that reads: SELECT, WITH or VALUES")
	}
	return strings.Repeat(" ", toks[i].Pos) + sql[toks[i].Pos:], nil
}

func (t *tree) walk(n any) {
	switch n := n.(type) {
	case []any:
		for _, x := range n {
			t.walk(x)
		}
	case map[string]any:
		t.node(n)
		for _, key := range sortedKeys(n) {
			t.walk(n[key])
		}
	}
}

// sortedKeys makes the walk, and so which error is reported, the same each time.
func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (t *tree) node(n map[string]any) {
	text := func(key string) string { s, _ := n[key].(string); return s }
	place := -1
	if num, ok := n["query_location"].(json.Number); ok {
		if i, err := num.Int64(); err == nil {
			place = int(i)
		}
	}
	kind, class := text("type"), text("class")
	if kind != "" && class == "" && !nodeTypes[kind] && !strings.HasSuffix(kind, "_TYPE_INFO") {
		t.refuse(kind, place)
	}
	if class != "" && !strings.HasSuffix(kind, "FUNCTION") && text("function_name") == "" {
		switch class {
		case "COLUMN_REF":
			t.column(n)
		case "STAR", "POSITIONAL_REFERENCE":
			t.star = true
		}
	}
	if f, ok := n["function_name"].(string); ok {
		if s := text("schema"); s != "" && s != "main" || text("catalog") != "" && text("catalog") != "memory" {
			t.refuse("a function of another schema", place)
		}
		t.functions = append(t.functions, ref{strings.ToLower(f), place})
	}
	if m, ok := n["cte_map"].(map[string]any); ok {
		list, _ := m["map"].([]any)
		for _, e := range list {
			if e, ok := e.(map[string]any); ok {
				if key, ok := e["key"].(string); ok {
					t.cte(key)
				}
			}
		}
	}
	if kind == "PIVOT" || text("ref_type") == "NATURAL" {
		t.star = true
	}
	if list, ok := n["using_columns"].([]any); ok {
		for _, c := range list {
			if s, ok := c.(string); ok {
				t.columns = append(t.columns, strings.ToLower(s))
			}
		}
	}
	if class == "" && nodeTypes[kind] {
		t.aliases[strings.ToLower(text("alias"))] = true
	}
	switch kind {
	case "BASE_TABLE":
		name := strings.ToLower(text("table_name"))
		if s := text("schema_name"); s != "" {
			name = strings.ToLower(s) + "." + name
		}
		if s := text("catalog_name"); s != "" {
			name = strings.ToLower(s) + "." + name
		}
		if n["at_clause"] != nil {
			t.refuse("a table at another time (AT)", place)
		}
		t.tables = append(t.tables, ref{name, place})
		if text("alias") == "" {
			t.aliases[strings.ToLower(text("table_name"))] = true
		}
	case "TABLE_FUNCTION":
		f, _ := n["function"].(map[string]any)
		name, _ := f["function_name"].(string)
		t.fromFuncs = append(t.fromFuncs, ref{strings.ToLower(name), place})
	case "SHOW_REF":
		switch show := text("show_type"); {
		case show == "DESCRIBE" && n["query"] != nil, show == "SUMMARY" && n["query"] != nil:
			t.star = true
		case strings.Trim(text("table_name"), `"`) == "tables" && n["query"] == nil:
			t.showAll = true
		default:
			t.refuse("this kind of SHOW", place)
		}
	case "RECURSIVE_CTE_NODE", "CTE_NODE":
		t.cte(text("cte_name"))
		t.cte(text("ctename"))
	}
}

// cte notes the name of a WITH item. Names of files are refused: outside the reach of the WITH they would be files.
func (t *tree) cte(name string) {
	if strings.ContainsAny(name, "./\\:*") {
		t.refuse("a WITH name with . / \\ : or *", -1)
		return
	}
	if name != "" {
		t.ctes[strings.ToLower(name)] = true
	}
}

func (t *tree) column(n map[string]any) {
	names, _ := n["column_names"].([]any)
	for i, c := range names {
		if s, ok := c.(string); ok && (i > 0 || len(names) == 1) {
			t.columns = append(t.columns, strings.ToLower(s))
		} else if ok && storedColumns(strings.ToLower(s)) != nil { // a column and its field, or a table of that name
			t.columns = append(t.columns, strings.ToLower(s))
		}
	}
}

func (t *tree) refuse(what string, place int) {
	if t.refused == nil {
		t.refused = &ref{what, place}
	}
}

// schemaTables are the catalogue tables that may be asked.
var schemaTables = map[string]bool{"information_schema.tables": true, "information_schema.columns": true}

// admit looks at a query and lets it in, or says why not.
func (e *Engine) admit(c *conn, sql string) (*statement, error) {
	t, err := c.parse(sql)
	if err != nil {
		return nil, err
	}
	showAll := t.showAll
	s := &statement{sql: sql, known: map[string][]string{}}
	if t.refused != nil {
		return nil, refuse(sql, t.refused.place, "not allowed in a query: "+t.refused.name)
	}
	for _, f := range t.fromFuncs {
		if !tableFunctions[f.name] {
			return nil, refuse(sql, f.place, fmt.Sprintf("function %s is not allowed in FROM", f.name))
		}
	}
	for _, f := range t.functions {
		if !functions[f.name] && !tableFunctions[f.name] {
			return nil, unknownFunction(sql, f)
		}
		s.functions = append(s.functions, f.name)
	}
	for _, r := range t.tables {
		name := strings.TrimPrefix(strings.TrimPrefix(r.name, "memory."), "main.")
		if schemaTables[name] {
			showAll = true
			continue
		}
		v := e.tables[name]
		switch {
		case v != nil:
			s.known[name] = v.columns
			if !slices.Contains(s.tables, name) {
				s.tables = append(s.tables, name)
			}
		case !t.ctes[name]:
			return nil, e.unknownTable(sql, r)
		}
	}
	if showAll {
		for name := range e.tables {
			if !slices.Contains(s.tables, name) {
				s.tables = append(s.tables, name)
			}
		}
		slices.Sort(s.tables)
	}
	return s, nil
}

func firstToken(sql string) int {
	if toks := engine.Tokens(sql); len(toks) > 0 {
		return toks[0].Pos
	}
	return -1
}

// secondStatement is the place of the token behind the first semicolon.
func secondStatement(sql string) int {
	semi := false
	for _, t := range engine.Tokens(sql) {
		if semi && !t.Is(";") {
			return t.Pos
		}
		semi = semi || t.Is(";")
	}
	return -1
}
