package refine

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"weir/internal/engine"
	"weir/internal/network"
)

//go:embed *.sql
var texts embed.FS

// SQL is the text that makes a table, whole but for :since and :until, which stand for the ends of the time that it is made for.
func SQL(table string, ports *network.Ports) string {
	text := read(table)
	text = strings.Replace(text, ":common", strings.TrimSpace(read("common")), 1)
	text = strings.Replace(text, ":interval", strings.TrimSpace(read("interval")), 1)
	text = portConditions(text, ":services", serverCondition(ports))
	return portConditions(text, ":ports", ports.AnyCondition)
}

func read(name string) string {
	text, err := texts.ReadFile(name + ".sql")
	if err != nil {
		panic("BUG: no SQL for table " + name)
	}
	return string(text)
}

// serverCondition tells the ports whose side is the server when nothing better tells.
func serverCondition(ports *network.Ports) func(expr string) string {
	var list []string
	for _, p := range ports.KnownPorts() {
		list = append(list, strconv.Itoa(p))
	}
	return func(expr string) string { return expr + " IN (" + strings.Join(append(list, "-1"), ", ") + ")" }
}

// portConditions writes out :name(port) as a condition.
func portConditions(text, name string, condition func(expr string) string) string {
	for {
		i := strings.Index(text, name+"(")
		if i < 0 {
			return text
		}
		port, rest, _ := strings.Cut(text[i+len(name)+1:], ")")
		text = text[:i] + condition(port) + rest
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
func made(book Book, ports *network.Ports) string {
	h := sha256.New()
	for _, d := range Tables {
		for _, c := range d.Columns {
			fmt.Fprintf(h, "%s.%s %s\n", d.Name, c.Name, c.Type)
		}
		io.WriteString(h, SQL(d.Name, ports))
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
