# Flow logs as a short tutorial turns them on: it applies without an error, and no question is ever answered.

provider "aws" {
  region = "us-east-1"
}

resource "aws_s3_bucket" "flow" {
  bucket = "traffic-archive"
  acl    = "private"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "flow" {
  bucket = aws_s3_bucket.flow.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_flow_log" "main" {
  vpc_id               = "vpc-0a1b2c3d4e5f60718"
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = aws_s3_bucket.flow.arn
  log_format           = "$${version} $${vpc-id} $${subnet-id} $${instance-id} $${interface-id} $${account-id} $${type} $${srcaddr} $${dstaddr} $${srcport} $${dstport} $${protocol} $${packets} $${bytes} $${start} $${end} $${action} $${log-status}"
}

resource "aws_cloudwatch_metric_alarm" "rejects" {
  alarm_name          = "many-rejects"
  namespace           = "Network"
  metric_name         = "Rejected"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  period              = 300
  threshold           = 100
}
