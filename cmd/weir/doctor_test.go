package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"weir/flowlog"
	"weir/internal/doctor"
	"weir/internal/doctor/terraform"
)

// The doctor and 'weir fields --format' must give the same advice.
func TestDoctorWeighsFieldsAsFieldsDoes(t *testing.T) {
	for name, c := range fieldCosts[flowlog.VPC] {
		if got := slices.Contains(doctor.NeededFields, name); got != (c.weight == needed) {
			t.Errorf("%s is needed: doctor says %v, fieldcost.go %v", name, got, c.weight)
		}
		if slices.Contains(doctor.RecommendedFields, name) && c.weight != recommended {
			t.Errorf("%s is recommended by the doctor, and %v in fieldcost.go", name, c.weight)
		}
	}
}

// TestSARIF checks what the schema of SARIF 2.1.0 demands of the parts that are written.
func TestSARIF(t *testing.T) {
	for name, read := range map[string]func() (*doctor.Module, error){
		"files": func() (*doctor.Module, error) { return terraform.Read("../../internal/doctor/testdata/tutorial") },
		"plan": func() (*doctor.Module, error) {
			return (&app{}).readTerraform("../../internal/doctor/testdata/plans/tutorial.json")
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := read()
			if err != nil {
				t.Fatal(err)
			}
			testSARIF(t, m)
		})
	}
}

func testSARIF(t *testing.T, m *doctor.Module) {
	var b bytes.Buffer
	found := doctor.Run(m, doctor.Checks())
	if err := writeSARIF(&b, found, doctor.Checks()); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID               string
						ShortDescription struct{ Text string }
					}
				}
			}
			Results []struct {
				RuleID    string `json:"ruleId"`
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					LogicalLocations []struct{ FullyQualifiedName string }
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || log.Schema == "" || len(log.Runs) != 1 || len(log.Runs[0].Results) != len(found) {
		t.Fatalf("version %q, schema %q, %d runs", log.Version, log.Schema, len(log.Runs))
	}
	run := log.Runs[0]
	for _, r := range run.Results {
		switch {
		case run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID:
			t.Errorf("%s: ruleIndex is another rule's", r.RuleID)
		case !slices.Contains([]string{"none", "note", "warning", "error"}, r.Level):
			t.Errorf("%s: level %q", r.RuleID, r.Level)
		case len(r.Locations) == 1 && len(r.Locations[0].LogicalLocations) != 1:
			t.Errorf("%s: no resource is named", r.RuleID)
		case r.Message.Text == "" || len(r.Locations) != 1 || r.Locations[0].PhysicalLocation.Region.StartLine < 1 || r.Locations[0].PhysicalLocation.ArtifactLocation.URI == "":
			t.Errorf("%s: no message or place", r.RuleID)
		}
	}
}

// TestHostileNames: what a plan calls things ends no block of Markdown, makes no HTML and moves no cursor.
func TestHostileNames(t *testing.T) {
	const plan = `{"format_version": "1.2", "configuration": {}, "resource_changes": [{"address": "aws_flow_log.\u001b[31m</td>\n# x<script>|~~~", "mode": "managed", "type": "aws_flow_log", "name": "\u001b[31m\n~~~\n",
		"change": {"actions": ["create"], "after": {"vpc_id": "vpc-1", "traffic_type": "REJECT\u0007\n# x", "log_destination_type": "s3"}}}]}`
	for _, format := range []string{"table", "md", "json", "csv", "sarif"} {
		var out, errs bytes.Buffer
		code := run([]string{"doctor", "--terraform", "-", "-o", format}, strings.NewReader(plan), &out, &errs)
		if code != 1 || out.Len() == 0 {
			t.Fatalf("%s: exit status %d, %s", format, code, errs.String())
		}
		if text := out.String() + errs.String(); format != "csv" && (strings.ContainsAny(text, "\x1b\x07") || strings.Contains(text, "\n# x")) { // CSV is data, for machines
			t.Errorf("%s: control characters or lines of a plan are printed: %q", format, text)
		}
		if prose, code, ok := strings.Cut(out.String(), "\n~~~~hcl\n"); format == "md" && (!ok || strings.Contains(prose, "<script>") || strings.Count(code, "~~~~") != 1) {
			t.Errorf("md: %s", out.String())
		}
	}
}

// TestDoctorSays: what to do without flags, and with what is not what it should be.
func TestDoctorSays(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"doctor", "--terraform DIR"},
		{"doctor --terraform ../../internal/doctor/testdata/tutorial/main.tf", "name its directory"},
		{"doctor --terraform ../../internal/doctor/testdata/plans", "if ../../internal/doctor/testdata/plans/again.json is a plan, name that"},
		{"doctor --terraform doctor.go", "terraform show -json plan"},
		{"doctor --terraform . --fail-on bad", "critical, high"},
	} {
		var out, errs bytes.Buffer
		if code := run(strings.Fields(c.args), strings.NewReader(""), &out, &errs); code != 2 || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: exit status %d, %s", c.args, code, errs.String())
		}
	}
}

// TestDoctorOffers: the tutorial's list ends in what would work, as text and as Markdown, and not where one check is asked for.
func TestDoctorOffers(t *testing.T) {
	const tutorial = "../../internal/doctor/testdata/tutorial"
	for args, want := range map[string]bool{"-o table": true, "-o md": true, "-o csv": false, "-o table --check bucket-no-tags": false, "-o table --check table-column-missing": false} {
		var out, errs bytes.Buffer
		run(append([]string{"doctor", "--terraform", tutorial}, strings.Fields(args)...), strings.NewReader(""), &out, &errs)
		if got := strings.Contains(out.String(), `module "flow_logs"`) && strings.Contains(out.String(), "vpc-0a1b2c3d4e5f60718"); got != want {
			t.Errorf("%s: the module is offered: %v", args, got)
		}
	}
}
