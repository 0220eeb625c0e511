package rootmodule_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/zclconf/go-cty/cty"

	"weir/internal/price"
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
			if v.Type().IsTupleType() {
				var list []string
				for _, e := range v.AsValueSlice() {
					list = append(list, e.AsString())
				}
				out[prefix+n] = list
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
		s.VPCTags = []rootmodule.Named{{Name: evil + "f", Value: evil + "g"}}
		s.Destinations, s.AlarmEmails = []string{"s3", "cloudwatch", evil + "h"}, []string{evil + "i", "plain@example.com"}
		s.Backend = rootmodule.Backend{Bucket: evil + "a", Key: evil + "b", Region: evil + "c"}
		s.ModuleSource, s.ModuleVersion = evil+"d", evil+"e"
		files := s.Files()
		want := map[string]any{
			"module.source": evil + "d", "module.version": evil + "e", "module.name": evil + "2", "module.bucket": evil + "3", "module.format": evil + "4",
			"module.file_format": evil + "5", "module.vpcs": map[string]any{evil + "6": evil + "7", "plain": "vpc-1"}, "module.tags": map[string]any{evil + "8": evil + "9"},
			"module.vpc_tags": map[string]any{evil + "f": evil + "g"}, "module.destinations": []string{"s3", "cloudwatch", evil + "h"},
			"module.alarms": map[string]any{}, "module.alarm_emails": []string{evil + "i", "plain@example.com"}, "module.retention_days": int64(30),
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
		"module.destinations": []string{"s3"},
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
	outputs := fileText(t, s, "outputs.tf")
	if strings.Contains(outputs, "athena_table") || !strings.Contains(outputs, "kms_key_arn") {
		t.Errorf("outputs.tf without Athena and with a key:\n%s", outputs)
	}
	readme := fileText(t, s, "README.md")
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

// Each destination brings what is about it, and nothing else does.
func TestDestinations(t *testing.T) {
	s := settings()
	s.VPCs, s.VPCTags = nil, []rootmodule.Named{{Name: "flow-logs", Value: "on"}}
	s.Destinations, s.RetentionDays, s.AlarmEmails = []string{"cloudwatch"}, 0, []string{"ops@example.com"}
	want := map[string]any{
		"module.source": "./modules/flow-logs", "module.name": "flow-logs", "module.vpc_tags": map[string]any{"flow-logs": "on"},
		"module.destinations": []string{"cloudwatch"}, "module.format": "security", "module.encryption": "sse-s3", "module.retention_days": int64(0),
		"module.alarms": map[string]any{}, "module.alarm_emails": []string{"ops@example.com"},
	}
	if diff := cmp.Diff(want, attributes(t, s.Files(), "main.tf")); diff != "" {
		t.Errorf("main.tf (-want +got):\n%s", diff)
	}
	has := func(file, part string, want bool) {
		t.Helper()
		if text := fileText(t, s, file); strings.Contains(text, part) != want {
			t.Errorf("%s: has %q: %v\n%s", file, part, !want, text)
		}
	}
	for file, parts := range map[string]map[string]bool{
		"outputs.tf": {`"source"`: false, `"bucket"`: false, "athena_table": false, "queue_url": false, `"flow_log_ids"`: false, "log_group_name": true, "alarm_topic_arn": true, "log_format": true},
		"README.md":  {"output -raw source": false, "Athena": false, "a bucket": false, "filter-log-events": true, "a mail from AWS": true, "kept for ever": true, "that gets the tags": true, "After the first year": true},
	} {
		for part, want := range parts {
			has(file, part, want)
		}
	}
	// 10 million records: 66.8 GB x 0.50, 0.93 GB a day x 365 x 0.03, and 3.30 for the alarms.
	has("README.md", "| 10 million | 2.2 GB | $47 |", true)

	has("README.md", "the key that encrypts them goes", false)
	s.KMS = true
	has("README.md", "the key that encrypts them goes", true)

	s.Destinations, s.Queue, s.AlarmEmails, s.RetentionDays = []string{"cloudwatch", "s3"}, true, nil, 30
	main := attributes(t, s.Files(), "main.tf")
	if main["module.queue"] == nil || main["module.athena"] != true || main["module.alarms"] != nil {
		t.Errorf("main.tf with both: %v", main)
	}
	for file, parts := range map[string]map[string]bool{
		"outputs.tf": {`"source"`: true, "queue_url": true, "log_group_name": true, "alarm_topic_arn": false},
		"README.md":  {"output -raw source": true, "filter-log-events": false, "a mail from AWS": false, "a queue": true, "After 365 days": true, "leaves the log group": true},
	} {
		for part, want := range parts {
			has(file, part, want)
		}
	}
}

func fileText(t *testing.T, s rootmodule.Settings, name string) string {
	t.Helper()
	files := s.Files()
	i := slices.IndexFunc(files, func(f rootmodule.File) bool { return f.Path == name })
	if i < 0 {
		t.Fatalf("there is no %s", name)
	}
	return string(files[i].Data)
}

// moduleText is what the files of the module say whose names begin so.
func moduleText(prefix string) (text []byte) {
	for name, data := range terraform.Module() {
		if strings.HasPrefix(name, prefix) {
			text = append(text, data...)
		}
	}
	return text
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
	s.KMS, s.Queue, s.Destinations, s.AlarmEmails, s.VPCTags, s.Tags = true, true, rootmodule.Destinations, []string{"a@b.c"}, s.VPCs, s.VPCs
	outputs, inputs, n := moduleText("outputs"), moduleText("variables"), 0
	for line := range strings.Lines(fileText(t, s, "outputs.tf")) {
		if _, name, ok := strings.Cut(strings.TrimSpace(line), "module.flow_logs."); ok {
			n++
			if !bytes.Contains(outputs, []byte(`output "`+name+`"`)) {
				t.Errorf("the module has no output %s", name)
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d outputs were found", n)
	}
	for name := range attributes(t, s.Files(), "main.tf") {
		if name = strings.TrimPrefix(name, "module."); name != "source" && !bytes.Contains(inputs, []byte(`variable "`+name+`"`)) {
			t.Errorf("the module has no input %s", name)
		}
	}
	for _, list := range []string{strings.ReplaceAll(fmt.Sprint(rootmodule.Retentions), " ", ", "), `["` + strings.Join(rootmodule.Destinations, `", "`) + `"]`} {
		if !bytes.Contains(inputs, []byte(list+", var.")) && !bytes.Contains(inputs, []byte(", "+list+")")) {
			t.Errorf("the module does not take %s", list)
		}
	}
}

// What a month of alarms costs is counted from those that the module makes unasked.
func TestAlarmPrices(t *testing.T) {
	f, diags := hclsyntax.ParseConfig(terraform.Module()["alarms.tf"], "alarms.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var table map[string]cty.Value
	for _, b := range f.Body.(*hclsyntax.Body).Blocks {
		if a := b.Body.Attributes["alarm_table"]; a != nil {
			v, diags := a.Expr.Value(nil)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			table = v.AsValueMap()
		}
	}
	read, filters := 0, map[string]bool{}
	for name, v := range table {
		a := v.AsValueMap()
		if a["asked"].True() {
			continue
		}
		n := map[string]int{"count": 1, "share": 2, "band": 3}[a["kind"].AsString()]
		if n == 0 {
			t.Errorf("alarm %s: what does %s cost?", name, a["kind"].AsString())
		}
		read += n
		for _, f := range a["filters"].AsValueSlice() {
			filters[f.AsString()] = true
		}
	}
	if read != price.ModuleAlarms || len(filters) != price.ModuleMetrics {
		t.Errorf("alarms = {} reads %d metrics and makes %d; priced are %d and %d", read, len(filters), price.ModuleAlarms, price.ModuleMetrics)
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
	check("", func(s *rootmodule.Settings) { s.VPCs, s.VPCTags = nil, []rootmodule.Named{{Name: "a"}} })
	check(`tag of VPCs "a" is there twice`, func(s *rootmodule.Settings) {
		s.VPCTags = []rootmodule.Named{{Name: "a", Value: "1"}, {Name: "a", Value: "2"}}
	})
	to := func(change func(*rootmodule.Settings), destinations ...string) func(*rootmodule.Settings) {
		return func(s *rootmodule.Settings) { s.Destinations = destinations; change(s) }
	}
	check("", to(func(s *rootmodule.Settings) { s.AlarmEmails = []string{"a@b.c"} }, "s3", "cloudwatch"))
	check("alarms look at a log group", func(s *rootmodule.Settings) { s.AlarmEmails = []string{"a@b.c"} })
	check("say each of s3, cloudwatch once", to(func(*rootmodule.Settings) {}, "s3", "s3"))
	check("say each of s3, cloudwatch once", to(func(*rootmodule.Settings) {}, "firehose"))
	check("nothing goes there", to(func(s *rootmodule.Settings) { s.Bucket = "b" }, "cloudwatch"))
	check("a queue hears of objects in S3", to(func(s *rootmodule.Settings) { s.Queue = true }, "cloudwatch"))
	check("at most 60", func(s *rootmodule.Settings) { s.Queue, s.Name = true, strings.Repeat("a", 61) })
	check("", to(func(s *rootmodule.Settings) { s.Name = strings.Repeat("a", 45) }, "cloudwatch"))
	check("IAM takes 64", to(func(s *rootmodule.Settings) { s.Name = strings.Repeat("a", 46) }, "cloudwatch"))
	check("2 days in CloudWatch Logs", to(func(s *rootmodule.Settings) { s.RetentionDays = 2 }, "cloudwatch"))
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
		"vpctag": func(s string) error { _, err := rootmodule.ParseVPCTag(s); return err },
		"keep":   func(s string) error { _, err := rootmodule.ParseRetention(s); return err },
		"email":  func(s string) error { _, err := rootmodule.ParseEmail(s); return err },
		"text":   func(s string) error { _, err := rootmodule.ParseText(s); return err },
	}
	good := map[string][]string{
		"region": {"eu-west-1", "us-gov-west-1", "cn-north-1", "ap-southeast-10"},
		"vpc":    {"vpc-0123456789abcdef0", "vpc-1a2b3c4d", "main=vpc-1a2b3c4d", "a.b_c-1=vpc-1a2b3c4d"},
		"name":   {"flow-logs", "a"}, "bucket": {"abc", "my.bucket-1"}, "days": {"0", "1", "3650"},
		"tag": {"a=b", "a=", "cost center=R+D / 1:2@x_y.z", "a=b=c"}, "vpctag": {"flow-logs=on", "team=net*", "a=*", "a="}, "keep": {"0", "30", "3653"},
		"email": {"ops@example.com", "a+b@c.d.example"}, "text": {"a/b", "git::https://example.com/x.git?ref=v1"},
	}
	bad := map[string][]string{
		"region": {"", "eu-west", "Ireland", "eu-west-1\n", "EU-WEST-1", "eu-west-1a"},
		"vpc":    {"", "vpc-", "vpc-xyz", "subnet-1a2b3c4d", "=vpc-1a2b3c4d", "a b=vpc-1a2b3c4d", "vpc-1a2b3c4d\n", `"=vpc-1a2b3c4d`, "vpc-0123456789abcdef"},
		"name":   {"", "Flow", "1a", "a_b", strings.Repeat("a", 64), "a\n"}, "bucket": {"ab", "Bucket", "a..b", "s3://abc", "a_b", "-ab", "abc\n"},
		"days":   {"", "-1", "1.5", "a year", "99999999999999999999"},
		"tag":    {"", "a", "=b", "aws:a=b", "a=b\n", "a=<b>", "a=${b}", strings.Repeat("a", 129) + "=b"},
		"vpctag": {"", "a", "=b", "a*=b", "a=${b}", "a=b\n", "a=`b`", "aws:a=b"}, "keep": {"", "2", "-1", "30.0", "month"},
		"email": {"", "ops", "ops@example", "Ops <ops@example.com>", "a@b.c,d@e.f", "a@b.c\n", "a@b.c\x1b", "a b@c.d"}, "text": {"", " ", "a\nb", "\x1b[31m"},
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
