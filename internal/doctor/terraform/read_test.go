package terraform

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/internal/doctor"
)

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readAll(t *testing.T, files map[string]string) *doctor.Module {
	t.Helper()
	m, err := Read(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func resource(t *testing.T, m *doctor.Module, address string) *doctor.Resource {
	t.Helper()
	for _, r := range m.Resources {
		if r.Address == address {
			return r
		}
	}
	t.Fatalf("no %s", address)
	return nil
}

func TestValues(t *testing.T) {
	m := readAll(t, map[string]string{
		"main.tf": `
variable "name" { default = "logs" }
variable "given" {}
variable "open" {}
locals { full = "${var.name}-${var.given}" }
resource "aws_s3_bucket" "b" { bucket = upper(local.full) }
resource "aws_x" "x" {
  name  = aws_s3_bucket.b.arn
  open  = "${var.open}/x"
  self  = aws_x.x.self
  file  = file("/etc/passwd")
  rule {
    n = [for i in [1, 2] : i * 2]
  }
}
resource "aws_none" "n" { count = var.name == "" ? 1 : 0 }
module "m" {
  source = "./sub"
  bucket = aws_s3_bucket.b.id
}
resource "aws_y" "y" { out = module.m.out }
`,
		"terraform.tfvars": `given = "prod"`,
		"sub/main.tf":      "variable \"bucket\" {}\nresource \"aws_z\" \"z\" {\n  bucket = var.bucket\n}\noutput \"out\" { value = aws_z.z.bucket }",
		"more.tf.json":     `{"resource": {"aws_j": {"j": {"name": "${var.name}!", "rule": [{"n": 1}]}}}}`,
	})
	if len(m.Problems) > 0 {
		t.Fatal(m.Problems)
	}
	for _, c := range []struct{ address, path, want string }{
		{"aws_s3_bucket.b", "bucket", "LOGS-PROD"},
		{"aws_x.x", "name", "arn:aws:s3:::LOGS-PROD"},
		{"aws_x.x", "open", "{}"},
		{"aws_x.x", "self", "{}"},
		{"aws_x.x", "file", "{}"},
		{"aws_x.x", "rule", "[map[n:[2 4]]]"},
		{"module.m.aws_z.z", "bucket", "LOGS-PROD"},
		{"aws_y.y", "out", "LOGS-PROD"},
		{"aws_j.j", "name", "logs!"},
		{"aws_j.j", "rule", "[map[n:1]]"},
	} {
		if got := fmt.Sprint(resource(t, m, c.address).Values[c.path]); got != c.want {
			t.Errorf("%s.%s: got %s, want %s", c.address, c.path, got, c.want)
		}
	}
	if refs := fmt.Sprint(resource(t, m, "aws_y.y").Refs["out"]); !strings.Contains(refs, "aws_s3_bucket.b") {
		t.Errorf("a bucket's name is not followed through a module: %s", refs)
	}
	for _, r := range m.Resources {
		if r.Type == "aws_none" {
			t.Error("a resource with count = 0 is there")
		}
	}
}

// TestBroken: what cannot be read is named with its line, and the rest is read.
func TestBroken(t *testing.T) {
	m := readAll(t, map[string]string{
		"bad.tf":   "resource \"aws_a\" \"a\" {\n  password = hunter2 hunter2\n",
		"bad.json": "ignored", "bad.tf.json": "{",
		"deep.tf": "x = " + strings.Repeat("[", 100_000),
		"huge.tf": strings.Repeat("# padding\n", maxFile/10+1),
		"good.tf": `resource "aws_b" "b" {}`,
	})
	resource(t, m, "aws_b.b")
	said := fmt.Sprint(m.Problems)
	for _, want := range []string{"bad.tf:2: ", "bad.tf.json:1: ", "deep.tf: not read", "huge.tf: not read"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in %s", want, said)
		}
	}
	if strings.Contains(said, "hunter2") {
		t.Errorf("the text of a broken line is shown: %s", said)
	}
}

// TestInside: nothing outside of the directory is read, whatever leads there.
func TestInside(t *testing.T) {
	outside := write(t, map[string]string{"secret.tf": `resource "aws_secret" "s" {}`})
	dir := write(t, map[string]string{
		"main.tf": "module \"up\" {\n source = \"../" + filepath.Base(outside) + "\"\n}\nmodule \"link\" {\n source = \"./link\"\n}\nmodule \"far\" {\n source = \"example.com/far\"\n}\n",
	})
	for name, to := range map[string]string{"link": outside, "one.tf": filepath.Join(outside, "secret.tf"), "dev.tf": "/dev/zero"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range m.Resources {
		t.Errorf("%s was read", r.Address)
	}
	if said := fmt.Sprint(m.Problems); !strings.Contains(said, "one.tf: not read") || !strings.Contains(said, "dev.tf: not read") || !strings.Contains(said, "link: ") {
		t.Errorf("not all is refused aloud: %s", said)
	}
	if len(m.Unread) != 2 {
		t.Errorf("%d modules are said to be unread, want 2", len(m.Unread))
	}
}

// TestBounded: a few lines that stand for more than memory holds are given up.
func TestBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("locals {\n l0 = [\"lol\", \"lol\"]\n s0 = \"lolololololololol\"\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&b, " l%d = [local.l%d, local.l%d, local.l%d]\n s%d = \"${local.s%d}${local.s%d}\"\n", i, i-1, i-1, i-1, i, i-1, i-1)
	}
	b.WriteString("}\nresource \"aws_a\" \"a\" {\n l = local.l59\n s = local.s59\n f = format(\"%999999999d\", 1)\n r = [for a in local.l5 : [for b in local.l5 : [for c in local.l5 : c]]]\n}\n")
	b.WriteString("module \"again\" {\n source = \"./.\"\n}\n")
	start := time.Now()
	m := readAll(t, map[string]string{"main.tf": b.String()})
	r := resource(t, m, "aws_a.a")
	if n := len(fmt.Sprint(r.Values["l"])); n > 4*maxWeight {
		t.Errorf("a list of %d bytes was made", n)
	}
	for _, name := range []string{"s", "f", "r"} {
		if _, unknown := r.Values[name].(doctor.Unknown); !unknown {
			t.Errorf("%s was worked out", name)
		}
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestManyResources: more than can be compared with each other are not read, and that is said.
func TestManyResources(t *testing.T) {
	var b strings.Builder
	for i := range maxJudged + 10 {
		fmt.Fprintf(&b, "resource \"aws_a\" \"a%d\" {}\n", i)
	}
	m := readAll(t, map[string]string{"main.tf": b.String()})
	if len(m.Resources) != maxJudged || !strings.Contains(fmt.Sprint(m.Problems), fmt.Sprintf("main.tf:%d: not read from here on", maxJudged+1)) {
		t.Errorf("%d resources, %v", len(m.Resources), m.Problems)
	}
}
