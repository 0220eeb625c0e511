package rootmodule_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"weir/internal/rootmodule"
	"weir/terraform"
)

func settings() rootmodule.Settings {
	s := rootmodule.DefaultSettings()
	s.Region = "eu-west-1"
	s.VPCs = []rootmodule.Named{{Name: "main", Value: "vpc-0123456789abcdef0"}}
	return s
}

// attributes are the values of all arguments in a file, by block and name, with no variables to help: module.source.
func attributes(t *testing.T, files []rootmodule.File, name string) map[string]any {
	t.Helper()
	i := slices.IndexFunc(files, func(f rootmodule.File) bool { return f.Path == name })
	f, diags := hclparse.NewParser().ParseHCL(files[i].Data, name)
	if diags.HasErrors() {
		t.Fatalf("%v\n%s", diags, files[i].Data)
	}
	if formatted := hclwrite.Format(files[i].Data); !bytes.Equal(formatted, files[i].Data) {
		t.Errorf("%s is not formatted:\n%s", name, files[i].Data)
	}
	out := map[string]any{}
	var walk func(prefix string, b *hclsyntax.Body)
	walk = func(prefix string, b *hclsyntax.Body) {
		for n, a := range b.Attributes {
			v, diags := a.Expr.Value(&hcl.EvalContext{})
			if diags.HasErrors() {
				out[prefix+n] = "expression"
				continue
			}
			if v.Type().IsObjectType() {
				m := map[string]any{}
				for k, e := range v.AsValueMap() {
					m[k] = e.AsString()
				}
				out[prefix+n] = m
				continue
			}
			switch v.Type().FriendlyName() {
			case "number":
				n2, _ := v.AsBigFloat().Int64()
				out[prefix+n] = n2
			case "bool":
				out[prefix+n] = v.True()
			default:
				out[prefix+n] = v.AsString()
			}
		}
		for _, b := range b.Blocks {
			walk(prefix+b.Type+".", b.Body)
		}
	}
	walk("", f.Body.(*hclsyntax.Body))
	return out
}

// Whatever a text holds, it is that text in HCL, and nothing besides is set. No parser of ours stands before Files here.
func TestHostile(t *testing.T) {
	for _, evil := range []string{
		`"`, `\`, `\"`, "a\nb", "\r\n}\nresource \"x\" \"y\" {}\n", "${file(\"/etc/passwd\")}", "%{ for x in y }", `$${x}`, "<<EOT\nx\nEOT\n",
		"# no comment", "/* */", "\x00\x1b[31m", "ünï\u202ecode 🐈", "}", `" }` + "\n" + `evil = "`,
	} {
		s := settings()
		s.Region, s.Name, s.Bucket, s.Format, s.FileFormat = evil+"1", evil+"2", evil+"3", evil+"4", evil+"5"
		s.VPCs = []rootmodule.Named{{Name: evil + "6", Value: evil + "7"}, {Name: "plain", Value: "vpc-1"}}
		s.Tags = []rootmodule.Named{{Name: evil + "8", Value: evil + "9"}}
		s.Backend = rootmodule.Backend{Bucket: evil + "a", Key: evil + "b", Region: evil + "c"}
		s.ModuleSource, s.ModuleVersion = evil+"d", evil+"e"
		files := s.Files()
		want := map[string]any{
			"module.source": evil + "d", "module.version": evil + "e", "module.name": evil + "2", "module.bucket": evil + "3", "module.format": evil + "4",
			"module.file_format": evil + "5", "module.vpcs": map[string]any{evil + "6": evil + "7", "plain": "vpc-1"}, "module.tags": map[string]any{evil + "8": evil + "9"},
			"module.expire_days": int64(365), "module.encryption": "sse-s3", "module.athena": true,
		}
		if diff := cmp.Diff(want, attributes(t, files, "main.tf")); diff != "" {
			t.Errorf("%q: main.tf (-want +got):\n%s", evil, diff)
		}
		want = map[string]any{
			"terraform.required_version": ">= 1.11", "terraform.required_providers.aws": map[string]any{"source": "hashicorp/aws", "version": ">= 5.100, < 7"},
			"terraform.backend.bucket": evil + "a", "terraform.backend.key": evil + "b", "terraform.backend.region": evil + "c",
			"terraform.backend.encrypt": true, "terraform.backend.use_lockfile": true, "provider.region": evil + "1",
		}
		if diff := cmp.Diff(want, attributes(t, files, "versions.tf")); diff != "" {
			t.Errorf("%q: versions.tf (-want +got):\n%s", evil, diff)
		}
	}
}

// What the settings say arrives, and no more than they say.
func TestFiles(t *testing.T) {
	s := settings()
	main, versions := attributes(t, s.Files(), "main.tf"), attributes(t, s.Files(), "versions.tf")
	want := map[string]any{
		"module.source": "./modules/flow-logs", "module.name": "flow-logs", "module.vpcs": map[string]any{"main": "vpc-0123456789abcdef0"},
		"module.format": "security", "module.file_format": "parquet", "module.expire_days": int64(365), "module.encryption": "sse-s3", "module.athena": true,
	}
	if diff := cmp.Diff(want, main); diff != "" {
		t.Errorf("main.tf (-want +got):\n%s", diff)
	}
	if versions["terraform.required_version"] != ">= 1.9" || versions["terraform.backend.bucket"] != nil {
		t.Errorf("versions.tf without a backend: %v", versions)
	}

	s.Athena, s.KMS, s.ExpireDays = false, true, 0
	s.Backend.Bucket = "state"
	main, versions = attributes(t, s.Files(), "main.tf"), attributes(t, s.Files(), "versions.tf")
	if main["module.athena"] != false || main["module.encryption"] != "kms" || main["module.expire_days"] != int64(0) {
		t.Errorf("main.tf: %v", main)
	}
	if versions["terraform.backend.key"] != "flow-logs/terraform.tfstate" || versions["terraform.backend.region"] != "eu-west-1" {
		t.Errorf("versions.tf: %v", versions)
	}
	outputs := string(s.Files()[3].Data)
	if strings.Contains(outputs, "athena_table") || !strings.Contains(outputs, "kms_key_arn") {
		t.Errorf("outputs.tf without Athena and with a key:\n%s", outputs)
	}
	readme := string(s.Files()[1].Data)
	if strings.Contains(readme, "Athena") || strings.Contains(readme, "terraform.tfstate") || !strings.Contains(readme, "for ever") {
		t.Errorf("README.md without Athena, with the state in S3:\n%s", readme)
	}

	s.ModuleSource = "git::https://example.com/weir.git//terraform/modules/flow-logs?ref=v1"
	for _, f := range s.Files() {
		if strings.HasPrefix(f.Path, "modules/") {
			t.Errorf("%s is written, and the module is elsewhere", f.Path)
		}
	}
}

// What init offers is what the module takes, and each output that the root module hands on is one of the module's.
func TestModuleAgrees(t *testing.T) {
	module := terraform.Module()
	var fields struct {
		Locals struct {
			Kinds struct {
				Flows struct{ Presets map[string][]string }
			}
		}
	}
	if err := json.Unmarshal(module["fields.tf.json"], &fields); err != nil {
		t.Fatal(err)
	}
	for _, f := range rootmodule.Formats {
		if len(fields.Locals.Kinds.Flows.Presets[f]) == 0 {
			t.Errorf("format %s is no preset of the module", f)
		}
	}
	if n := len(fields.Locals.Kinds.Flows.Presets); n != len(rootmodule.Formats) {
		t.Errorf("the module has %d presets, init offers %d", n, len(rootmodule.Formats))
	}
	s := settings()
	s.KMS = true
	for line := range strings.Lines(string(s.Files()[3].Data)) {
		if _, name, ok := strings.Cut(strings.TrimSpace(line), "module.flow_logs."); ok && !bytes.Contains(module["outputs.tf"], []byte(`output "`+name+`"`)) {
			t.Errorf("the module has no output %s", name)
		}
	}
	for name := range attributes(t, s.Files(), "main.tf") {
		if name = strings.TrimPrefix(name, "module."); name != "source" && !bytes.Contains(module["variables.tf"], []byte(`variable "`+name+`"`)) {
			t.Errorf("the module has no input %s", name)
		}
	}
}

// The copy is whole: what Terraform reads in the repository is in the program.
func TestModuleIsWhole(t *testing.T) {
	dir := "../../terraform/modules/flow-logs"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	module, n := terraform.Module(), 0
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tf.json") {
			n++
			if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(data, module[name]) {
				t.Errorf("%s is not in the program as it is: %v", name, err)
			}
		}
	}
	if n < 5 {
		t.Errorf("only %d files in %s", n, dir)
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	s := settings()
	write := func(files []rootmodule.File, force bool) ([]rootmodule.Change, error) {
		t.Helper()
		changes, err := rootmodule.Plan(dir, files)
		if err != nil {
			t.Fatal(err)
		}
		return changes, rootmodule.Write(dir, changes, force)
	}
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err.Error()
		}
		return string(data)
	}
	count := func(changes []rootmodule.Change, status rootmodule.Status) (n int) {
		for _, c := range changes {
			if c.Status == status {
				n++
			}
		}
		return n
	}

	files := s.Files()
	if c, err := write(files, false); err != nil || count(c, rootmodule.New) != len(files) {
		t.Fatalf("first time: %v, %v", c, err)
	}
	for _, f := range files {
		if read(f.Path) != string(f.Data) {
			t.Errorf("%s: %q", f.Path, read(f.Path))
		}
	}
	if c, err := write(files, false); err != nil || count(c, rootmodule.Same) != len(files) {
		t.Fatalf("second time: %v, %v", c, err)
	}

	// One file that differs, and one that is gone: neither is touched without force.
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "outputs.tf")); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(dir, rootmodule.ModuleDir, "old.tf")
	if err := os.WriteFile(stale, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := write(files, false)
	var conflict *rootmodule.ConflictError
	if !errors.As(err, &conflict) || !slices.Equal(conflict.Files, []string{"main.tf", "modules/flow-logs/old.tf"}) {
		t.Fatalf("with a file that differs: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "outputs.tf")); read("main.tf") != "mine" || err == nil {
		t.Errorf("something was written: %q", read("main.tf"))
	}
	if _, err := write(rootmodule.Module(), true); err != nil || read("main.tf") != "mine" {
		t.Errorf("the module alone: %v, %q", err, read("main.tf"))
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("a stale file of the module is still there")
	}
	if _, err := write(files, true); err != nil || read("main.tf") == "mine" {
		t.Errorf("with force: %v, %q", err, read("main.tf"))
	}
}

// No link leads out of the folder, with force neither.
func TestLinksAreRefused(t *testing.T) {
	for _, link := range []string{"main.tf", "modules"} {
		dir, outside := t.TempDir(), t.TempDir()
		victim := filepath.Join(outside, "victim")
		if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		to := victim
		if link == "modules" {
			to = outside
		}
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
		s := settings()
		changes, err := rootmodule.Plan(dir, s.Files())
		if err == nil {
			err = rootmodule.Write(dir, changes, true)
		}
		left, _ := os.ReadDir(outside)
		if data, _ := os.ReadFile(victim); err == nil || string(data) != "mine" || len(left) != 1 {
			t.Errorf("link %s: error %v, victim %q, %d files outside", link, err, data, len(left))
		}
	}
}

func TestValidate(t *testing.T) {
	check := func(want string, change func(*rootmodule.Settings)) {
		t.Helper()
		s := settings()
		change(&s)
		err := s.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	two := func(a, b rootmodule.Named) func(*rootmodule.Settings) {
		return func(s *rootmodule.Settings) { s.VPCs = []rootmodule.Named{a, b} }
	}
	check("", func(*rootmodule.Settings) {})
	check("", two(rootmodule.Named{Name: "a", Value: "vpc-00000001"}, rootmodule.Named{Name: "b", Value: "vpc-00000002"}))
	check(`two VPCs are called "a"`, two(rootmodule.Named{Name: "a", Value: "vpc-00000001"}, rootmodule.Named{Name: "a", Value: "vpc-00000002"}))
	check(`vpc-00000001 is there twice, as "a" and "b"`, two(rootmodule.Named{Name: "a", Value: "vpc-00000001"}, rootmodule.Named{Name: "b", Value: "vpc-00000001"}))
	check("no VPC", func(s *rootmodule.Settings) { s.VPCs = nil })
	check("no Region", func(s *rootmodule.Settings) { s.Region = "" })
	check("is there twice", func(s *rootmodule.Settings) { s.Tags = []rootmodule.Named{{Name: "a"}, {Name: "a"}} })
	check("longer than 63", func(s *rootmodule.Settings) { s.Bucket = strings.Repeat("b", 57) })
	check("", func(s *rootmodule.Settings) { s.Bucket, s.Athena = strings.Repeat("b", 57), false })
	check("no bucket for it", func(s *rootmodule.Settings) { s.Backend.Key = "k" })
	check("cannot lie in the bucket", func(s *rootmodule.Settings) { s.Bucket, s.Backend.Bucket = "b", "b" })
	check("weir's own version", func(s *rootmodule.Settings) { s.ModuleVersion = "1" })
}

func TestParse(t *testing.T) {
	parse := map[string]func(string) error{
		"region": func(s string) error { _, err := rootmodule.ParseRegion(s); return err },
		"vpc":    func(s string) error { _, err := rootmodule.ParseVPC(s); return err },
		"name":   func(s string) error { _, err := rootmodule.ParseName(s); return err },
		"bucket": func(s string) error { _, err := rootmodule.ParseBucket(s); return err },
		"days":   func(s string) error { _, err := rootmodule.ParseDays(s); return err },
		"tag":    func(s string) error { _, err := rootmodule.ParseTag(s); return err },
		"text":   func(s string) error { _, err := rootmodule.ParseText(s); return err },
	}
	good := map[string][]string{
		"region": {"eu-west-1", "us-gov-west-1", "cn-north-1", "ap-southeast-10"},
		"vpc":    {"vpc-0123456789abcdef0", "vpc-1a2b3c4d", "main=vpc-1a2b3c4d", "a.b_c-1=vpc-1a2b3c4d"},
		"name":   {"flow-logs", "a"}, "bucket": {"abc", "my.bucket-1"}, "days": {"0", "1", "3650"},
		"tag": {"a=b", "a=", "cost center=R+D / 1:2@x_y.z", "a=b=c"}, "text": {"a/b", "git::https://example.com/x.git?ref=v1"},
	}
	bad := map[string][]string{
		"region": {"", "eu-west", "Ireland", "eu-west-1\n", "EU-WEST-1", "eu-west-1a"},
		"vpc":    {"", "vpc-", "vpc-xyz", "subnet-1a2b3c4d", "=vpc-1a2b3c4d", "a b=vpc-1a2b3c4d", "vpc-1a2b3c4d\n", `"=vpc-1a2b3c4d`, "vpc-0123456789abcdef"},
		"name":   {"", "Flow", "1a", "a_b", strings.Repeat("a", 64), "a\n"}, "bucket": {"ab", "Bucket", "a..b", "s3://abc", "a_b", "-ab", "abc\n"},
		"days": {"", "-1", "1.5", "a year", "99999999999999999999"},
		"tag":  {"", "a", "=b", "aws:a=b", "a=b\n", "a=<b>", "a=${b}", strings.Repeat("a", 129) + "=b"}, "text": {"", " ", "a\nb", "\x1b[31m"},
	}
	for kind, f := range parse {
		for _, s := range good[kind] {
			if err := f(s); err != nil {
				t.Errorf("%s %q: %v", kind, s, err)
			}
		}
		for _, s := range bad[kind] {
			if err := f(s); err == nil {
				t.Errorf("%s %q was taken", kind, s)
			}
		}
	}
}
