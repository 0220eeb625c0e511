package doctor_test

import (
	"testing"
	"time"

	"weir/internal/doctor"
)

// lookedAt is when the accounts of liveCases were looked at.
var lookedAt = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// running is goodTable with its flow log as EC2 tells of it.
var running = with(goodTable, `traffic_type         = "ALL"`, `traffic_type         = "ALL"
  live {
    status   = "ACTIVE"
    delivery = "SUCCESS"
    account  = "123456789012"
    region   = "eu-west-1"
    arrives  = true
  }`)

// silent is a flow log of which nothing has arrived.
var silent = with(running, "arrives  = true", "arrives = false\n    interfaces = 3")

// twice logs a subnet beside its VPC.
var twice = running + `
resource "aws_flow_log" "subnet" {
  subnet_id            = "subnet-1"
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = aws_s3_bucket.b.arn
  live {
    status = "ACTIVE"
    vpc    = "vpc-1"
  }
}
`

const partlyLogged = `
resource "aws_vpc" "v" {
  live {
    logged_interfaces = 2
    bare_interfaces   = 1
    bare_subnets      = ["subnet-2"]
  }
}
`

const header = `"version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end", "action", "log-status"`

// delivered has an object that the table reads.
var delivered = running + `
resource "live_object" "o" {
  bucket  = "bucket"
  key     = "AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/30/o.log.gz"
  parquet = false
  names   = [` + header + `]
}
`

// central is a table over what other accounts deliver: it has the columns of a longer format, and no flow log is here.
var central = with(with(delivered, "aws_s3_bucket.b.arn", `"arn:aws:s3:::elsewhere"`), `"log-status"]`, `"log-status", "vpc-id"]`)

const loadedTable = `
resource "aws_glue_catalog_table" "t" {
  name = "flows"
  partition_keys {
    name = "day"
    type = "string"
  }
  live {
    partitions       = true
    newest_partition = "2026-11-28"
  }
}
`

const openBucket = `
resource "aws_s3_bucket" "b" {
  bucket = "bucket"
  live {
    public = true
  }
}
resource "aws_flow_log" "l" {
  vpc_id               = "vpc-1"
  log_destination_type = "s3"
  log_destination      = "arn:aws:s3:::bucket"
}
`

const restricted = `
resource "aws_s3_bucket_public_access_block" "b" {
  bucket                  = "bucket"
  restrict_public_buckets = true
}
`

const alarm = `
resource "aws_cloudwatch_metric_alarm" "a" {
  alarm_actions = ["aws_sns_topic.t"]
  live {
    no_data_hours = 3
  }
}
resource "aws_sns_topic" "t" {
  live {
    subscribers = "1"
  }
}
`

const key = `
resource "aws_kms_key" "k" {
  live {
    state = "Enabled"
  }
}
`

// liveCases are written as Terraform has it, and taken for what a live account shows.
var liveCases = []testCase{
	{"flow-log-not-active", with(running, `"ACTIVE"`, `"FAILED"`), running},
	{"flow-log-delivery-failed", with(running, `"SUCCESS"`, `"FAILED"`), running},
	{"flow-log-delivery-failed", with(running, "arrives", "error = \"Access error\"\n    arrives"), running},
	{"flow-log-destination-missing", with(running, "arrives", "destination = \"missing\"\n    arrives"), running},
	{"flow-log-destination-foreign", with(running, "arrives", "destination = \"foreign\"\n    arrives"), running},
	{"flow-log-role-missing", with(running, "arrives", "role = \"missing\"\n    arrives"), running},
	{"flow-log-silent", silent, with(silent, "interfaces = 3", "interfaces = 0")},
	{"flow-log-silent", silent, with(silent, "interfaces = 3", "")},
	{"flow-log-silent", silent, running},
	{"flow-log-duplicate", twice, with(twice, `"vpc-1"
  }`, `"vpc-2"
  }`)},
	{"flow-log-duplicate", twice, with(twice, `vpc_id               = "vpc-1"
  traffic_type         = "ALL"`, `vpc_id               = "vpc-1"
  traffic_type         = "REJECT"`)},
	{"flow-log-duplicate", with(twice, `subnet_id            = "subnet-1"`, `vpc_id = "vpc-1"`), with(twice, "aws_s3_bucket.b.arn\n  live {\n    status = \"ACTIVE\"\n    vpc", "\"${aws_s3_bucket.b.arn}/other\"\n  live {\n    status = \"ACTIVE\"\n    vpc")},
	{"vpc-not-logged", with(partlyLogged, "= 2", "= 0"), partlyLogged},
	{"vpc-not-logged", with(partlyLogged, "= 2", "= 0"), with(with(partlyLogged, "= 2", "= 0"), "= 1", "= 0")},
	{"vpc-partly-logged", partlyLogged, with(partlyLogged, "= 1", "= 0")},
	{"table-objects-differ", with(delivered, `"version", "account-id"`, `"account-id", "version"`), delivered},
	{"table-objects-differ", with(delivered, "parquet = false", "parquet = true"), delivered},
	{"table-objects-differ", central, with(central, `"AWSLogs/123456789012/vpcflowlogs`, `"other/vpcflowlogs`)},
	{"table-projection-left-out", with(running, `"eu-west-1"
    "projection.day.type"`, `"us-east-1,eu-west-2"
    "projection.day.type"`), running},
	{"table-elsewhere", with(with(running, "aws_s3_bucket.b.arn", `"arn:aws:s3:::elsewhere"`), `"flows"`, "\"flows\"\n  live {\n    empty = true\n  }"), central},
	{"table-partition-never-loaded", with(with(running, `"true"`, `"false"`), `"flows"`, "\"flows\"\n  live {\n    partitions = false\n  }"),
		with(with(running, `"true"`, `"false"`), `"flows"`, "\"flows\"\n  live {\n    partitions = true\n  }")},
	{"table-partition-stale", with(loadedTable, "2026-11-28", "2026-11-26"), loadedTable},
	{"table-partition-stale", with(loadedTable, "2026-11-28", "2026-11-26"), with(loadedTable, "2026-11-28", "9999-99-99")},
	{"bucket-public", openBucket, openBucket + restricted},
	{"bucket-public", openBucket, with(openBucket, "public = true", "public = false")},
	{"kms-key-unusable", with(key, "Enabled", "PendingDeletion"), key},
	{"alarm-no-data", with(alarm, "= 3", "= 30"), alarm},
	{"alarm-topic-silent", with(alarm, `"1"`, `"0"`), alarm},
	{"alarm-topic-silent", with(alarm, `subscribers = "1"`, `missing = true`), with(with(alarm, `"1"`, `"0"`), `["aws`, `["arn:aws:lambda:eu-west-1:123456789012:function:f", "aws`)},
}

// TestLive holds what only a live account can show. The same in files, where nobody writes it, is no finding.
func TestLive(t *testing.T) {
	for _, c := range liveCases {
		t.Run(c.id, func(t *testing.T) {
			look := func(text string, live bool) []doctor.Finding {
				m := read(t, map[string]string{"main.tf": text})
				if len(m.Problems) > 0 {
					t.Fatalf("%v\n%s", m.Problems, text)
				}
				if live {
					m.Looked = lookedAt
				}
				return doctor.Run(m, doctor.Checks())
			}
			if got := look(c.bad, true); !has(got, c.id) {
				t.Errorf("not found in\n%s\nbut %v", c.bad, ids(got))
			}
			if got := look(c.good, true); has(got, c.id) {
				t.Errorf("found in\n%s", c.good)
			}
			for _, f := range look(c.bad, false) {
				if f.Check.Live() {
					t.Errorf("%s is found in files", f.Check.ID)
				}
			}
		})
	}
}
