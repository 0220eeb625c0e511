resource "aws_athena_workgroup" "flow" {
  name = "flow"
}

resource "aws_athena_database" "flow" {
  name          = "flow"
  bucket        = aws_s3_bucket.flow.bucket
  force_destroy = true
}

resource "aws_athena_named_query" "table" {
  name     = "make-the-table"
  database = aws_athena_database.flow.name
  query    = <<-SQL
    CREATE EXTERNAL TABLE IF NOT EXISTS flows (
      version int,
      account_id string,
      interface_id string,
      srcaddr string,
      dstaddr string,
      srcport int,
      dstport int,
      protocol string,
      packets bigint,
      bytes bigint,
      start bigint,
      `end` bigint,
      action string,
      log_status string
    )
    PARTITIONED BY (`date` date)
    ROW FORMAT DELIMITED FIELDS TERMINATED BY ' '
    LOCATION 's3://traffic-archive/AWSLogs/123456789012/vpcflowlogs/us-east-1/'
    TBLPROPERTIES ("skip.header.line.count" = "1")
  SQL
}

resource "aws_athena_named_query" "internal" {
  name     = "internal"
  database = aws_athena_database.flow.name
  query    = "SELECT srcaddr, dstaddr, tcp_flags FROM flows WHERE srcaddr = '%172.24%' LIMIT 100"
}
