package doctor

import (
	"fmt"
	"regexp"
	"strings"
)

// edit is a change of one argument, or a block behind a resource. It becomes a diff where the place is known and simple.
type edit struct {
	path string // of the argument; its value becomes text, or the argument is added
	text string // in Terraform's words; "" removes the argument
	add  string // a block to write behind the resource, instead

	isBlock bool // text is a nested block with its braces
}

func set(path, text string) *edit { return &edit{path: path, text: text} }
func remove(path string) *edit    { return &edit{path: path} }

// appended writes a block behind the resource. %s stands for what the resource is called.
func appended(r *Resource, text string) *edit {
	return &edit{add: strings.ReplaceAll(text, "NAME", r.Name)}
}

// secretName tells arguments whose value nobody should read in a report.
var secretName = regexp.MustCompile(`(?i)passw|secret|token|access_key|private|credential|api_?key`)

// context is the number of unchanged lines around a change, as diff -u has it.
const context = 3

// diff is the change as a unified diff of the file, or "" where it cannot be made by changing whole lines.
func (e *edit) diff(m *Module, r *Resource) string {
	lines := m.Lines[r.File]
	if e == nil || len(lines) == 0 || r.Pos.Line < 1 || r.Pos.End > len(lines) || r.Pos.End < r.Pos.Line || r.Pos.End == r.Pos.Line && e.add == "" {
		return ""
	}
	var from, to int // lines[from:to] are replaced
	var with []string
	switch pos, there := r.At[r.key(e.path)]; {
	case e.add != "":
		from, to = r.Pos.End, r.Pos.End
		for _, l := range strings.Split("\n"+strings.TrimRight(e.add, "\n"), "\n") {
			with = append(with, l+"\n")
		}
	case there:
		from, to = pos.Line-1, pos.End
		if to > len(lines) || from >= to {
			return ""
		}
		before, _, ok := strings.Cut(lines[from], "=")
		last := e.path[strings.LastIndexByte(e.path, '.')+1:]
		if e.text != "" && (!ok || strings.TrimSpace(before) != last) || e.text == "" && to-from != 1 {
			return "" // the argument does not have its line to itself
		}
		if e.text == "" && strings.TrimSpace(strings.SplitN(lines[from], "=", 2)[0]) != last {
			return ""
		}
		if e.text != "" {
			with = []string{before + "= " + e.text + "\n"}
		}
	default:
		start := r.Pos.Line
		name := e.path
		if before, after, nested := cutLast(e.path); nested {
			pos, ok := r.At[r.key(before)]
			if !ok || pos.End <= pos.Line {
				return ""
			}
			start, name = pos.Line, after
		}
		indent := "  "
		if start < len(lines) {
			next := lines[start]
			if n := len(next) - len(strings.TrimLeft(next, " \t")); n > 0 {
				indent = next[:n]
			}
		}
		from, to = start, start
		equals := " = "
		if e.isBlock {
			equals = " "
		}
		for _, l := range strings.Split(indent+name+equals+e.text, "\n") {
			with = append(with, l+"\n")
		}
	}
	return unified(r.File, lines, from, to, with)
}

func unified(file string, lines []string, from, to int, with []string) string {
	first, last := from, to
	for first > 0 && from-first < context && !secretName.MatchString(lines[first-1]) {
		first--
	}
	for last < len(lines) && last-to < context && lines[last] != "" && !secretName.MatchString(lines[last]) {
		last++
	}
	for _, l := range lines[from:to] {
		if secretName.MatchString(l) {
			return ""
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- a/%s\n+++ b/%s\n@@ -%d,%d +%d,%d @@\n", file, file, start(first, last), last-first, start(first, last-to+from+len(with)), last-first-(to-from)+len(with))
	for _, part := range []struct {
		sign  string
		lines []string
	}{{" ", lines[first:from]}, {"-", lines[from:to]}, {"+", with}, {" ", lines[to:last]}} {
		for _, l := range part.lines {
			b.WriteString(part.sign + strings.TrimRight(l, "\r\n") + "\n")
			if !strings.HasSuffix(l, "\n") {
				b.WriteString("\\ No newline at end of file\n")
			}
		}
	}
	return b.String()
}

// start is how a diff counts the first line of a range: an empty one is named by the line before it.
func start(first, last int) int {
	if last == first {
		return first
	}
	return first + 1
}
