package doctor_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weir/internal/doctor"
	"weir/internal/doctor/terraform"
)

// withModule reads a root module that calls weir's own.
func withModule(t *testing.T, text string) *doctor.Module {
	t.Helper()
	files := map[string]string{"main.tf": text}
	names, err := filepath.Glob("../../terraform/modules/flow-logs/*.tf*")
	if err != nil || len(names) == 0 {
		t.Fatal(err, names)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files["terraform/modules/flow-logs/"+filepath.Base(name)] = string(b)
	}
	return read(t, files)
}

// TestEquivalent: what is offered in the place of the tutorial logs the same VPC, and has none of its faults.
func TestEquivalent(t *testing.T) {
	m, err := terraform.Read("testdata/tutorial")
	if err != nil {
		t.Fatal(err)
	}
	text, replaces := doctor.Equivalent(m)
	for _, want := range []string{"aws_flow_log.main", "aws_s3_bucket.flow", "aws_s3_bucket_versioning.flow", "aws_athena_named_query.table", "aws_athena_named_query.internal", "aws_athena_workgroup.flow", "aws_athena_database.flow"} {
		if !slices.Contains(replaces, want) {
			t.Errorf("%s is not said to be replaced", want)
		}
	}
	if slices.Contains(replaces, "aws_cloudwatch_metric_alarm.rejects") {
		t.Error("an alarm is said to be replaced")
	}
	ours := withModule(t, text)
	if len(ours.Problems) > 0 || len(ours.Unread) > 0 {
		t.Fatalf("%v\n%s", ours.Problems, text)
	}
	logs := 0
	for _, r := range ours.Resources {
		if r.Type == "aws_flow_log" {
			logs++
		}
	}
	if logs == 0 || !strings.Contains(text, `main = "vpc-0a1b2c3d4e5f60718"`) {
		t.Errorf("the VPC is not logged by\n%s", text)
	}
	for _, f := range doctor.Run(ours, doctor.Checks()) {
		t.Errorf("%s in the equivalent: %s: %s", f.Check.ID, f.Resource, f.Summary)
	}
}

func TestEquivalentOfMany(t *testing.T) {
	text, _ := doctor.Equivalent(read(t, map[string]string{"main.tf": `
variable "subnet" {}
resource "aws_flow_log" "a" {
  vpc_id                = aws_vpc.main.id
  traffic_type          = "REJECT"
  log_destination_type  = "s3"
  log_destination       = "arn:aws:s3:::b"
  destination_options {
    hive_compatible_partitions = true
  }
}
resource "aws_flow_log" "b" {
  subnet_id            = "${var.subnet}\" }\nhostile = {"
  log_destination_type = "s3"
}
resource "aws_flow_log" "t" {
  transit_gateway_id   = "tgw-1"
  log_destination_type = "s3"
  destination_options {
    per_hour_partition = true
  }
}
resource "aws_flow_log" "longer" {
  vpc_id               = "vpc-1"
  log_destination_type = "s3"
}
resource "aws_flow_log" "watched" {
  vpc_id          = "vpc-2"
  log_destination = "arn:aws:logs:eu-west-1:123456789012:log-group:g"
}
`}))
	const want = `module "flow_logs" {
  source = "./terraform/modules/flow-logs"

  vpcs = {
    a      = aws_vpc.main.id
    longer = "vpc-1"
  }
  subnets = {
    b = "…" # that of aws_flow_log.b
  }
  # traffic_type is ALL: aws_flow_log.a logged REJECT alone
  hive_compatible = true
}

module "transit_flow_logs" {
  source = "./terraform/modules/flow-logs"

  transit_gateways = {
    t = "tgw-1"
  }
  name     = "transit-flow-logs"
  per_hour = true
}
`
	if text != want {
		t.Errorf("got\n%s", text)
	}
	if text, _ := doctor.Equivalent(read(t, map[string]string{"main.tf": goodGroup})); text != "" {
		t.Errorf("something to do for a log group:\n%s", text)
	}
}
