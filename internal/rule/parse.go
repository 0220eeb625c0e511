package rule

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

var (
	idForm        = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	columnForm    = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	techniqueForm = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)
	catalogueForm = regexp.MustCompile(`^D\d{2}$`)
)

// The keys of a rule and of its parts; docs/rule.schema.json has the same.
var (
	ruleKeys = []string{
		"id", "version", "title", "catalogue", "severity", "techniques", "group", "needs", "window", "every", "resolve", "params", "sql",
		"entity", "message", "explain", "fix", "false_positives", "references", "examples", "mutation",
	}
	ruleNeeded = []string{
		"id", "version", "title", "severity", "group", "needs", "window", "every", "resolve", "sql", "entity", "message", "explain", "fix",
		"examples",
	}
	needsKeys    = []string{"fields", "interval", "history"}
	paramKeys    = []string{"name", "type", "default", "doc"}
	exampleKeys  = append([]string{"name", "records", "end", "params", "want"}, ExampleTables...)
	mutationKeys = []string{"survives"}
	survivorKeys = []string{"mutant", "reason"}
	types        = []string{string(Integer), string(Double), string(Text), string(Bytes), string(Duration)}
)

// maxFile is the longest rule, in bytes: examples are long, but not so long.
const maxFile = 1 << 20

// Parse reads the file of a rule. It is strict: whatever it does not expect is an error, with file and line.
func Parse(name string, text []byte) (*Rule, error) {
	r := &reader{file: name}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: a rule is at most %d bytes", name, maxFile)
	}
	out := parseRule(r, r.document(text))
	if r.err != nil {
		return nil, r.err
	}
	out.File = name
	return out, nil
}

func parseRule(r *reader, n *yaml.Node) *Rule {
	f := r.mapping(n, "rule", ruleKeys...)
	f.need(ruleNeeded...)
	out := &Rule{
		ID: f.word("id"), Version: f.integer("version"), Title: f.word("title"), Catalogue: f.texts("catalogue"),
		Severity: f.oneOf("severity", Severities), Techniques: f.texts("techniques"), Group: f.oneOf("group", Groups),
		Window: f.hours("window", hour, 31*day), Every: f.hours("every", hour, 7*day), Resolve: f.hours("resolve", hour, 366*day),
		SQL: strings.TrimSpace(f.text("sql")), Entity: f.texts("entity"), Template: f.word("message"),
		Explain: f.word("explain"), Fix: f.word("fix"), FalsePositives: f.texts("false_positives"), References: f.texts("references"),
	}
	out.Needs = parseNeeds(f)
	out.Params = parseParams(f)
	m := r.mapping(f.at["mutation"], "mutation", mutationKeys...)
	for _, n := range r.items(m.at["survives"], "survives") {
		s := r.mapping(n, "survivor", survivorKeys...)
		s.need(survivorKeys...)
		out.Survives = append(out.Survives, Survivor{s.word("mutant"), s.word("reason"), n.Line})
	}
	if r.err == nil {
		checkHead(f, out)
	}
	if r.err == nil {
		checkSQL(f, out)
	}
	if r.err == nil { // they ask when the rule has steps
		out.Examples = parseExamples(f, out)
	}
	return out
}

func parseNeeds(f fields) Needs {
	n := f.mapping(f.at["needs"], "needs", needsKeys...)
	out := Needs{Fields: n.texts("fields"), Interval: 600, History: n.hours("history", 0, 92*day)}
	for _, name := range out.Fields {
		if !slices.Contains(KnownFields, name) {
			n.fail(n.lineOf("fields"), "needs: nobody can tell whether %q is logged, only %s", name, strings.Join(KnownFields, ", "))
		}
	}
	n.distinct("fields", out.Fields)
	if n.has("interval") {
		if out.Interval = n.integer("interval"); out.Interval != 60 && out.Interval != 600 {
			n.fail(n.lineOf("interval"), "needs: interval is 60 or 600, the seconds that AWS aggregates")
		}
	}
	return out
}

func parseParams(f fields) []Param {
	var out []Param
	for _, n := range f.items(f.at["params"], "params") {
		p := f.mapping(n, "parameter", paramKeys...)
		p.need(paramKeys...)
		v := Param{Name: p.word("name"), Type: Type(p.oneOf("type", types)), Default: p.text("default"), Doc: p.word("doc")}
		_, taken := builtin[v.Name]
		switch {
		case f.err != nil:
			return nil
		case !columnForm.MatchString(v.Name):
			p.fail(n.Line, "parameter: %q is not of the form some_name", v.Name)
		case taken:
			p.fail(n.Line, "parameter: :%s means something else", v.Name)
		case slices.ContainsFunc(out, func(o Param) bool { return o.Name == v.Name }):
			p.fail(n.Line, "parameter: %s is given twice", v.Name)
		default:
			if _, err := v.Parse(v.Default); err != nil {
				p.fail(p.lineOf("default"), "parameter %s: default %q: %v", v.Name, v.Default, err)
			}
		}
		out = append(out, v)
	}
	return out
}

func checkHead(f fields, r *Rule) {
	base := filepath.Base(f.file)
	switch {
	case !idForm.MatchString(r.ID):
		f.fail(f.lineOf("id"), "rule: id %q is not of the form some-words", r.ID)
	case strings.TrimSuffix(strings.TrimSuffix(base, ".yaml"), ".yml") != r.ID:
		f.fail(f.lineOf("id"), "rule: id %s is not the file's name", r.ID)
	case r.Version < 1:
		f.fail(f.lineOf("version"), "rule: version begins at 1")
	case strings.ContainsAny(r.Title, "\n") || len(r.Title) > 80:
		f.fail(f.lineOf("title"), "rule: title must be a few words on one line")
	case r.Every > r.Window:
		f.fail(f.lineOf("every"), "rule: every %s is longer than the window: hours between would not be read", f.text("every"))
	case r.Window%r.Every != 0:
		f.fail(f.lineOf("every"), "rule: the window must be a multiple of every")
	case day%r.Every != 0 && r.Every%day != 0:
		f.fail(f.lineOf("every"), "rule: every must divide a day, or be whole days")
	case r.Resolve < r.Every:
		f.fail(f.lineOf("resolve"), "rule: resolve is shorter than every: it would end between two steps")
	case len(r.Entity) == 0:
		f.fail(f.lineOf("entity"), "rule: entity is empty: a finding must be about something")
	}
	for _, t := range r.Techniques {
		if !techniqueForm.MatchString(t) {
			f.fail(f.lineOf("techniques"), "rule: technique %q is not of the form T1046 or T1021.002", t)
		}
	}
	for _, c := range r.Catalogue {
		if !catalogueForm.MatchString(c) {
			f.fail(f.lineOf("catalogue"), "rule: %q is not of the form D01", c)
		}
	}
	for _, c := range r.Entity {
		if !columnForm.MatchString(c) {
			f.fail(f.lineOf("entity"), "rule: entity %q is not the name of a column", c)
		}
	}
	f.distinct("entity", r.Entity)
	f.distinct("techniques", r.Techniques)
	f.distinct("catalogue", r.Catalogue)
	var err error
	if r.message, err = parseMessage(r.Template); err != nil {
		f.fail(f.lineOf("message"), "rule: message: %v", err)
	}
}

func checkSQL(f fields, r *Rule) {
	at := f.lineOf("sql")
	first := at
	if n := f.at["sql"]; n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		first++ // the text begins below the key
	}
	if r.SQL == "" {
		f.fail(at, "rule: sql is empty")
		return
	}
	var err error
	if r.marks, err = findMarks(r.SQL); err != nil {
		line := first
		if e := (*sqlError)(nil); errors.As(err, &e) {
			line += e.line
		}
		f.fail(line, "rule: sql: %v", err)
		return
	}
	used := map[string]bool{}
	for _, m := range r.marks {
		line := first + strings.Count(r.SQL[:m.pos], "\n")
		_, known := builtin[m.name]
		if !known && !slices.ContainsFunc(r.Params, func(p Param) bool { return p.Name == m.name }) {
			f.fail(line, "rule: sql: parameter :%s is not declared", m.name)
		}
		if m.name == "history" && r.Needs.History == 0 {
			f.fail(line, "rule: sql: :history is used, but needs.history does not say how long it is")
		}
		used[m.name] = true
	}
	for _, p := range r.Params {
		if !used[p.Name] {
			f.fail(f.lineOf("params"), "rule: parameter %s is not used in the sql", p.Name)
		}
	}
	if !used["window"] && !used["reach"] && (!used["start"] || !used["end"]) {
		f.fail(at, "rule: sql: neither :window nor :reach is used: it would read the whole lake at every step")
	}
	if r.Needs.History > 0 && !used["history"] && !used["reach"] {
		f.fail(at, "rule: sql: needs.history is given, but neither :history nor :reach is used")
	}
}
