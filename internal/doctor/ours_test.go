package doctor_test

import (
	"testing"

	"weir/internal/doctor"
	"weir/internal/doctor/terraform"
)

// TestOwnModule holds that the doctor finds nothing in weir's own module and its examples: what it says of others' it must
// not say of ours.
func TestOwnModule(t *testing.T) {
	for _, dir := range []string{"modules/flow-logs", "examples/tutorial", "examples/existing-bucket", "examples/transit-gateway",
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
