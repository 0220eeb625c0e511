# A view for people and dashboards. Athena keeps views in Glue as JSON in base64. No manual says so, but Athena reads what
# Terraform writes: the module iconara/terraform-aws-athena-view does the same. Types must be those of the SQL.

locals {
  view_name = local.transit ? "tgw_flows" : "flows"
  view_sql = format("SELECT %s FROM (%s)", join(", ", local.kind.view[*].sql), join(" UNION ALL ", [for name, t in local.tables :
    format("SELECT %s, %s FROM \"%s\".\"%s\"", local.items[name], join(", ", t.layout.keys), local.database, name)
  ]))
}

resource "aws_glue_catalog_table" "view" {
  count = local.athena && var.view ? 1 : 0

  database_name      = aws_glue_catalog_database.logs[0].name
  name               = local.view_name
  description        = "Flow logs by weir's names. Say a day: WHERE day >= '${var.first_day}'. Made by Terraform."
  table_type         = "VIRTUAL_VIEW"
  view_expanded_text = "/* Presto View */"
  view_original_text = "/* Presto View: ${base64encode(jsonencode({
    originalSql = local.view_sql
    catalog     = "awsdatacatalog"
    schema      = local.database
    columns     = [for c in local.kind.view : { name = c.name, type = c.type }]
  }))} */"

  parameters = { presto_view = "true", comment = "Presto View" }

  storage_descriptor {
    ser_de_info {
      name                  = "-"
      serialization_library = "-"
    }

    dynamic "columns" {
      for_each = local.kind.view

      content {
        name = columns.value.name
        type = columns.value.hive
      }
    }
  }

  depends_on = [aws_glue_catalog_table.logs]
}
