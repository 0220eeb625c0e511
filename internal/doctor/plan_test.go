package doctor_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"weir/internal/doctor"
	"weir/internal/doctor/terraform"
)

func readShown(t *testing.T, name string) *doctor.Module {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := terraform.ReadShown(f, "plan.json")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// found lists findings as check, resource and summary.
func found(list []doctor.Finding) (out []string) {
	for _, f := range list {
		if f.Check.ID == "provider-undeclared" {
			f.Resource = "" // it is said of whichever comes first
		}
		out = append(out, f.Check.ID+" "+f.Resource+": "+f.Summary)
	}
	slices.Sort(out)
	return out
}

// TestPlanIsText: a plan of the tutorial gives the findings that its files give, those that only the text can show excepted.
func TestPlanIsText(t *testing.T) {
	text, err := terraform.Read("testdata/tutorial")
	if err != nil {
		t.Fatal(err)
	}
	want := found(doctor.Run(text, doctor.Checks()))
	want = slices.DeleteFunc(want, func(s string) bool { // lifecycle blocks are in no plan
		return strings.HasPrefix(s, "flow-log-gap-on-change ") || strings.HasPrefix(s, "bucket-fixed-name-prevent-destroy ")
	})
	for _, name := range []string{"tutorial", "again"} { // before and after it was applied
		got := found(doctor.Run(readShown(t, "testdata/plans/"+name+".json"), doctor.Checks()))
		for _, s := range want {
			if !slices.Contains(got, s) {
				t.Errorf("not found in %s: %s", name, s)
			}
		}
		for _, s := range got {
			if !slices.Contains(want, s) {
				t.Errorf("found in %s alone: %s", name, s)
			}
		}
	}
}

// TestState: a state shows what is wrong with what is there. What was left to a default is among its values: the interval
// is known to be slow, and the workgroup of a query to be primary.
func TestState(t *testing.T) {
	m := readShown(t, "testdata/plans/state.json")
	text, err := terraform.Read("testdata/tutorial")
	if err != nil {
		t.Fatal(err)
	}
	want := ids(doctor.Run(text, doctor.Checks()))
	onlyText := []string{"bucket-deprecated-argument", "bucket-fixed-name-prevent-destroy", "flow-log-gap-on-change", "flow-log-interval-missing", "provider-undeclared", "table-location-hard-coded"}
	want = slices.DeleteFunc(want, func(id string) bool { return slices.Contains(onlyText, id) })
	want = append(want, "flow-log-interval-slow")
	slices.Sort(want)
	if got := ids(doctor.Run(m, doctor.Checks())); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// TestPlanKnowsMore: a plan of testdata/fleet tells what its text leaves open, and shows no secret.
func TestPlanKnowsMore(t *testing.T) {
	m := readShown(t, "testdata/plans/fleet.json")
	list := doctor.Run(m, doctor.Checks())
	got := found(list)
	for _, want := range []string{
		`flow-log-traffic-type aws_flow_log.each["bad"]: only REJECT traffic is logged`,                                              // a variable without a default
		`table-column-type aws_glue_catalog_table.flows[0]: column srcport is string, which does not hold the field srcport`,         // a dynamic block
		`bucket-public-access-block-partial module.bucket["bad"].aws_s3_bucket_public_access_block.this: block_public_policy is off`, // in one copy of a module
		`bucket-policy-no-tls module.bucket["bad"].aws_s3_bucket_policy.this: no statement denies requests without TLS`,              // a policy with an ARN that is not known yet
		`bucket-no-lifecycle module.bucket["good.one"].aws_s3_bucket.this: no aws_s3_bucket_lifecycle_configuration is here for it`,  // a bucket of flow logs, by a module's output
		`iam-trust-service aws_iam_role.delivery: vpc-flow-logs.amazonaws.com may not assume the role`,                               // a role, by its ARN
		`log-group-no-retention aws_cloudwatch_log_group.flows: retention_in_days is not set`,                                        // a zero that was written
		`provider-credentials provider.aws: secret_key is written in clear`,
		`provider-unpinned required_providers.aws: no upper bound for the version of the AWS provider`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("not found: %s", want)
		}
	}
	for _, s := range got {
		if strings.Contains(s, "hunter2") || strings.Contains(s, "AKIA") {
			t.Errorf("shows a secret: %s", s)
		}
		for _, not := range []string{`bucket-policy-no-tls module.bucket["good.one"]`, `bucket-public-access-block-partial module.bucket["good.one"]`, "bucket-no-policy", "bucket-policy-delivery", "flow-log-no-destination", "flow-log-no-role"} {
			if strings.HasPrefix(s, not) {
				t.Errorf("found for nothing: %s", s)
			}
		}
	}
	if notes := strings.Join(m.Notes, "\n"); !strings.Contains(notes, "4 sensitive values") {
		t.Errorf("sensitive values are left out in silence: %q", notes)
	}
	// Nothing of what Terraform calls sensitive, and nothing of a provider's arguments, is in memory at all.
	if all := fmt.Sprint(dump(m)...); strings.Contains(all, "hunter2") || strings.Contains(all, "AKIA") {
		t.Error("a secret was taken from the plan")
	}
}

func dump(m *doctor.Module) (all []any) {
	for _, r := range slices.Concat(m.Resources, m.Providers, m.Versions) {
		all = append(all, *r)
	}
	return all
}
