package refine

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"weir/internal/engine"
)

//go:embed *.sql
var texts embed.FS

// SQL is the text that makes a table, whole but for :since and :until. See Bind.
func SQL(table string) string {
	text := read(table)
	text = strings.Replace(text, ":common", strings.TrimSpace(read("common")), 1)
	text = strings.Replace(text, ":interval", strings.TrimSpace(read("interval")), 1)
	text = portConditions(text, ":services", services)
	return portConditions(text, ":ports", known)
}

func read(name string) string {
	text, err := texts.ReadFile(name + ".sql")
	if err != nil {
		panic("BUG: no SQL for table " + name)
	}
	return string(text)
}

// portConditions writes out :name(protocol, port) as a condition.
func portConditions(text, name string, set portSet) string {
	for {
		i := strings.Index(text, name+"(")
		if i < 0 {
			return text
		}
		args, rest, _ := strings.Cut(text[i+len(name)+1:], ")")
		protocol, port, _ := strings.Cut(args, ", ")
		text = text[:i] + set.condition(protocol, port) + rest
	}
}

// bind gives the SQL a ? for each end of the span, and what they stand for.
func bind(sql string, s span) (string, []any) {
	var b strings.Builder
	var args []any
	for {
		i := strings.IndexByte(sql, ':')
		if i < 0 {
			b.WriteString(sql)
			return b.String(), args
		}
		b.WriteString(sql[:i])
		switch rest := sql[i:]; {
		case strings.HasPrefix(rest, ":since"):
			args, sql = append(args, s.since), rest[len(":since"):]
		case strings.HasPrefix(rest, ":until"):
			args, sql = append(args, s.until), rest[len(":until"):]
		default: // in a comment
			b.WriteByte(':')
			sql = rest[1:]
			continue
		}
		b.WriteByte('?')
	}
}

// made names how tables are made: other SQL or another book would make others.
func made(book Book) string {
	h := sha256.New()
	for _, d := range Tables {
		for _, c := range d.Columns {
			fmt.Fprintf(h, "%s.%s %s\n", d.Name, c.Name, c.Type)
		}
		io.WriteString(h, SQL(d.Name))
	}
	io.WriteString(h, book.Version())
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// next is the next row, nil at the end.
func next(rows engine.Rows) ([]any, error) {
	row, err := rows.Next()
	if err == io.EOF {
		return nil, nil
	}
	return row, err
}
