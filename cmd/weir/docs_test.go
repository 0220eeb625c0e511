package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"weir/internal/rootmodule"
	"weir/queries"
)

// manual is every page of documentation, by its path from here.
func manual(t *testing.T) map[string]string {
	t.Helper()
	files := []string{"../../README.md", "../../CONTRIBUTING.md", "../../SECURITY.md"}
	err := filepath.WalkDir("../../docs", func(path string, _ os.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pages[file] = string(text)
	}
	return pages
}

// Every file that the manual links to must be there, and every heading.
func TestLinksInDocs(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#: ]*)(#[^) ]*)?\)`)
	pages, n := manual(t), 0
	for file, text := range pages {
		for _, m := range link.FindAllStringSubmatch(withoutCode(text), -1) {
			to := file
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(file), m[1])
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
				continue
			}
			if m[2] == "" || filepath.Ext(to) != ".md" {
				continue
			}
			n++
			target, ok := pages[to]
			if !ok {
				data, err := os.ReadFile(to)
				if err != nil {
					t.Fatal(err)
				}
				target = string(data)
			}
			if !slices.Contains(anchors(target), m[2][1:]) {
				t.Errorf("%s links to %s%s: there is no such heading", file, m[1], m[2])
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d links to headings were found", n)
	}
}

var (
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	heading = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
	dropped = regexp.MustCompile(`[^\pL\pN _-]`)
)

func withoutCode(markdown string) string { return fence.ReplaceAllString(markdown, "") }

// anchors are what GitHub makes of headings: lower case, without punctuation, hyphens for blanks; the second of a name gets -1.
func anchors(markdown string) (out []string) {
	seen := map[string]int{}
	for _, m := range heading.FindAllStringSubmatch(withoutCode(markdown), -1) {
		name := strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s-%d", name, seen[name]-1)
		}
		out = append(out, name)
	}
	for _, m := range regexp.MustCompile(`<a (?:id|name)="([^"]+)"`).FindAllStringSubmatch(markdown, -1) {
		out = append(out, m[1])
	}
	return out
}

func TestAnchors(t *testing.T) {
	text := "# One `two` (three)\n```sh\n# no heading\n```\n## A–B, c-d: e_f\n## Same\n### Same\n<a id=\"mine\"></a>\n"
	if got, want := anchors(text), []string{"one-two-three", "ab-c-d-e_f", "same", "same-1", "mine"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Every command that the manual shows must exist, with its flags and saved queries. It is not run.
func TestCommandsInDocs(t *testing.T) {
	n := 0
	pages := manual(t)
	for _, destinations := range [][]string{nil, {"cloudwatch"}} {
		init := rootmodule.DefaultSettings()
		init.Region, init.VPCs, init.Destinations = "eu-west-1", []rootmodule.Named{{Name: "main", Value: "vpc-1a2b3c4d"}}, destinations
		for _, f := range init.Files() {
			if f.Path == "README.md" {
				pages[fmt.Sprintf("README.md of weir init, %q", destinations)] = string(f.Data)
			}
		}
	}
	for file, text := range pages {
		for _, args := range shownCommands(text) {
			n++
			if err := checkCommand(args); err != nil {
				t.Errorf("%s: weir %s: %v", file, strings.Join(args, " "), err)
			}
		}
	}
	if n < 30 {
		t.Errorf("found %d commands, which is too few to be all", n)
	}
}

// checkCommand parses a command without running it.
func checkCommand(args []string) error {
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}
	cmd, rest, err := newRoot(a).Find(args)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return flagError(cmd, err)
	}
	rest = cmd.Flags().Args()
	if cmd.Name() == "query" && len(rest) > 0 && strings.HasPrefix(rest[0], "@") && rest[0] != "@NAME" {
		q, ok := queries.Get(rest[0][1:])
		if !ok {
			return unknownQuery(rest[0][1:])
		}
		for _, arg := range rest[1:] {
			key, _, _ := strings.Cut(arg, "=")
			if known := q.Args; !containsArg(known, key) {
				return &queries.UnknownArgError{Name: key}
			}
		}
	}
	return cmd.ValidateArgs(rest)
}

func containsArg(args []queries.Arg, name string) bool {
	for _, a := range args {
		if a.Name == name {
			return true
		}
	}
	return false
}

// shownCommands finds the commands in fenced blocks of shell: what follows "weir" at the begin of a line, a pipe, or
// after "$ " and variables.
func shownCommands(markdown string) (commands [][]string) {
	for i, block := range strings.Split(markdown, "```") {
		lang, text, _ := strings.Cut(block, "\n")
		if i%2 == 0 || lang != "sh" && lang != "console" {
			continue
		}
		for _, words := range shellWords(text) {
			for len(words) > 0 && (words[0] == "$" || strings.Contains(words[0], "=") || words[0] == "sudo") {
				words = words[1:]
			}
			if len(words) > 0 && words[0] == "weir" {
				commands = append(commands, words[1:])
			}
		}
	}
	return commands
}

// shellWords cuts a script into simple commands and their words: quotes, comments, pipes and redirections as far as
// documents use them.
func shellWords(script string) (commands [][]string) {
	var words []string
	var word strings.Builder
	var quote rune
	started, comment, skipWord := false, false, false
	endWord := func() {
		if started && !skipWord {
			words = append(words, word.String())
		}
		if started {
			skipWord = false
		}
		word.Reset()
		started = false
	}
	endCommand := func() {
		endWord()
		if len(words) > 0 {
			commands = append(commands, words)
		}
		words, skipWord = nil, false
	}
	for _, r := range script {
		switch {
		case comment:
			if r == '\n' {
				comment = false
				endCommand()
			}
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '"' || r == '\'':
			quote, started = r, true
		case r == '#' && !started:
			comment = true
		case r == '\n' || r == '|' || r == ';' || r == '&':
			endCommand()
		case r == '>' || r == '<':
			endWord()
			skipWord = true // the file's name
		case r == ' ' || r == '\t':
			endWord()
		default:
			word.WriteRune(r)
			started = true
		}
	}
	endCommand()
	return commands
}

func TestShownCommands(t *testing.T) {
	text := "prose `weir nothing`\n```sh\nweir cat ./logs | jq .x   # weir comment\nweir query \"SELECT 'a b'\n FROM flows\" > out.csv\nA=1 weir nonsense\n" +
		"aws logs x | weir ingest --nonsense -\n```\n```json\nweir no\n```\n"
	var got []string
	for _, c := range shownCommands(text) {
		got = append(got, strings.Join(c, "|"))
	}
	want := []string{"cat|./logs", "query|SELECT 'a b'\n FROM flows", "nonsense", "ingest|--nonsense|-"}
	if strings.Join(got, "\x00") != strings.Join(want, "\x00") {
		t.Fatalf("found %q, want %q", got, want)
	}
	for i, args := range shownCommands(text) {
		if err := checkCommand(args); (err == nil) != (i < 2) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// The policy in the manual has what the hints say that is missing, and parses.
func TestAthenaPolicy(t *testing.T) {
	text, err := os.ReadFile("../../docs/athena.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```json\n")
	block, _, _ := strings.Cut(rest, "```")
	var policy struct {
		Statement []struct {
			Sid    string
			Action any
		}
	}
	if err := json.Unmarshal([]byte(block), &policy); err != nil {
		t.Fatal(err)
	}
	actions := ""
	for _, s := range policy.Statement {
		actions += fmt.Sprint(s.Action) + " "
		if strings.Count(rest, s.Sid) < 2 {
			t.Errorf("statement %s: why it is needed is not said", s.Sid)
		}
	}
	for _, op := range []string{"StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution", "GetTable", "GetPartitions", "ListObjectsV2", "GetObject"} {
		action, _, _ := strings.Cut(deniedActions[op], " ")
		if action == "" || !strings.Contains(actions, action) {
			t.Errorf("%s needs %q, which the policy lacks", op, action)
		}
	}
}
