// Package terraform reads the Terraform files of a directory for the doctor; the only place that reads HashiCorp's HCL.
//
// Start at Read. What is written literally, or follows from variables' defaults, locals and other resources, is worked
// out in eval.go, and everything else is doctor.Unknown. It leaves all judgement to doctor. What must hold: no file
// outside of the directory is read, nothing is run, and input of any size ends in bounded time.
package terraform

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"

	"weir/internal/doctor"
)

// Limits of what is read. Guesses with room to spare: modules of thousands of lines have files of 100 KB.
const (
	maxFile    = 1 << 20 // bytes
	maxFiles   = 1000
	maxTotal   = 32 << 20 // bytes
	maxEntries = 20_000   // of one directory
	maxDepth   = 8        // of modules in modules
	maxCalls   = 200      // of modules in all
	maxJudged  = 20_000   // resources that checks look at; what belongs to which is found by comparing all with all
)

// reader reads one directory and the modules below it.
type reader struct {
	root   *os.Root
	module *doctor.Module
	parser *hclparse.Parser
	dirs   map[string]*source // by path from the root
	files  int
	bytes  int64
	calls  int
	judged int
}

// source is the text of one module, before its variables have values.
type source struct {
	dir       string
	resources map[string]*block // by type.name
	data      map[string]*block
	variables map[string]*block
	locals    map[string]hcl.Expression
	outputs   map[string]*block
	modules   map[string]*block
	order     []*block // resources, as they come
	providers []*block
	required  []required
	values    map[string]hcl.Expression // terraform.tfvars and *.auto.tfvars
}

type block struct {
	typ, name string
	body      hcl.Body
	file      string
	pos       doctor.Pos
	over      []*block // what override files say of it, the last one wins
}

type required struct {
	name string
	expr hcl.Expression
	file string
	pos  doctor.Pos
}

// Read reads the root module in dir, and the local modules that it calls below dir. What cannot be read is in
// Module.Problems; the error is for a directory that cannot be opened, or that has no Terraform in it.
func Read(dir string) (*doctor.Module, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("read Terraform: %w", err)
	}
	defer root.Close()
	r := &reader{root: root, parser: hclparse.NewParser(), dirs: map[string]*source{}, module: &doctor.Module{Lines: map[string][]string{}}}
	src := r.source(".")
	if r.files == 0 && len(r.module.Problems) == 0 {
		return nil, fmt.Errorf("read Terraform in %s: no *.tf or *.tf.json files", dir)
	}
	r.evaluate(src, "", nil, 0)
	return r.module, nil
}

func (r *reader) problem(file string, line int, format string, args ...any) {
	r.module.Problems = append(r.module.Problems, doctor.Problem{File: file, Line: line, Err: fmt.Sprintf(format, args...)})
}

func (r *reader) note(format string, args ...any) {
	r.module.Notes = append(r.module.Notes, fmt.Sprintf(format, args...))
}

func newSource(dir string) *source {
	return &source{dir: dir, resources: map[string]*block{}, data: map[string]*block{}, variables: map[string]*block{},
		locals: map[string]hcl.Expression{}, outputs: map[string]*block{}, modules: map[string]*block{}, values: map[string]hcl.Expression{}}
}

// source parses the files of one directory, once.
func (r *reader) source(dir string) *source {
	if s := r.dirs[dir]; s != nil {
		return s
	}
	s := newSource(dir)
	r.dirs[dir] = s
	names, overrides, err := r.names(dir)
	if err != nil {
		r.problem(dir, 0, "list directory: %v", err)
	}
	defer func() {
		for _, name := range overrides {
			file := path.Join(dir, name)
			if body := r.parse(file); body != nil {
				s.override(r, file, body)
			}
		}
	}()
	for _, name := range names {
		file := path.Join(dir, name)
		body := r.parse(file)
		switch {
		case body == nil:
		case isValues(name):
			attrs, _ := body.JustAttributes()
			for n, a := range attrs {
				s.values[n] = a.Expr
			}
		default:
			s.add(file, body)
		}
	}
	return s
}

// isValues tells the files of variables' values that Terraform takes by itself.
func isValues(name string) bool {
	return name == "terraform.tfvars" || name == "terraform.tfvars.json" || strings.HasSuffix(name, ".auto.tfvars") || strings.HasSuffix(name, ".auto.tfvars.json")
}

// names lists the files that Terraform reads: configuration, values, and override files, each in Terraform's order.
func (r *reader) names(dir string) (names, overrides []string, _ error) {
	f, err := r.root.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(maxEntries)
	if err == io.EOF {
		err = nil
	}
	if len(entries) == maxEntries {
		r.note("%s: only the first %d entries were looked at", dir, maxEntries)
	}
	var values []string
	for _, e := range entries {
		name := e.Name()
		switch {
		case e.IsDir() || strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~"):
		case isOverride(name):
			overrides = append(overrides, name)
		case strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tf.json"):
			names = append(names, name)
		case isValues(name):
			values = append(values, name)
		}
	}
	slices.Sort(names)
	slices.Sort(overrides)
	slices.SortFunc(values, func(a, b string) int { // terraform.tfvars first: the later ones win
		if a, b := strings.HasPrefix(a, "terraform.tfvars"), strings.HasPrefix(b, "terraform.tfvars"); a != b {
			if a {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return append(names, values...), overrides, err
}

func (r *reader) parse(file string) hcl.Body {
	if r.files >= maxFiles || r.bytes >= maxTotal {
		r.problem(file, 0, "not read: more than %d files, or %d MB in all", maxFiles, maxTotal>>20)
		return nil
	}
	text, err := r.text(file)
	if err != nil {
		r.problem(file, 0, "%v", err)
		return nil
	}
	r.files++
	r.bytes += int64(len(text))
	if depth(text) > maxNesting {
		r.problem(file, 0, "not read: brackets nested deeper than %d", maxNesting)
		return nil
	}
	var f *hcl.File
	var diags hcl.Diagnostics
	if strings.HasSuffix(file, ".json") {
		f, diags = r.parser.ParseJSON(text, file)
	} else {
		f, diags = r.parser.ParseHCL(text, file)
		r.module.Lines[file] = strings.SplitAfter(string(text), "\n")
	}
	for _, d := range diags {
		// The summary alone: the detail quotes what is written there, which may be a secret.
		line := 0
		if d.Subject != nil {
			line = d.Subject.Start.Line
		}
		r.problem(file, line, "%s", d.Summary)
	}
	if f == nil {
		return nil
	}
	return f.Body
}

// text reads a regular file. The root refuses what leads out of it, by a link or by its name.
func (r *reader) text(file string) ([]byte, error) {
	info, err := r.root.Stat(file)
	if err != nil {
		return nil, reason(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not read: no regular file")
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("not read: %d bytes, more than %d", info.Size(), maxFile)
	}
	f, err := r.root.Open(file)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("not read: more than %d bytes", maxFile)
	}
	return text, err
}

// reason is a path error without its path, which is said already.
func reason(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return fmt.Errorf("not read: %w", p.Err)
	}
	return fmt.Errorf("not read: %w", err)
}

// maxNesting keeps the parser, which calls itself for each bracket, from a stack that is all of memory.
const maxNesting = 200

func depth(text []byte) (deepest int) {
	n := 0
	for _, c := range text {
		switch c {
		case '(', '[', '{':
			n++
			deepest = max(deepest, n)
		case ')', ']', '}':
			n = max(0, n-1)
		}
	}
	return deepest
}

var fileSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "resource", LabelNames: []string{"type", "name"}},
	{Type: "data", LabelNames: []string{"type", "name"}},
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "output", LabelNames: []string{"name"}},
	{Type: "module", LabelNames: []string{"name"}},
	{Type: "provider", LabelNames: []string{"name"}},
	{Type: "locals"},
	{Type: "terraform"},
}}

func (s *source) add(file string, body hcl.Body) {
	content, _, _ := body.PartialContent(fileSchema) // what the parser could not read, it has said
	for _, b := range content.Blocks {
		if b.Body == nil {
			continue
		}
		n := &block{body: b.Body, file: file, pos: blockPos(b)}
		switch len(b.Labels) {
		case 2:
			n.typ, n.name = b.Labels[0], b.Labels[1]
		case 1:
			n.typ, n.name = b.Type, b.Labels[0]
		}
		switch b.Type {
		case "resource":
			s.resources[n.typ+"."+n.name] = n
			s.order = append(s.order, n)
		case "data":
			s.data[n.typ+"."+n.name] = n
		case "variable":
			s.variables[n.name] = n
		case "output":
			s.outputs[n.name] = n
		case "module":
			s.modules[n.name] = n
		case "provider":
			s.providers = append(s.providers, n)
		case "locals":
			attrs, _ := b.Body.JustAttributes()
			for name, a := range attrs {
				s.locals[name] = a.Expr
			}
		case "terraform":
			s.addRequired(file, b.Body)
		}
	}
}

func (s *source) addRequired(file string, body hcl.Body) {
	content, _, _ := body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "required_providers"}}})
	for _, b := range content.Blocks {
		attrs, _ := b.Body.JustAttributes()
		for name, a := range attrs {
			s.required = append(s.required, required{name, a.Expr, file, posOf(a.Range)})
		}
	}
	slices.SortFunc(s.required, func(a, b required) int { return strings.Compare(a.name, b.name) })
}
