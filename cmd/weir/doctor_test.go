package main

import (
	"bytes"
	"encoding/json"
	"slices"
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
	m, err := terraform.Read("../../internal/doctor/testdata/tutorial")
	if err != nil {
		t.Fatal(err)
	}
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
		case r.Message.Text == "" || len(r.Locations) != 1 || r.Locations[0].PhysicalLocation.Region.StartLine < 1 || r.Locations[0].PhysicalLocation.ArtifactLocation.URI == "":
			t.Errorf("%s: no message or place", r.RuleID)
		}
	}
}
