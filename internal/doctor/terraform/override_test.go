package terraform

import (
	"fmt"
	"strings"
	"testing"

	"weir/internal/doctor"
)

// TestOverride holds to the rules of Terraform's page "Override Files".
func TestOverride(t *testing.T) {
	m := readAll(t, map[string]string{
		"main.tf": `
terraform {
  required_providers {
    aws = { version = "~> 3.0" }
    other = { version = "1" }
  }
}
provider "aws" {
  region     = "eu-west-1"
  secret_key = "x"
}
provider "aws" {
  alias  = "far"
  region = "us-east-1"
}
variable "name" { default = "before" }
locals {
  a = "a1"
  b = "b1"
}
resource "aws_x" "x" {
  name = var.name
  a    = local.a
  b    = local.b
  kept = "k"
  from = aws_y.y.name
  rule { n = 1 }
  rule { n = 2 }
  other { n = 3 }
  lifecycle {
    prevent_destroy       = true
    create_before_destroy = false
  }
}
resource "aws_y" "y" { name = "old" }
resource "aws_z" "z" { name = aws_y.y.name }
resource "aws_gone" "g" {}
module "m" {
  source = "./one"
  in     = "1"
}
`,
		"one/main.tf": "variable \"in\" {}\nresource \"aws_one\" \"o\" { in = var.in }",
		"two/main.tf": "variable \"in\" {}\nresource \"aws_two\" \"o\" { in = var.in }",
		"b_override.tf": `
terraform {
  required_providers {
    aws = { version = "~> 5.100" }
  }
}
provider "aws" { region = "eu-central-1" }
variable "name" { default = "after" }
locals { b = "b2" }
resource "aws_x" "x" {
  from = "text"
  rule { n = 4 }
  lifecycle { create_before_destroy = true }
}
resource "aws_y" "y" { name = "first" }
resource "aws_gone" "g" { count = 0 }
resource "aws_missing" "m" {}
module "m" { source = "./two" }
`,
		"c_override.tf.json": `{"resource": {"aws_y": {"y": {"name": "new"}}}}`,
		"override.txt":       "not read",
		"nooverride.tf":      `resource "aws_plain" "p" {}`,
	})
	resource(t, m, "aws_plain.p") // a name that only ends like one
	for _, c := range []struct{ address, path, want string }{
		{"aws_x.x", "name", "after"},
		{"aws_x.x", "a", "a1"},
		{"aws_x.x", "b", "b2"},
		{"aws_x.x", "kept", "k"},
		{"aws_x.x", "from", "text"},
		{"aws_x.x", "rule", "[map[n:4]]"},
		{"aws_x.x", "other", "[map[n:3]]"},
		{"aws_x.x", "lifecycle", "[map[create_before_destroy:true prevent_destroy:true]]"},
		{"aws_y.y", "name", "new"},
		{"aws_z.z", "name", "new"},
		{"module.m.aws_two.o", "in", "1"},
	} {
		if got := fmt.Sprint(resource(t, m, c.address).Values[c.path]); got != c.want {
			t.Errorf("%s.%s: got %s, want %s", c.address, c.path, got, c.want)
		}
	}
	x := resource(t, m, "aws_x.x")
	if len(x.Refs["from"]) > 0 || x.File != "main.tf" || x.At["kept"] == (doctor.Pos{}) || x.At["from"] != (doctor.Pos{}) {
		t.Errorf("references %v or places %v of what was overridden are kept", x.Refs, x.At)
	}
	for _, r := range m.Resources {
		if r.Type == "aws_gone" || r.Type == "aws_one" {
			t.Errorf("%s is there", r.Address)
		}
	}
	if len(m.Providers) != 2 || m.Providers[0].Values["region"] != "eu-central-1" || m.Providers[0].Values["secret_key"] != "x" || m.Providers[1].Values["region"] != "us-east-1" {
		t.Errorf("providers: %v", m.Providers)
	}
	versions := map[string]any{}
	for _, v := range m.Versions {
		versions[v.Name] = v.Values["version"]
	}
	if versions["aws"] != "~> 5.100" || versions["other"] != "1" {
		t.Errorf("versions: %v", versions)
	}
	if said := fmt.Sprint(m.Problems); !strings.Contains(said, "b_override.tf:17: overrides a resource that is not there: aws_missing.m") || len(m.Problems) != 1 {
		t.Errorf("problems: %s", said)
	}
}

// TestJSONDynamic: what a dynamic block makes is unknown in JSON, too.
func TestJSONDynamic(t *testing.T) {
	m := readAll(t, map[string]string{"main.tf.json": `{"resource": {"aws_x": {"x": {"dynamic": {"rule": {"for_each": [1], "content": {"n": 1}}}, "lifecycle": {"prevent_destroy": true}}}}}`})
	if _, unknown := resource(t, m, "aws_x.x").Values["rule"].(doctor.Unknown); !unknown {
		t.Errorf("%v", resource(t, m, "aws_x.x").Values)
	}
}
