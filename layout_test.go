// Package weir_test holds what is true of the whole repository: which packages there are, which of ours each may
// import, and that each says what it is for.
//
// Start at layout. Changing the layout of the project means changing that table, in sight of everybody. It leaves what
// a package does to the package's own tests. What must hold: faces call verbs, verbs join nouns, nouns do not know each
// other beyond what their line says, and nothing imports upward.
package weir_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "weir"

// Levels order the packages. A test may import what stands on its own level or lower, whatever the table says:
// a lake's test may well ask an engine. Nothing may import upward.
const (
	base  = iota // flowlog
	noun         // things
	verb         // joins things
	face         // people and programs talk to it
	build        // scripts of the repository
)

// rule is one line of the layout.
type rule struct {
	pkg     string   // path below the module
	level   int      //
	imports []string // of ours; a child may always import its parent and what that may import
}

// anything lets a package import all of ours at its own level and below.
var anything = []string{"*"}

// layout is the table. Packages that do not exist yet have no line: they get one when they have work to do.
var layout = []rule{
	{"flowlog", base, nil}, // the AWS record; standard library only, see TestFlowlogIsStandard

	{"internal/source", noun, nil},
	{"internal/source/dir", noun, nil},
	{"internal/source/s3", noun, nil},
	{"internal/inflate", noun, nil},
	{"internal/columnar", noun, []string{"flowlog"}},
	{"internal/lake", noun, []string{"flowlog", "internal/columnar"}},
	{"internal/lake/s3", noun, nil},       // its files in a bucket
	{"internal/lake/postgres", noun, nil}, // its catalog and ledger in a database
	{"internal/lake/glue", noun, nil},     // its catalog in AWS
	{"internal/lake/laketest", noun, nil},
	{"internal/lake/gluetest", noun, nil},
	{"internal/engine", noun, []string{"flowlog", "internal/lake"}},
	{"internal/engine/duckdb", noun, nil},
	{"internal/engine/trino", noun, []string{"internal/columnar"}},
	{"internal/engine/athena", noun, nil},
	{"internal/network", noun, nil},
	{"internal/finding", noun, nil},
	{"internal/report", noun, []string{"internal/finding"}}, // findings as documents
	{"internal/notify", noun, []string{"internal/finding", "internal/report"}},
	{"internal/notify/sns", noun, nil},
	{"internal/rule", noun, []string{"flowlog"}},
	{"internal/traffic", noun, []string{"flowlog"}},
	{"queries", noun, []string{"flowlog"}},     // the embedded files
	{"rules", noun, []string{"internal/rule"}}, // likewise
	{"terraform", noun, nil},                   // likewise
	{"internal/price", noun, nil},
	{"internal/rootmodule", noun, []string{"terraform", "internal/price"}}, // the Terraform that weir init writes

	{"internal/detect", verb, []string{"internal/lake", "internal/engine", "internal/rule", "internal/finding"}},
	{"internal/check", verb, []string{"flowlog", "internal/source", "internal/engine", "internal/network", "internal/rule", "internal/ingest", "internal/refine"}},
	{"internal/doctor", verb, []string{"flowlog", "internal/engine"}},
	{"internal/doctor/terraform", verb, nil},                     // the only place that knows HCL
	{"internal/doctor/aws", verb, []string{"internal/columnar"}}, // the live account
	{"internal/refine", verb, []string{"flowlog", "internal/columnar", "internal/lake", "internal/engine", "internal/network"}},
	{"internal/ingest", verb, []string{"flowlog", "internal/source", "internal/inflate", "internal/columnar", "internal/lake"}},

	{"cmd/weir", face, anything},

	{"scripts/apply", build, anything},
	{"scripts/bench", build, anything},
	{"scripts/truth", build, anything},
}

// isTestPackage tells the packages that are for tests only: contract suites and stand-ins, such as sourcetest and s3test.
// They lie below what they are about, may import what its tests may, and nothing but tests may import them.
func isTestPackage(pkg string) bool {
	return strings.HasSuffix(path.Base(pkg), "test") && path.Dir(pkg) != "."
}

// vagueNames say nothing about what is inside.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "shared", "lib", "manager", "base", "core"}

// maxLines is the length at which a file is asked whether it is one concept. longFiles answers. Tests may be longer:
// they are read one at a time.
const (
	maxLines     = 500
	maxTestLines = 800
)

var longFiles = map[string]string{ // file: reason
}

// goFile is one Go file of the repository.
type goFile struct {
	path    string // slash-separated, from the root
	ast     *ast.File
	lines   int
	ours    []string // packages of ours that it imports, without the module
	foreign []string
}

func (f *goFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// repository reads the imports and comments of every Go file, whatever its build constraints.
func repository(t *testing.T) map[string][]*goFile {
	t.Helper()
	packages := map[string][]*goFile{}
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if p != "." && (name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(p, "go.mod")); p != "." && err == nil {
				return filepath.SkipDir // a module of its own
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f := &goFile{path: filepath.ToSlash(p), lines: bytes.Count(text, []byte("\n"))}
		if f.ast, err = parser.ParseFile(token.NewFileSet(), p, text, parser.ImportsOnly|parser.ParseComments); err != nil {
			return err
		}
		for _, i := range f.ast.Imports {
			if ours, ok := strings.CutPrefix(strings.Trim(i.Path.Value, "\""), module+"/"); ok {
				f.ours = append(f.ours, ours)
			} else {
				f.foreign = append(f.foreign, strings.Trim(i.Path.Value, "\""))
			}
		}
		dir := path.Dir(f.path)
		packages[dir] = append(packages[dir], f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// ruleOf returns the line of a package, or nil. A test package follows the contract that it tests.
func ruleOf(pkg string) *rule {
	if isTestPackage(pkg) {
		pkg = path.Dir(pkg)
	}
	for i := range layout {
		if layout[i].pkg == pkg {
			return &layout[i]
		}
	}
	return nil
}

// allowed tells whether code of r that is no test may import pkg.
func (r *rule) allowed(pkg string) bool {
	if isTestPackage(pkg) {
		return false
	}
	if slices.Equal(r.imports, anything) {
		to := ruleOf(pkg)
		return to != nil && to.level <= r.level && to.level < face
	}
	if slices.Contains(r.imports, pkg) {
		return true
	}
	parent := ruleOf(path.Dir(r.pkg))
	return parent != nil && (pkg == parent.pkg || parent.allowed(pkg))
}

// check returns what is wrong with package pkg importing to.
func check(pkg, to string, test bool) error {
	from, target := ruleOf(pkg), ruleOf(to)
	switch {
	case from == nil:
		return nil // TestPackagesAreListed has said so
	case target == nil:
		return fmt.Errorf("imports %s, which is not in the layout", to)
	case pkg == to:
		return nil // an external test of the package itself
	case test || isTestPackage(pkg):
		if target.level > from.level {
			return fmt.Errorf("imports %s, which is above it", to)
		}
	case !from.allowed(to):
		return fmt.Errorf("may not import %s: see the table in layout_test.go", to)
	}
	return nil
}

func TestImports(t *testing.T) {
	for pkg, files := range repository(t) {
		for _, f := range files {
			for _, to := range f.ours {
				if err := check(pkg, to, f.isTest()); err != nil {
					t.Errorf("%s: %s %v", f.path, pkg, err)
				}
			}
		}
	}
}

func TestPackagesAreListed(t *testing.T) {
	packages := repository(t)
	for pkg := range packages {
		if pkg != "." && ruleOf(pkg) == nil {
			t.Errorf("package %s is not in the layout: give it a line in layout_test.go", pkg)
		}
		if slices.Contains(vagueNames, path.Base(pkg)) {
			t.Errorf("package %s: its name says nothing about what is inside", pkg)
		}
	}
	for _, r := range layout {
		if packages[r.pkg] == nil {
			t.Errorf("layout lists %s, which does not exist", r.pkg)
		}
	}
}

func TestPackagesAreDocumented(t *testing.T) {
	for pkg, files := range repository(t) {
		var docs []string
		for _, f := range files {
			if f.ast.Doc != nil && (!f.isTest() || pkg == ".") {
				docs = append(docs, f.path)
				first := strings.Fields(f.ast.Doc.Text())
				if len(strings.Join(first, " ")) < 80 {
					t.Errorf("%s: the package comment should say what it is, where to start reading, what it leaves to others, and what must hold", f.path)
				}
			}
		}
		if len(docs) != 1 {
			t.Errorf("package %s has %d package comments %v, want 1", pkg, len(docs), docs)
		}
	}
}

func TestFlowlogIsStandard(t *testing.T) {
	for _, f := range repository(t)["flowlog"] {
		for _, p := range f.foreign {
			first, _, _ := strings.Cut(p, "/")
			if strings.Contains(first, ".") && !f.isTest() {
				t.Errorf("%s imports %s: other programs should get flowlog with nothing behind it", f.path, p)
			}
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	long := map[string]bool{}
	for pkg, files := range repository(t) {
		for _, f := range files {
			most := maxLines
			if f.isTest() || isTestPackage(pkg) {
				most = maxTestLines
			}
			if f.lines > most && !ast.IsGenerated(f.ast) {
				long[f.path] = true
				if longFiles[f.path] == "" {
					t.Errorf("%s has %d lines: is it one concept? Cut it, or give the reason in longFiles", f.path, f.lines)
				}
			}
		}
	}
	for name := range longFiles {
		if !long[name] {
			t.Errorf("longFiles has a reason for %s, which is not long", name)
		}
	}
}

// TestCheck makes sure that the rules above can fail.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		pkg, to string
		test    bool
		ok      bool
	}{
		{"internal/lake", "internal/columnar", false, true},
		{"internal/columnar", "internal/lake", false, false},
		{"internal/columnar", "internal/lake", true, true}, // a noun's test may use another
		{"internal/lake", "internal/ingest", true, false},  // but not what is above
		{"internal/source/s3", "internal/source", false, true},
		{"internal/source/s3", "internal/source/dir", false, false}, // siblings never meet
		{"internal/engine/duckdb", "internal/lake", false, true},    // as its parent may
		{"internal/source", "internal/source/sourcetest", false, false},
		{"internal/source/s3", "internal/source/sourcetest", true, true},
		{"flowlog", "internal/source", false, false},
		{"cmd/weir", "internal/lake", false, true},
		{"internal/ingest", "cmd/weir", true, false},
		{"internal/lake", "internal/nowhere", true, false},
	} {
		if err := check(c.pkg, c.to, c.test); (err == nil) != c.ok {
			t.Errorf("%s imports %s (test %v): %v, want ok %v", c.pkg, c.to, c.test, err, c.ok)
		}
	}
}
