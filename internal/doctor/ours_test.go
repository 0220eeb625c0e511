package doctor_test

import (
	"strings"
	"testing"

	"weir/internal/doctor"
	"weir/internal/doctor/terraform"
	"weir/internal/rootmodule"
)

// TestOwnModule holds that the doctor finds nothing in weir's own module and its examples: what it says of others' it must
// not say of ours.
func TestOwnModule(t *testing.T) {
	for _, dir := range []string{"modules/flow-logs", "examples/tutorial", "examples/existing-bucket", "examples/adopt", "examples/transit-gateway",
		"examples/cloudwatch", "examples/complete", "examples/organization"} {
		m, err := terraform.Read("../../terraform/" + dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range doctor.Run(m, doctor.Checks()) {
			t.Errorf("%s: %s at %s:%d: %s", dir, f.Check.ID, f.File, f.Line, f.Summary)
		}
	}
}

// TestOwnPlan holds the same for a plan of the example tutorial.
func TestOwnPlan(t *testing.T) {
	m := readShown(t, "testdata/plans/ours.json")
	if len(m.Resources) < 20 {
		t.Errorf("only %d resources were read", len(m.Resources))
	}
	for _, f := range doctor.Run(m, doctor.Checks()) {
		t.Errorf("%s: %s: %s", f.Check.ID, f.Resource, f.Summary)
	}
}

// TestRootModule holds the same for what `weir init` writes, and that the doctor follows its copy of the module.
func TestRootModule(t *testing.T) {
	plain := rootmodule.DefaultSettings()
	plain.Region, plain.VPCs = "eu-west-1", []rootmodule.Named{{Name: "main", Value: "vpc-0123456789abcdef0"}}
	text := plain
	text.FileFormat, text.Format, text.KMS, text.ExpireDays, text.Backend.Bucket = "plain-text", "all", true, 0, "state"
	bare := plain
	bare.Athena, bare.Format = false, "standard"
	for name, s := range map[string]rootmodule.Settings{"plain": plain, "text": text, "bare": bare} {
		dir := t.TempDir()
		changes, err := rootmodule.Plan(dir, s.Files())
		if err == nil {
			err = rootmodule.Write(dir, changes, false)
		}
		if err != nil {
			t.Fatal(err)
		}
		m, err := terraform.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		logs := 0
		for _, r := range m.Resources {
			if strings.HasSuffix(r.Address, "aws_flow_log.this") && strings.HasPrefix(r.File, rootmodule.ModuleDir+"/") {
				logs++
			}
		}
		if logs != 1 || len(m.Problems) > 0 || len(m.Notes) > 0 {
			t.Errorf("%s: %d flow logs in the module's copy, problems %v, notes %v", name, logs, m.Problems, m.Notes)
		}
		for _, f := range doctor.Run(m, doctor.Checks()) {
			t.Errorf("%s: %s at %s:%d: %s", name, f.Check.ID, f.File, f.Line, f.Summary)
		}
	}
}
