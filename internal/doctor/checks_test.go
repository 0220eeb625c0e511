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

// read writes files into a directory of their own and reads it.
func read(t *testing.T, files map[string]string) *doctor.Module {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m, err := terraform.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func findings(t *testing.T, text string) []doctor.Finding {
	t.Helper()
	m := read(t, map[string]string{"main.tf": text})
	if len(m.Problems) > 0 {
		t.Fatalf("%v\n%s", m.Problems, text)
	}
	return doctor.Run(m, doctor.Checks())
}

func has(list []doctor.Finding, id string) bool {
	return slices.ContainsFunc(list, func(f doctor.Finding) bool { return f.Check.ID == id })
}

// TestChecks has for each check a text in which it finds something, and one, near to it, in which it does not.
func TestChecks(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range slices.Concat(flowLogCases, tableCases, bucketCases, otherCases) {
		t.Run(c.id, func(t *testing.T) {
			tested[c.id] = true
			if got := findings(t, c.bad); !has(got, c.id) {
				t.Errorf("not found in\n%s\nbut %v", c.bad, ids(got))
			}
			if got := findings(t, c.good); has(got, c.id) {
				t.Errorf("found in\n%s", c.good)
			}
		})
	}
	for _, c := range liveCases { // TestLive
		tested[c.id] = true
	}
	for _, c := range doctor.Checks() {
		if !tested[c.ID] {
			t.Errorf("check %s has no test", c.ID)
		}
		if c.Title == "" || c.Why == "" || c.Fix == "" || c.Source == "" {
			t.Errorf("check %s does not say all", c.ID)
		}
	}
}

func ids(list []doctor.Finding) (out []string) {
	for _, f := range list {
		out = append(out, f.Check.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestUnknown: what Terraform learns only when it runs is nothing to complain about.
func TestUnknown(t *testing.T) {
	got := findings(t, `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.100" }
  }
}
variable "what" {}
data "aws_s3_bucket" "old" { bucket = var.what }
resource "aws_flow_log" "l" {
  vpc_id                   = var.what
  traffic_type             = var.what
  log_destination_type     = var.what
  log_destination          = data.aws_s3_bucket.old.arn
  log_format               = var.what
  max_aggregation_interval = var.what
  iam_role_arn             = var.what
  tags                     = var.what
  lifecycle { create_before_destroy = true }
}
resource "aws_s3_bucket" "b" {
  bucket = var.what
  tags   = var.what
}
module "secure" {
  source = "example.com/secure-bucket"
  bucket = aws_s3_bucket.b.id
}
resource "aws_athena_database" "d" {
  name   = "d"
  bucket = aws_s3_bucket.b.id
}
resource "aws_glue_catalog_table" "t" {
  name       = "t"
  parameters = var.what
  partition_keys { 
    name = "day" 
    type = "string"
  }
  storage_descriptor {
    location = var.what
    dynamic "columns" {
      for_each = var.what
      content { name = columns.value }
    }
  }
}
resource "aws_s3_bucket_policy" "p" {
  bucket = aws_s3_bucket.b.id
  policy = var.what
}
`)
	if len(got) > 0 {
		for _, f := range got {
			t.Errorf("%s: %s: %s", f.Check.ID, f.Resource, f.Summary)
		}
	}
}

func TestTutorial(t *testing.T) {
	m, err := terraform.Read("testdata/tutorial")
	if err != nil {
		t.Fatal(err)
	}
	got := doctor.Run(m, doctor.Checks())
	for _, id := range []string{"table-column-missing", "table-column-order", "table-column-type", "table-partition-never-loaded", "table-location-hard-coded",
		"bucket-no-encryption", "bucket-no-public-access-block", "bucket-no-lifecycle", "lifecycle-versions-kept", "bucket-fixed-name-prevent-destroy",
		"bucket-deprecated-argument", "workgroup-no-limit", "query-equals-pattern", "query-unknown-column", "query-no-workgroup", "query-reads-everything",
		"alarm-no-action", "flow-log-interval-missing", "provider-undeclared", "bucket-no-policy", "database-force-destroy", "flow-log-gap-on-change"} {
		if !has(got, id) {
			t.Errorf("%s is not found", id)
		}
	}
	if !slices.IsSortedFunc(got, func(a, b doctor.Finding) int { return int(b.Check.Severity) - int(a.Check.Severity) }) {
		t.Error("the worst do not come first")
	}
}

// TestSecrets: what is written in an argument that may hold a secret is nowhere in what is reported.
func TestSecrets(t *testing.T) {
	for _, f := range findings(t, `
provider "aws" {
  access_key = "AKIAVERYSECRET"
  secret_key = "hunter2hunter2"
}
resource "aws_flow_log" "l" {
  vpc_id       = "vpc-1"
  my_password  = "hunter2hunter2"
  traffic_type = "ACCEPT"
  api_token    = "hunter2hunter2"
}`) {
		if all := f.Summary + f.Diff; strings.Contains(all, "hunter2") || strings.Contains(all, "AKIAVERY") {
			t.Errorf("%s shows a secret:\n%s", f.Check.ID, all)
		}
	}
}
