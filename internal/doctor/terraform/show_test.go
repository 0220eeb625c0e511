package terraform

import (
	"strings"
	"testing"
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
