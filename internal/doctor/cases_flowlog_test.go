package doctor_test

import "strings"

// testCase is a text in which a check finds something, and one in which it does not.
type testCase struct{ id, bad, good string }

// with replaces a part of a text that is right by one that is not.
func with(good, old, new string) string {
	if !strings.Contains(good, old) {
		panic("BUG: the text has no " + old)
	}
	return strings.Replace(good, old, new, 1)
}

const allFields = "$${version} $${account-id} $${interface-id} $${srcaddr} $${dstaddr} $${srcport} $${dstport} $${protocol} $${packets} $${bytes} $${start} $${end} $${action} $${log-status} $${vpc-id} $${subnet-id} $${instance-id} $${tcp-flags} $${pkt-srcaddr} $${pkt-dstaddr} $${flow-direction} $${traffic-path}"

const goodLog = `
resource "aws_flow_log" "l" {
  vpc_id                   = "vpc-1"
  traffic_type             = "ALL"
  log_destination_type     = "s3"
  log_destination          = "arn:aws:s3:::bucket/folder"
  max_aggregation_interval = 60
  log_format               = "` + allFields + `"
  tags                     = { a = "b" }
  lifecycle {
    create_before_destroy = true
  }
}
`

const goodTransit = `
resource "aws_flow_log" "t" {
  transit_gateway_id       = "tgw-1"
  log_destination_type     = "s3"
  log_destination          = "arn:aws:s3:::bucket"
  max_aggregation_interval = 60
}
`

const goodGroup = `
resource "aws_cloudwatch_log_group" "g" {
  name              = "flows"
  retention_in_days = 30
  kms_key_id        = "arn:aws:kms:eu-west-1:123456789012:key/1"
}
resource "aws_iam_role" "r" {
  name               = "delivery"
  assume_role_policy = jsonencode({
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "vpc-flow-logs.amazonaws.com" },
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } } }]
  })
}
resource "aws_flow_log" "c" {
  vpc_id                   = "vpc-1"
  traffic_type             = "ALL"
  log_destination          = aws_cloudwatch_log_group.g.arn
  iam_role_arn             = aws_iam_role.r.arn
  max_aggregation_interval = 60
}
`

var flowLogCases = []testCase{
	{"flow-log-traffic-type", with(goodLog, `"ALL"`, `"REJECT"`), goodLog},
	{"flow-log-traffic-type-missing", with(goodLog, `traffic_type             = "ALL"`, ""), goodLog},
	{"flow-log-transit-traffic-type", with(goodTransit, "transit_gateway_id", "traffic_type = \"ALL\"\n  transit_gateway_id"), goodTransit},
	{"flow-log-interval-missing", with(goodLog, "max_aggregation_interval = 60", ""), goodLog},
	{"flow-log-interval-slow", with(goodLog, "= 60", "= 600"), goodLog},
	{"flow-log-transit-interval", with(goodTransit, "= 60", "= 600"), goodTransit},
	{"flow-log-no-destination", with(goodLog, `log_destination          = "arn:aws:s3:::bucket/folder"`, ""), goodLog},
	{"flow-log-no-role", with(goodGroup, "iam_role_arn             = aws_iam_role.r.arn", ""), goodGroup},
	{"flow-log-destination-type", with(goodLog, `log_destination_type     = "s3"`, ""), goodLog},
	{"flow-log-folder-awslogs", with(goodLog, "bucket/folder", "bucket/AWSLogs"), goodLog},
	{"flow-log-log-group-name", with(goodGroup, "log_destination          = aws_cloudwatch_log_group.g.arn", `log_group_name = aws_cloudwatch_log_group.g.name`), goodGroup},
	{"flow-log-no-tags", with(goodLog, `tags                     = { a = "b" }`, ""), goodLog},
	{"flow-log-no-tags", goodTransit, goodTransit + `provider "aws" {
  default_tags {
    tags = { a = "b" }
  }
}`},
	{"flow-log-gap-on-change", with(goodLog, "= true", "= false"), goodLog},
	{"format-unreadable", with(goodLog, "$${version} $${account-id}", "$version (account)"), goodLog},
	{"format-unknown-field", with(goodLog, "$${version}", "$${src-addr}"), goodLog},
	{"format-field-twice", with(goodLog, "$${version}", "$${srcaddr}"), goodLog},
	{"format-needed-field", with(goodLog, "$${action} ", ""), goodLog},
	{"format-recommended-field", with(goodLog, "$${tcp-flags} ", ""), goodLog},
	{"format-mixed", `resource "aws_s3_bucket" "b" { bucket = "bucket" }` + goodLog + with(with(goodLog, `"l"`, `"m"`), " $${traffic-path}", ""),
		`resource "aws_s3_bucket" "b" { bucket = "bucket" }` + goodLog + with(with(with(goodLog, `"l"`, `"m"`), " $${traffic-path}", ""), "/folder", "/other")},
}

// goodTable is a table with the columns of the default format, computed partitions, and the log that fills it.
var goodTable = `
resource "aws_s3_bucket" "b" {
  bucket = "bucket"
}
resource "aws_flow_log" "l" {
  vpc_id               = "vpc-1"
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = aws_s3_bucket.b.arn
}
locals {
  columns = { version = "int" }
}
resource "aws_glue_catalog_table" "t" {
  name = "flows"
  parameters = {
    "skip.header.line.count"    = "1"
    "projection.enabled"        = "true"
    "projection.region.type"    = "enum"
    "projection.region.values"  = "eu-west-1"
    "projection.day.type"       = "date"
    "projection.day.format"     = "yyyy/MM/dd"
    "projection.day.range"      = "2024/01/01,NOW"
    "storage.location.template" = "s3://${aws_s3_bucket.b.id}/AWSLogs/123456789012/vpcflowlogs/$${region}/$${day}"
  }
  partition_keys {
    name = "region"
    type = "string"
  }
  partition_keys {
    name = "day"
    type = "string"
  }
  storage_descriptor {
    location = "s3://${aws_s3_bucket.b.id}/AWSLogs/"
` + columns + `
  }
}
`

var columns = func() string {
	var b strings.Builder
	for _, c := range strings.Split("version int,account_id string,interface_id string,srcaddr string,dstaddr string,srcport int,dstport int,protocol bigint,packets bigint,bytes bigint,start bigint,end bigint,action string,log_status string", ",") {
		name, typ, _ := strings.Cut(c, " ")
		b.WriteString("columns {\n name = \"" + name + "\"\n type = \"" + typ + "\"\n}\n")
	}
	return b.String()
}()

func colText(name, typ string) string {
	return "columns {\n name = \"" + name + "\"\n type = \"" + typ + "\"\n}\n"
}

const ddl = `
resource "aws_athena_named_query" "q" {
  name      = "table"
  workgroup = "flows"
  query     = "CREATE EXTERNAL TABLE flows (srcaddr string, dstaddr string, srcport int, ` + "`end`" + ` bigint) LOCATION 's3://bucket/' "
}
`
