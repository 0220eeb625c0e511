package doctor_test

const goodWorkgroup = `
resource "aws_athena_workgroup" "w" {
  name = "w"
  configuration {
    enforce_workgroup_configuration    = true
    bytes_scanned_cutoff_per_query = 10737418240
    result_configuration {
      output_location = "s3://answers/"
      encryption_configuration {
        encryption_option = "SSE_S3"
      }
    }
  }
}
`

var goodQuery = goodTable + `
resource "aws_athena_named_query" "q" {
  name      = "q"
  workgroup = "w"
  query     = "SELECT srcaddr, count(*) AS pkt_srcaddr FROM flows WHERE day > '2026/01/01' AND srcaddr LIKE '10.%' GROUP BY srcaddr"
}
`

var goodFilter = goodGroup + `
resource "aws_cloudwatch_log_metric_filter" "f" {
  name           = "f"
  log_group_name = aws_cloudwatch_log_group.g.name
  pattern        = "[version, account, eni, source, destination, srcport, destport=\"22\", protocol=\"6\", packets, bytes, windowstart, windowend, action=\"REJECT\", flowlogstatus]"
  metric_transformation {
    name          = "Refused"
    namespace     = "Network"
    value         = "1"
    default_value = "0"
  }
}
`

// regexFilter has brackets and commas in a regular expression.
var regexFilter = with(goodFilter, "destport=\\\"22\\\"", "destport = %^2[2,3]$|^3389$%")

var goodAlarm = goodFilter + `
resource "aws_cloudwatch_metric_alarm" "a" {
  alarm_name          = "a"
  namespace           = "Network"
  metric_name         = "Refused"
  comparison_operator = "GreaterThanThreshold"
  alarm_actions       = ["arn:aws:sns:eu-west-1:123456789012:t"]
}
resource "aws_cloudwatch_metric_alarm" "silence" {
  alarm_name          = "silence"
  namespace           = "AWS/Logs"
  metric_name         = "IncomingLogEvents"
  comparison_operator = "LessThanThreshold"
  alarm_actions       = ["arn:aws:sns:eu-west-1:123456789012:t"]
  treat_missing_data  = "breaching"
}
`

const goodGrant = goodGroup + `
resource "aws_iam_role_policy" "p" {
  role   = aws_iam_role.r.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = "arn:aws:s3:::b/*" }] })
}
`

const attached = goodGroup + `
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = "arn:aws:s3:::b/*" }] })
}
resource "aws_iam_role_policy_attachment" "p" {
  role       = aws_iam_role.r.name
  policy_arn = aws_iam_policy.p.arn
}
`

const byGroup = goodGroup + `
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "logs:PutLogEvents", Resource = "arn:aws:logs:eu-west-1:123456789012:log-group:flows:*" }] })
}
`

const goodVersion = `
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}
provider "aws" {
  region = "eu-west-1"
}
` + goodTransit

var otherCases = []testCase{
	{"workgroup-no-limit", with(goodWorkgroup, "bytes_scanned_cutoff_per_query = 10737418240", ""), goodWorkgroup},
	{"workgroup-not-enforced", with(goodWorkgroup, "= true", "= false"), goodWorkgroup},
	{"workgroup-no-encryption", with(goodWorkgroup, "encryption_configuration {\n        encryption_option = \"SSE_S3\"\n      }", ""), goodWorkgroup},
	{"database-force-destroy", "resource \"aws_athena_database\" \"d\" {\n  name = \"d\"\n  bucket = \"b\"\n  force_destroy = true\n}", "resource \"aws_athena_database\" \"d\" {\n  name = \"d\"\n  bucket = \"b\"\n}"},
	{"query-no-workgroup", with(goodQuery, `workgroup = "w"`, ""), goodQuery},
	{"query-equals-pattern", with(goodQuery, "srcaddr LIKE '10.%'", "srcaddr = '%172.24%'"), goodQuery},
	{"query-unknown-column", with(goodQuery, "count(*)", "max(tcp_flags)"), goodQuery},
	{"query-reads-everything", with(goodQuery, "day > '2026/01/01' AND", ""), goodQuery},
	{"metric-filter-count", with(goodFilter, "[version, ", "["), goodFilter},
	{"metric-filter-count", with(regexFilter, "[version, ", "["), regexFilter},
	{"metric-filter-position", with(goodFilter, "srcport, destport=\\\"22\\\"", "destport=\\\"22\\\", srcport"), goodFilter},
	{"metric-filter-default-dimensions", with(goodFilter, `default_value = "0"`, "default_value = \"0\"\n    dimensions = { eni = \"$eni\" }"), goodFilter},
	{"alarm-no-action", with(goodAlarm, `alarm_actions       = ["arn:aws:sns:eu-west-1:123456789012:t"]`, "alarm_actions = []"), goodAlarm},
	{"alarm-actions-disabled", with(goodAlarm, `treat_missing_data `, "actions_enabled = false\n  treat_missing_data "), goodAlarm},
	{"alarm-silence-unnoticed", with(goodAlarm, `"breaching"`, `"notBreaching"`), goodAlarm},
	{"alarm-no-metric", with(goodAlarm, `metric_name         = "Refused"`, `metric_name = "Rejected"`), goodAlarm},
	{"log-group-no-retention", with(goodGroup, "retention_in_days = 30", ""), goodGroup},
	{"log-group-no-kms", with(goodGroup, "kms_key_id", "log_group_class"), goodGroup},
	{"iam-action-wildcard", with(goodGrant, `["s3:GetObject"]`, `"*"`), goodGrant},
	{"iam-action-wildcard", with(byGroup, `"logs:PutLogEvents"`, `"*"`), byGroup},
	{"iam-action-wildcard", with(goodGrant, `["s3:GetObject"]`, `"*"`), with(with(goodGrant, `["s3:GetObject"]`, `"*"`), "aws_iam_role.r.id", `"another"`)}, // somebody else's
	{"iam-action-wildcard", with(attached, `["s3:GetObject"]`, `"*"`), with(with(attached, `["s3:GetObject"]`, `"*"`), "aws_iam_role.r.name", `"another"`)},
	{"iam-service-wildcard", with(goodGrant, `["s3:GetObject"], Resource = "arn:aws:s3:::b/*"`, `["s3:*"], Resource = "*"`), goodGrant},
	{"iam-resource-wildcard", with(goodGrant, `"arn:aws:s3:::b/*"`, `"*"`), goodGrant},
	{"iam-trust-service", with(goodGroup, "vpc-flow-logs.amazonaws.com", "ec2.amazonaws.com"), goodGroup},
	{"iam-trust-unconditioned", with(goodGroup, "aws:SourceAccount", "aws:RequestedRegion"), goodGroup},
	{"provider-unpinned", with(goodVersion, ">= 5.100, < 7", ">= 5.100"), goodVersion},
	{"provider-undeclared", goodTransit, goodVersion},
	{"provider-old", with(goodVersion, ">= 5.100, < 7", "~> 3.0"), goodVersion},
	{"provider-credentials", with(goodVersion, `region = "eu-west-1"`, `secret_key = "hunter2"`), goodVersion},
}
