locals {
  root     = "s3://${local.bucket}/${local.folder}"
  database = replace(var.name, "-", "_")
  table    = local.transit ? "tgw_flow_logs" : "vpc_flow_logs"
  year     = tonumber(substr(var.first_day, 0, 4))

  # What is delivered now, and what was before, under prefixes of their own: a table each.
  tables = {
    for name, t in merge(
      {
        (local.table) = {
          prefix = var.prefix, file_format = var.file_format, hive_compatible = var.hive_compatible, per_hour = var.per_hour
          # Older objects of Parquet have these columns under the same prefix.
          fields = concat(local.fields, [for f in var.keep_fields : f if !contains(local.fields, f)])
        }
      },
      { for name, t in var.former : "${local.table}_${name}" => t },
      ) : name => {
      root    = t.prefix == "" ? "s3://${local.bucket}/" : "s3://${local.bucket}/${t.prefix}/"
      text    = t.file_format == "plain-text"
      hive    = t.hive_compatible
      layout  = local.layouts["${t.hive_compatible ? "hive" : "plain"}${t.per_hour ? "-hourly" : ""}"]
      columns = [for f in t.fields : one([for k in local.kind.fields : { name = k.column, type = k.type } if k.name == f])]
      names   = [for f in t.fields : one([for k in local.kind.fields : k.column if k.name == f])]
    }
  }

  # Parquet is told by name, and text by position.
  shape = join(" ", concat(
    [var.file_format, var.hive_compatible ? "hive" : "plain", var.per_hour ? "hourly" : "daily"],
    var.file_format == "plain-text" ? local.fields : [],
  ))

  # Athena computes the partitions, so none is ever loaded.
  projections = {
    for name, t in local.tables : name => merge(
      {
        for key, value in t.layout.projection : key =>
        replace(replace(value, "{dates}", "${var.first_day},NOW"), "{years}", "${local.year},${local.year + 20}")
      },
      {
        "projection.aws_account_id.values" = join(",", local.accounts)
        "projection.aws_region.values"     = join(",", local.regions)
        "storage.location.template"        = "${t.root}${t.layout.template}"
      },
    )
  }

  # The rows of a table as weir's own, with NULL for what it lacks.
  items = { for name, t in local.tables : name => join(", ", [for s in local.kind.select : contains(t.names, s.of) ? s.present : s.absent]) }

  # What the saved queries read. They read the tables and not the view, whose form in Glue is in no manual.
  rows = format("(%s)", join(" UNION ALL ", [for name, t in local.tables :
    format("SELECT %s FROM \"%s\".\"%s\" WHERE %s", local.items[name], local.database, name, replace(t.layout.days, "{days}", tostring(var.query_days)))
  ]))
  wanted = var.queries != null ? var.queries : local.kind.suggested_queries
  saved = {
    for q in local.kind.queries : q.name => q
    if local.athena && (contains(local.wanted, q.name) || contains(local.wanted, "*")) && length(setsubtract(q.needs, local.fields)) == 0
  }
}

# Remembers in what shape objects lie below a prefix, since its first apply: a table can show one shape. Terraform could not tell
# otherwise that a change of the format leaves old objects behind that the new columns do not fit.
resource "terraform_data" "shape" {
  for_each = local.athena ? { (local.folder) = local.shape } : {}

  input = each.value

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_glue_catalog_database" "logs" {
  count = local.athena ? 1 : 0

  name        = local.database
  description = "Flow logs in ${local.root}"
  tags        = var.tags
}

resource "aws_glue_catalog_table" "logs" {
  for_each = local.athena ? local.tables : {}

  database_name = aws_glue_catalog_database.logs[0].name
  name          = each.key
  description   = "Flow logs as AWS delivers them. A text table tells columns by their position alone."
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(
    local.projections[each.key],
    { EXTERNAL = "TRUE" },
    each.value.text ? { "skip.header.line.count" = "1" } : {},
  )

  storage_descriptor {
    location      = "${each.value.root}AWSLogs/"
    input_format  = each.value.text ? "org.apache.hadoop.mapred.TextInputFormat" : "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = each.value.text ? "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat" : "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = each.value.text ? "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe" : "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = each.value.text ? { "field.delim" = " ", "serialization.format" = " " } : { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = each.value.columns

      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }

  dynamic "partition_keys" {
    for_each = each.value.layout.partitions

    content {
      name = partition_keys.value
      type = "string"
    }
  }

  lifecycle {
    precondition {
      condition     = terraform_data.shape[local.folder].output == local.shape
      error_message = "format, fields, file_format, hive_compatible, per_hour: below the prefix \"${var.prefix}\" lie objects of another shape, which the table could not show any more, or would show with wrong values. Change prefix in the same step, and name the old shape in former: docs/terraform.md, \"Change the format\"."
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
