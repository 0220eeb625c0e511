package duckdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"weir/flowlog"
	"weir/internal/engine"
)

// report is an error in DuckDB's JSON form. The keys beside the message depend on the error.
type report struct {
	Type     string `json:"exception_type"`
	Message  string `json:"exception_message"`
	Subtype  string `json:"error_subtype"`
	Position string `json:"position"`
	Name     string `json:"name"`
}

func parseReport(msg string) (report, bool) {
	var r report
	i := strings.IndexByte(msg, '{')
	if i < 0 || json.Unmarshal([]byte(msg[i:]), &r) != nil || r.Message == "" {
		return report{}, false
	}
	return r, true
}

// plainError is an error of DuckDB's as text: for statements of our own, in whose text nobody would look.
func plainError(err error) error {
	if r, ok := parseReport(err.Error()); ok {
		return errors.New(r.Message)
	}
	return err
}

// explainError makes an error of DuckDB's one about the text of the query, or ctx's error if that ended it.
func (s *statement) explainError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	native, ok := err.(nativeError)
	if !ok {
		return &engine.SQLError{Msg: err.Error(), SQL: s.sql}
	}
	r, ok := parseReport(string(native))
	if !ok {
		return &engine.SQLError{Msg: string(native), SQL: s.sql}
	}
	switch r.Type {
	case "Out of Memory":
		msg, _, _ := strings.Cut(r.Message, "\n")
		return fmt.Errorf("run query: out of memory: %s", msg)
	case "IO", "INTERNAL", "FATAL", "INTERRUPT", "Permission":
		msg, _, _ := strings.Cut(r.Message, "\n")
		return fmt.Errorf("run query: %s", msg)
	}
	if r.Type == "Parser" {
		return syntaxError(s.sql, r.Message, r.Position)
	}
	msg, _, _ := strings.Cut(r.Message, "\nCandidate")
	msg, _, _ = strings.Cut(msg, "\n\nLINE ")
	msg = strings.TrimSpace(msg)
	e := engine.NewSQLError(s.sql, offset(r.Position), msg)
	if m := missingColumn.FindStringSubmatch(r.Message); m != nil {
		r.Name, r.Subtype = m[1], "COLUMN_NOT_FOUND"
	}
	if r.Subtype == "COLUMN_NOT_FOUND" || strings.Contains(r.Message, "column") && r.Name != "" {
		s.unknownColumn(e, r)
	}
	return e
}

// missingColumn is how DuckDB words it for a qualified name.
var missingColumn = regexp.MustCompile(`does not have a column named "(.*)"`)

func offset(position string) int {
	n, err := strconv.Atoi(position)
	if err != nil {
		return -1
	}
	return n
}

// unknownColumn words the error of a column that is not there.
func (s *statement) unknownColumn(e *engine.SQLError, r report) {
	at := offset(r.Position)
	tok, rest := tokenAt(s.sql, at)
	name := r.Name
	if name == "" {
		name = tok.Value()
	}
	e.Msg = fmt.Sprintf("there is no column %q", name)
	var all []string
	for _, t := range s.tables {
		all = append(all, s.known[t]...)
	}
	switch aws := hyphenated(name, rest); {
	case aws != "" && slices.Contains(all, strings.ReplaceAll(aws, "-", "_")):
		e.Hint = fmt.Sprintf("%s is AWS's name of the field; the column is %s", aws, strings.ReplaceAll(aws, "-", "_"))
	case engine.Nearest(name, all) != "":
		e.Hint = "did you mean " + engine.Nearest(name, all) + "?"
	case tok.Kind == engine.Quoted:
		e.Hint = fmt.Sprintf(`"double quotes" are for names; write text as '%s'`, strings.ReplaceAll(name, "'", "''"))
	case len(s.tables) > 0:
		e.Hint = "DESCRIBE " + s.tables[0] + " lists the columns"
	}
}

// tokenAt is the token at a place, and those behind it.
func tokenAt(sql string, at int) (engine.Token, []engine.Token) {
	toks := engine.Tokens(sql)
	for i, t := range toks {
		if t.Pos <= at && at < t.End {
			// A qualified name: DuckDB points at its first part.
			for i+2 < len(toks) && toks[i+1].Is(".") {
				i += 2
			}
			return toks[i], toks[i+1:]
		}
	}
	return engine.Token{}, nil
}

// hyphenated is AWS's name of a field if a query used it for a column: quoted, or bare, which reads as a subtraction.
func hyphenated(name string, rest []engine.Token) string {
	name = strings.ToLower(name)
	for i := 0; i+1 < len(rest) && rest[i].Is("-") && rest[i+1].Pos == rest[i].End; i += 2 {
		if known(name) {
			break
		}
		name += "-" + strings.ToLower(rest[i+1].Text)
	}
	if strings.Contains(name, "-") && known(name) {
		return name
	}
	return ""
}

func known(name string) bool {
	return flowlog.VPC.Field(name) != nil || flowlog.TransitGateway.Field(name) != nil
}

func refuse(sql string, at int, msg string) error { return engine.NewSQLError(sql, at, msg) }

// syntaxError words a parser's error, and knows the two that people make most with these tables.
func syntaxError(sql, msg, position string) error {
	e := engine.NewSQLError(sql, offset(position), msg)
	depth := 0
	for _, t := range engine.Tokens(sql) {
		switch {
		case t.Is("CASE"):
			depth++
		case t.Is("END") && depth > 0:
			depth--
		case t.Is("END"):
			*e = *engine.NewSQLError(sql, t.Pos, "end is a word of SQL")
			e.Hint = `write the column as "end"`
			return e
		}
	}
	return e
}

func unknownFunction(sql string, f ref) error {
	e := engine.NewSQLError(sql, f.place, fmt.Sprintf("there is no function %s, or it is not allowed in a query", f.name))
	var names []string
	for n := range functions {
		names = append(names, n)
	}
	slices.Sort(names)
	if n := engine.Nearest(f.name, names); n != "" {
		e.Hint = "did you mean " + n + "?"
	} else {
		e.Hint = "docs/sql.md lists the functions that run on every engine"
	}
	return e
}

func (e *Engine) unknownTable(sql string, r ref) error {
	var names []string
	for n := range e.tables {
		names = append(names, n)
	}
	slices.Sort(names)
	err := engine.NewSQLError(sql, r.place, fmt.Sprintf("there is no table %q", r.name))
	if n := engine.Nearest(r.name, names); n != "" {
		err.Hint = "did you mean " + n + "?"
	} else if len(names) > 0 {
		err.Hint = "the tables are " + strings.Join(names, ", ")
	}
	if strings.ContainsAny(r.name, "/.*") {
		err.Hint = "a query reads tables, not files; weir query --source FILE asks a file"
	}
	return err
}
