// Package queries holds the saved queries: one .sql file each, embedded in the program.
//
// Start at List, Get and Query.Bind. A file is a head of comments, then the text:
//
//	-- title: Who reached a port
//	-- group: Exposure
//	-- about: One sentence or more, over several about lines if need be.
//	-- needs: srcaddr, dstaddr, dstport
//	-- arg: port integer 6379 "port of the server"
//	SELECT … FROM flows WHERE :scope AND dstport = :port
//
// The text is SQL of the dialect that every engine runs (docs/sql.md). :name stands for the value of an argument, :scope
// for the condition that the common arguments since, until, account, region, vpc and interface make; it must be used.
// :private(address) is written out as the test whether an address is one of private networks.
//
// The package does not run anything. What must hold: the value of an argument is never part of the text that Bind
// returns, it is a parameter.
package queries

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed *.sql
var files embed.FS

// Query is a saved query.
type Query struct {
	Name  string   // the file's, without .sql: what people type behind the @
	Title string   // a few words
	Group string   // the heading it is listed under
	About string   // what the rows say, and what to mind; may be ""
	Table string   // the table that :scope is about: flows, or tgw_flows
	Needs []string // columns of records without which the answer is empty or wrong
	Args  []Arg    // its own, then the common ones
	SQL   string   // the text, with :names
}

// Arg is an argument of a query.
type Arg struct {
	Name    string
	Type    Type
	Default string // as one would type it; "" only for the common arguments, which then do not bound anything
	Doc     string
	Common  bool
}

// Type says what the value of an argument can be.
type Type string

// The types of arguments.
const (
	Integer   Type = "integer"
	Text      Type = "text"
	CIDR      Type = "cidr"      // a network without host bits: 10.0.0.0/8
	IP        Type = "ip"        // an address
	Timestamp Type = "timestamp" // RFC 3339, a date, or an age: 24h
	Duration  Type = "duration"  // 90s, 30m, 24h, 7d; a number of seconds in SQL
)

// Groups are the headings, in the order in which they are listed.
var Groups = []string{"Traffic", "Rejects", "Exposure", "Paths and cost", "Hunting", "Transit gateway", "Data quality"}

// common are the arguments that :scope stands for.
var common = []Arg{
	{Name: "since", Type: Timestamp, Doc: "records that began then or later; all if not given", Common: true},
	{Name: "until", Type: Timestamp, Doc: "records that began before", Common: true},
	{Name: "account", Type: Text, Doc: "account_id", Common: true},
	{Name: "region", Type: Text, Doc: "region", Common: true},
	{Name: "vpc", Type: Text, Doc: "vpc_id", Common: true},
	{Name: "interface", Type: Text, Doc: "interface_id", Common: true},
}

// scopes are the conditions of the common arguments, by table.
var scopes = map[string]map[string]string{
	"flows": {
		"since": "start_time >= ?", "until": "start_time < ?", "account": "account_id = ?", "region": "region = ?",
		"vpc": "vpc_id = ?", "interface": "interface_id = ?",
	},
	"tgw_flows": {"since": "start_time >= ?", "until": "start_time < ?", "account": "account_id = ?", "region": "region = ?"},
}

var load = sync.OnceValue(func() []*Query {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		panic("BUG: " + err.Error())
	}
	var out []*Query
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			panic("BUG: " + err.Error())
		}
		q, err := Parse(strings.TrimSuffix(name, ".sql"), string(text))
		if err != nil {
			panic("BUG: " + err.Error()) // a test reads all of them
		}
		out = append(out, q)
	}
	slices.SortFunc(out, func(a, b *Query) int {
		return cmp.Or(slices.Index(Groups, a.Group)-slices.Index(Groups, b.Group), cmp.Compare(a.Name, b.Name))
	})
	return out
})

// List returns all saved queries, by group and name. The queries must not be changed.
func List() []*Query { return load() }

// Get returns the query of that name.
func Get(name string) (*Query, bool) {
	for _, q := range load() {
		if q.Name == name {
			return q, true
		}
	}
	return nil, false
}

// Example is a command that runs the query.
func (q *Query) Example() string {
	s := "weir query @" + q.Name
	for _, a := range q.Args {
		switch {
		case !a.Common:
			s += " " + a.Name + "=" + a.Default
		case a.Name == "since":
			s += " since=7d"
		}
	}
	return s
}

var (
	headLine = regexp.MustCompile(`^-- ([a-z]+): (.+)$`)
	argLine  = regexp.MustCompile(`^([a-z][a-z_]*) (integer|text|cidr|ip|timestamp|duration) (\S+) "([^"]+)"$`)
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
)

// Parse reads the file of a query. It is strict: whatever it does not expect is an error.
func Parse(name, text string) (*Query, error) {
	q := &Query{Name: name, Table: "flows"}
	fail := func(line int, format string, args ...any) (*Query, error) {
		return nil, fmt.Errorf("read query %s.sql:%d: %s", name, line, fmt.Sprintf(format, args...))
	}
	if !nameForm.MatchString(name) {
		return fail(1, "the name is not of the form some-words")
	}
	lines := strings.Split(text, "\n")
	i := 0
	for ; i < len(lines) && strings.HasPrefix(lines[i], "--"); i++ {
		m := headLine.FindStringSubmatch(lines[i])
		if m == nil {
			return fail(i+1, "want -- key: value")
		}
		switch key, value := m[1], m[2]; key {
		case "title":
			q.Title = value
		case "group":
			if !slices.Contains(Groups, value) {
				return fail(i+1, "there is no group %q", value)
			}
			q.Group = value
		case "about":
			q.About = strings.TrimSpace(q.About + "\n" + value)
		case "table":
			if scopes[value] == nil {
				return fail(i+1, "there is no table %q", value)
			}
			q.Table = value
		case "needs":
			for _, n := range strings.Split(value, ",") {
				q.Needs = append(q.Needs, strings.TrimSpace(n))
			}
		case "arg":
			a := argLine.FindStringSubmatch(value)
			if a == nil {
				return fail(i+1, `want -- arg: name type default "meaning"`)
			}
			arg := Arg{Name: a[1], Type: Type(a[2]), Default: a[3], Doc: a[4]}
			if slices.ContainsFunc(append(common, q.Args...), func(o Arg) bool { return o.Name == arg.Name }) {
				return fail(i+1, "argument %s is there already", arg.Name)
			}
			q.Args = append(q.Args, arg)
		default:
			return fail(i+1, "there is no key %q", key)
		}
	}
	var err error
	if q.SQL, err = expand(strings.TrimSpace(strings.Join(lines[i:], "\n"))); err != nil {
		return fail(i+1, "%v", err)
	}
	switch {
	case q.Title == "" || q.Group == "" || len(q.Needs) == 0 || q.SQL == "":
		return fail(i+1, "title, group, needs and a text are wanted")
	case strings.HasSuffix(q.SQL, ";"):
		return fail(len(lines), "no semicolon: Trino wants none")
	}
	used := map[string]bool{}
	for p := range placeholders(q.SQL) {
		if p.name != "scope" && !slices.ContainsFunc(q.Args, func(a Arg) bool { return a.Name == p.name }) {
			return fail(i+1, "argument %s is not declared", p.name)
		}
		used[p.name] = true
	}
	for _, a := range q.Args {
		if !used[a.Name] {
			return fail(i+1, "argument %s is not used", a.Name)
		}
	}
	if !used["scope"] {
		return fail(i+1, ":scope is not used")
	}
	for _, a := range common {
		if scopes[q.Table][a.Name] != "" {
			q.Args = append(q.Args, a)
		}
	}
	return q, nil
}

// privateNetworks are those whose addresses are not of the internet: RFC 1918, RFC 6598 (shared, which AWS lets VPCs
// have), link-local, unique local.
var privateNetworks = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"}

// expand writes out each :private(address).
func expand(sql string) (string, error) {
	const mark = ":private("
	for {
		start := strings.Index(sql, mark)
		if start < 0 {
			return sql, nil
		}
		end, depth := start+len(mark), 1
		for ; end < len(sql) && depth > 0; end++ {
			switch sql[end] {
			case '(':
				depth++
			case ')':
				depth--
			}
		}
		if depth > 0 {
			return "", errors.New(":private( has no end")
		}
		address := "TRY_CAST(" + sql[start+len(mark):end-1] + " AS IPADDRESS)"
		var tests []string
		for _, n := range privateNetworks {
			tests = append(tests, fmt.Sprintf("contains('%s', %s)", n, address))
		}
		sql = sql[:start] + "(" + strings.Join(tests, " OR ") + ")" + sql[end:]
	}
}
