locals {
  columns  = [for f in local.fields : one([for k in local.kind.fields : { name = k.column, type = k.type } if k.name == f])]
  layout   = local.layouts["${var.hive_compatible ? "hive" : "plain"}${var.per_hour ? "-hourly" : ""}"]
  root     = "s3://${local.bucket}/${local.folder}"
  text     = var.file_format == "plain-text"
  database = replace(var.name, "-", "_")
  table    = local.transit ? "tgw_flow_logs" : "vpc_flow_logs"
  year     = tonumber(substr(var.first_day, 0, 4))

  # Athena computes the partitions, so none is ever loaded.
  projection = merge(
    {
      for key, value in local.layout.projection : key =>
      replace(replace(value, "{dates}", "${var.first_day},NOW"), "{years}", "${local.year},${local.year + 20}")
    },
    {
      "projection.aws_account_id.values" = join(",", local.accounts)
      "projection.aws_region.values"     = join(",", local.regions)
      "storage.location.template"        = "${local.root}${local.layout.template}"
    },
  )

  # What the saved queries read: the table as weir's own, with NULL for what it lacks.
  names = local.columns[*].name
  rows = format("(SELECT %s FROM \"%s\".\"%s\" WHERE %s)",
    join(", ", [for s in local.kind.select : contains(local.names, s.of) ? s.present : s.absent]),
    local.database, local.table, replace(local.layout.days, "{days}", tostring(var.query_days)),
  )
  wanted = var.queries != null ? var.queries : local.kind.suggested_queries
  saved = {
    for q in local.kind.queries : q.name => q
    if local.athena && (contains(local.wanted, q.name) || contains(local.wanted, "*")) && length(setsubtract(q.needs, local.fields)) == 0
  }
}

resource "aws_glue_catalog_database" "logs" {
  count = local.athena ? 1 : 0

  name        = local.database
  description = "Flow logs in ${local.root}"
  tags        = var.tags
}

resource "aws_glue_catalog_table" "logs" {
  count = local.athena ? 1 : 0

  database_name = aws_glue_catalog_database.logs[0].name
  name          = local.table
  description   = "Flow logs as AWS delivers them. A text table tells columns by their position alone."
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(
    local.projection,
    { EXTERNAL = "TRUE" },
    local.text ? { "skip.header.line.count" = "1" } : {},
  )

  storage_descriptor {
    location      = "${local.root}AWSLogs/"
    input_format  = local.text ? "org.apache.hadoop.mapred.TextInputFormat" : "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = local.text ? "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat" : "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = local.text ? "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe" : "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = local.text ? { "field.delim" = " ", "serialization.format" = " " } : { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = local.columns

      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }

  dynamic "partition_keys" {
    for_each = local.layout.partitions

    content {
      name = partition_keys.value
      type = "string"
    }
  }
}

resource "aws_athena_workgroup" "logs" {
  count = local.athena ? 1 : 0

  name        = var.name
  description = "Questions about flow logs"
  # What it holds is the history of queries; with a history, Athena deletes a workgroup in no other way.
  force_destroy = true
  tags          = var.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limit

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${local.results}/results/"
      expected_bucket_owner = local.account

      encryption_configuration {
        encryption_option = local.kms ? "SSE_KMS" : "SSE_S3"
        kms_key_arn       = local.kms ? local.key_arn : null
      }
    }
  }

  depends_on = [aws_s3_bucket_policy.results]
}

resource "aws_athena_named_query" "saved" {
  for_each = local.saved

  name        = "weir-${each.key}"
  description = each.value.about
  workgroup   = aws_athena_workgroup.logs[0].name
  database    = aws_glue_catalog_database.logs[0].name
  query       = replace(each.value.sql, "{rows}", local.rows)
}
