package report

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"weir/internal/finding"
)

// required has what each format's schema demands, as paths with the kind of value, or the value itself after "=". A path
// that ends in [] is an array that has at least one element; of arrays on the way each element is looked at.
var required = map[string][]string{
	// OCSF 1.3.0, class 2004: what base event, class, profile cloud and the objects used require.
	"ocsf": {
		"activity_id number", "category_uid =2", "class_uid =2004", "type_uid number", "time number", "severity_id number",
		"metadata.version =1.3.0", "metadata.product.name string", "metadata.product.vendor_name string", "metadata.profiles[] string",
		"finding_info.uid string", "finding_info.title string", "finding_info.analytic.type_id =1", "cloud.provider =AWS",
		"status_id number", "confidence_id number", "message string", "evidences[].data object",
		"finding_info.attacks[].technique.uid string", "observables[].name string", "observables[].type_id number",
	},
	// Security Hub User Guide, "Required top-level ASFF attributes", read 2026-07.
	"asff": {
		"AwsAccountId string", "CreatedAt string", "Description string", "GeneratorId string", "Id string", "ProductArn string", "Resources[].Type string",
		"Resources[].Id string", "SchemaVersion =2018-10-08", "Severity.Label string", "Title string", "Types[] string", "UpdatedAt string",
		"FindingProviderFields.Severity.Label string", "FindingProviderFields.Types[] string", "Region string",
	},
	// SARIF 2.1.0, and what code scanning demands beyond: a location with a file and a line, a fingerprint.
	"sarif": {
		"version =2.1.0", "runs[].tool.driver.name string", "runs[].tool.driver.rules[].id string", "runs[].tool.driver.rules[].shortDescription.text string",
		"runs[].results[].ruleId string", "runs[].results[].ruleIndex number", "runs[].results[].level string", "runs[].results[].message.text string",
		"runs[].results[].locations[].physicalLocation.artifactLocation.uri string", "runs[].results[].locations[].physicalLocation.region.startLine =1",
		"runs[].results[].locations[].logicalLocations[].fullyQualifiedName string", "runs[].results[].partialFingerprints object",
	},
}

// lookup says what is wrong with the value at a path of v, or "".
func lookup(v any, path, want string) string {
	if path == "" {
		switch literal, is := strings.CutPrefix(want, "="); {
		case is && fmt.Sprint(v) == literal, !is && fmt.Sprintf("%T", v) == map[string]string{"number": "float64", "string": "string", "object": "map[string]interface {}"}[want]:
			if v == "" {
				return "is empty"
			}
			return ""
		}
		return fmt.Sprintf("is %v, want %s", v, want)
	}
	key, rest, _ := strings.Cut(path, ".")
	name, list := strings.CutSuffix(key, "[]")
	o, ok := v.(map[string]any)
	if !ok {
		return "is in no object"
	}
	v, ok = o[name]
	if !ok {
		return "is missing"
	}
	if !list {
		return lookup(v, rest, want)
	}
	items, ok := v.([]any)
	if !ok || len(items) == 0 {
		return "is no array with elements"
	}
	for _, i := range items {
		if wrong := lookup(i, rest, want); wrong != "" {
			return wrong
		}
	}
	return ""
}

func checkRequired(t *testing.T, format string, v any) {
	t.Helper()
	for _, r := range required[format] {
		path, want, _ := strings.Cut(r, " ")
		if wrong := lookup(v, path, want); wrong != "" {
			t.Errorf("%s: %s %s", format, path, wrong)
		}
	}
}

func decode[T any](t *testing.T, data []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRequired(t *testing.T) {
	d := sample()
	d.Account, d.Region = "123456789012", "eu-west-1"
	data, _ := write(t, "sarif", d)
	checkRequired(t, "sarif", decode[any](t, data))
	data, left := write(t, "asff", d)
	if left != nil {
		t.Error(left)
	}
	for _, f := range decode[[]any](t, data) {
		checkRequired(t, "asff", f)
	}
	data, _ = write(t, "ocsf", d)
	for line := range strings.Lines(string(data)) {
		checkRequired(t, "ocsf", decode[any](t, []byte(line)))
	}
	// The check itself can fail.
	if lookup(map[string]any{"a": []any{}}, "a[].b", "string") == "" || lookup(map[string]any{}, "a", "string") == "" || lookup(map[string]any{"a": "1"}, "a", "=2") == "" {
		t.Error("lookup finds nothing wrong with what is wrong")
	}
}

func TestOCSFActivity(t *testing.T) {
	created, later := at("2026-11-03T12:00:00Z"), at("2026-11-03T13:00:00Z")
	for _, c := range []struct {
		name           string
		f              finding.Finding
		activity, stat float64
	}{
		{"new", finding.Finding{State: "open", Created: created, Updated: created}, 1, 1},
		{"seen again", finding.Finding{State: "open", Created: created, Updated: later}, 2, 1},
		{"acknowledged", finding.Finding{State: "acknowledged", Created: created, Updated: later}, 2, 2},
		{"suppressed", finding.Finding{State: "suppressed", Created: created, Updated: created}, 2, 3},
		{"resolved", finding.Finding{State: "resolved", Created: created, Updated: later}, 3, 4},
		{"regressed", finding.Finding{State: "regressed", Created: created, Updated: later}, 2, 1},
	} {
		c.f.ID = "r-1"
		data, _ := write(t, "ocsf", Document{Findings: []*finding.Finding{&c.f}})
		e := decode[map[string]any](t, data)
		if e["activity_id"] != c.activity || e["type_uid"] != 200400+c.activity || e["status_id"] != c.stat || e["finding_info"].(map[string]any)["uid"] != "r-1" {
			t.Errorf("%s: activity %v, type %v, status %v", c.name, e["activity_id"], e["type_uid"], e["status_id"])
		}
	}
}

// Security Hub refuses a finding of which one of these does not hold.
func TestASFFBounds(t *testing.T) {
	f := sample().Findings[1]
	f.Title, f.Summary, f.Evidence.SQL = strings.Repeat("é", 3000), strings.Repeat("\x00ü", 3000), strings.Repeat("x", 1<<20)
	f.Details = map[string]any{}
	for i := range 200 {
		f.Details[fmt.Sprintf("%03d%s", i, strings.Repeat("k", 300))] = strings.Repeat("\U0001F6A8", 4000)
	}
	d := sample()
	d.Findings = []*finding.Finding{f}
	data, left := write(t, "asff", d)
	if left != nil {
		t.Fatal(left)
	}
	for _, raw := range decode[[]json.RawMessage](t, data) {
		if len(raw) > 240_000 {
			t.Errorf("%d bytes", len(raw))
		}
		o := decode[struct {
			Title, Description, CreatedAt, UpdatedAt, ProductArn string
			ProductFields                                        map[string]string
			FindingProviderFields                                struct{ Types []string }
		}](t, raw)
		for what, n := range map[string][2]int{"title": {len([]rune(o.Title)), 256}, "description": {len([]rune(o.Description)), 1024}, "fields": {len(o.ProductFields), 50}} {
			if n[0] > n[1] {
				t.Errorf("%s: %d, bound %d", what, n[0], n[1])
			}
		}
		if len(o.ProductFields) < 10 {
			t.Errorf("%d product fields are left", len(o.ProductFields))
		}
		for k, v := range o.ProductFields {
			if len([]rune(k)) >= 128 || len([]rune(v)) >= 2048 {
				t.Errorf("field of %d, %d characters", len([]rune(k)), len([]rune(v)))
			}
		}
		if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`).MatchString(o.UpdatedAt) {
			t.Errorf("UpdatedAt %s", o.UpdatedAt)
		}
		if o.ProductArn != "arn:aws:securityhub:eu-west-1:123456789012:product/123456789012/default" {
			t.Errorf("ProductArn %s", o.ProductArn)
		}
		if got := o.FindingProviderFields.Types; len(got) != 1 || !strings.HasSuffix(got[0], "/Network Reachability") {
			t.Errorf("Types %v", got)
		}
	}
}

// A finding without an account is left out of ASFF, by name; with one to stand in, it is not.
func TestASFFWithoutAccount(t *testing.T) {
	data, left := write(t, "asff", sample())
	if left == nil || len(left.IDs) != 1 || left.IDs[0] != "port-scan-1111111111" || !strings.Contains(left.Error(), "left out 1 findings (port-scan-1111111111)") {
		t.Errorf("left out: %v", left)
	}
	if n := len(decode[[]any](t, data)); n != 2 {
		t.Errorf("%d findings written, want 2", n)
	}
	d := sample()
	d.Account, d.Region = "210987654321", "eu-central-1"
	data, left = write(t, "asff", d)
	if left != nil || len(decode[[]any](t, data)) != 3 || !strings.Contains(string(data), `"AwsAccountId":"210987654321"`) {
		t.Errorf("with an account to stand in: %v", left)
	}
}
