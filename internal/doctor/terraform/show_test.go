package terraform

import (
	"fmt"
	"strings"
	"testing"

	"weir/internal/doctor"
)

func TestShownRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", " \n", "empty"},
		{"binary plan", "PK\x03\x04\x00\x01", "the plan's own file"},
		{"HCL", `resource "a" "b" {}`, "byte 1"},
		{"log", `{"@level":"info","@message":"hunter2"}` + "\n" + `{"@level":"info"}`, "the log of 'terraform plan -json'"},
		{"state file", `{"version": 4, "lineage": "x", "resources": []}`, "the state's own file"},
		{"schemas", `{"format_version": "1.0", "provider_schemas": {}}`, "schemas"},
		{"other JSON", `{"hello": 1}`, "no format_version"},
		{"old", `{"format_version": "0.2", "planned_values": {}}`, `format_version "0.2"`},
		{"new", `{"format_version": "2.0", "planned_values": {}}`, `format_version "2.0"`},
		{"hostile version", "{\"format_version\": \"\x1b[31m\"}", "byte 21, line 1"},
		{"broken", "{\"format_version\": \"1.2\",\n \"resource_changes\": [hunter2]}", "byte 49, line 2: this is no JSON"},
		{"cut off", "{\"format_version\": \"1.2\",\n \"variables\": {\"p\": \"hunter2", "the JSON ends too early"},
		{"wrong type", `{"format_version": "1.2", "resource_changes": "hunter2"}`, "resource_changes is of another type"},
		{"two", `{"format_version": "1.2"} {}`, "something follows"},
		{"deep", `{"format_version": "1.2", "planned_values": ` + strings.Repeat("[", 20_000), "this is no JSON"},
		{"many objects", `{"format_version": "1.2", "resource_changes": [` + strings.Repeat("{},", 1_000_001) + `{}]}`, "more than 1000000"},
		{"many resources", `{"format_version": "1.0", "values": {"root_module": {"resources": [` + strings.Repeat(`{"type": "aws_flow_log", "mode": "managed"},`, 20_001) + `{}]}}}`, "20001 resources to look at"},
		{"many arguments", `{"format_version": "1.2", "configuration": {}, "resource_changes": [` + strings.Repeat(`{"type": "aws_s3_bucket", "mode": "managed", "change": {"after": ["`+strings.Repeat("x", 1<<20)+`"]}},`, 17) + `{}]}`, "more than 16 MB"},
	} {
		_, err := ReadShown(strings.NewReader(c.text), "p.json")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "p.json") {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows what is in the file: %v", c.name, err)
		}
	}
	if _, err := ReadShown(endless{}, "-"); err == nil || !strings.Contains(err.Error(), "more than 64 MB") {
		t.Errorf("an endless plan: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func readText(t *testing.T, text string) *doctor.Module {
	t.Helper()
	m, err := ReadShown(strings.NewReader(text), "p.json")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestPlanReferences: a copy refers to the copy with its own key, and to none where that is not told.
func TestPlanReferences(t *testing.T) {
	copies := func(address, key, after, unknown string) string {
		typ, name, _ := strings.Cut(address, ".")
		full, index := address, ""
		if key != "" {
			full, index = address+"["+key+"]", `"index":`+key+`,`
		}
		return fmt.Sprintf(`{"address":%q,"mode":"managed","type":%q,"name":%q,%s"change":{"actions":["create"],"after":%s,"after_unknown":%s}}`, full, typ, name, index, after, unknown)
	}
	m := readText(t, `{"format_version":"1.2","resource_changes":[`+strings.Join([]string{
		copies("aws_s3_bucket.b", `"a.1"`, `{"bucket":"one"}`, `{}`), copies("aws_s3_bucket.b", `"b"`, `{"bucket":"two"}`, `{}`),
		copies("aws_s3_bucket.single", `0`, `{"bucket":"three"}`, `{}`),
		copies("aws_s3_bucket_policy.each", `"a.1"`, `{}`, `{"bucket":true}`), copies("aws_s3_bucket_policy.each", `"c"`, `{}`, `{"bucket":true}`),
		copies("aws_s3_bucket_policy.named", "", `{}`, `{"bucket":true}`), copies("aws_s3_bucket_policy.all", "", `{}`, `{"bucket":true}`), copies("aws_s3_bucket_policy.one", "", `{}`, `{"bucket":true}`),
		copies("aws_s3_bucket_policy.local", "", `{}`, `{"bucket":true}`),
	}, ",")+`],"configuration":{"root_module":{"resources":[
		{"address":"aws_s3_bucket.b","expressions":{"bucket":{"references":["each.value"]}}},
		{"address":"aws_s3_bucket_policy.each","expressions":{"bucket":{"references":["aws_s3_bucket.b","each.key"]}}},
		{"address":"aws_s3_bucket_policy.named","expressions":{"bucket":{"references":["aws_s3_bucket.b[\"b\"].id","aws_s3_bucket.b[\"b\"]","aws_s3_bucket.b"]}}},
		{"address":"aws_s3_bucket_policy.all","expressions":{"bucket":{"references":["aws_s3_bucket.b"]}}},
		{"address":"aws_s3_bucket_policy.one","expressions":{"bucket":{"references":["aws_s3_bucket.single[0].id","aws_s3_bucket.single[0]","aws_s3_bucket.single"]}}},
		{"address":"aws_s3_bucket_policy.local","expressions":{"bucket":{"references":["local.bucket"]}}}]}}}`)
	for address, want := range map[string]string{
		`aws_s3_bucket_policy.each["a.1"]`: `[aws_s3_bucket.b["a.1"]]`, `aws_s3_bucket_policy.each["c"]`: `[]`, "aws_s3_bucket_policy.named": `[aws_s3_bucket.b["b"]]`,
		"aws_s3_bucket_policy.all": "[]", "aws_s3_bucket_policy.one": "[aws_s3_bucket.single[0]]", "aws_s3_bucket_policy.local": "[]",
	} {
		if got := fmt.Sprint(resource(t, m, address).Refs["bucket"]); got != want {
			t.Errorf("%s refers to %s, want %s", address, got, want)
		}
	}
}

// TestStateReferences: in a state, what belongs to what is told by ARNs; what is unset is absent, secrets and all.
func TestStateReferences(t *testing.T) {
	m := readText(t, `{"format_version":"1.0","values":{"root_module":{"child_modules":[{"address":"module.m","resources":[
		{"address":"module.m.aws_iam_role.r","mode":"managed","type":"aws_iam_role","name":"r","values":{"arn":"arn:aws:iam::1:role/r","name":"r"}}]}],"resources":[
		{"address":"aws_cloudwatch_log_group.g","mode":"managed","type":"aws_cloudwatch_log_group","name":"g","values":{"arn":"arn:aws:logs:x:1:log-group:g","retention_in_days":0}},
		{"address":"data.aws_vpc.v","mode":"data","type":"aws_vpc","name":"v","values":{}},
		{"address":"aws_s3_bucket.old","deposed_key":"1","mode":"managed","type":"aws_s3_bucket","name":"old","values":{}},
		{"address":"aws_db_instance.d","mode":"managed","type":"aws_db_instance","name":"d","values":{"password":"hunter2"}},
		{"address":"aws_flow_log.l","mode":"managed","type":"aws_flow_log","name":"l","sensitive_values":{"tags":{"key":true}},
			"values":{"iam_role_arn":"arn:aws:iam::1:role/r","log_destination":"arn:aws:logs:x:1:log-group:g:*","eni_id":"","tags":{"key":"hunter2"},"destination_options":[],"tags_all":{"a":"b"}}}]}}}`)
	l := resource(t, m, "aws_flow_log.l")
	if got := fmt.Sprint(l.Refs); got != "map[iam_role_arn:[module.m.aws_iam_role.r] log_destination:[aws_cloudwatch_log_group.g]]" {
		t.Error(got)
	}
	if got := fmt.Sprint(l.Values["tags"]); got != "map[key:{}]" || l.Values["eni_id"] != nil || l.Values["destination_options"] != nil || l.Written {
		t.Errorf("%s, %v", got, l.Values)
	}
	if len(m.Resources) != 4 || strings.Contains(fmt.Sprint(resource(t, m, "aws_db_instance.d").Values), "hunter2") {
		t.Errorf("%d resources: %v", len(m.Resources), m.Resources)
	}
}
