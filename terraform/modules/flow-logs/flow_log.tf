locals {
  # One list for all kinds. The kind stands in the name, so that two of them may share one.
  sources = merge(
    { for name, id in var.vpcs : "vpc/${name}" => { vpc = id } },
    { for name, id in var.subnets : "subnet/${name}" => { subnet = id } },
    { for name, id in var.interfaces : "interface/${name}" => { eni = id } },
    { for name, id in var.transit_gateways : "tgw/${name}" => { tgw = id } },
    { for name, id in var.transit_gateway_attachments : "tgw-attachment/${name}" => { attachment = id } },
    local.tagged_sources,
  )
}

resource "aws_flow_log" "this" {
  for_each = local.s3 ? local.sources : {}

  vpc_id                        = lookup(each.value, "vpc", null)
  subnet_id                     = lookup(each.value, "subnet", null)
  eni_id                        = lookup(each.value, "eni", null)
  transit_gateway_id            = lookup(each.value, "tgw", null)
  transit_gateway_attachment_id = lookup(each.value, "attachment", null)

  traffic_type             = local.transit ? null : var.traffic_type
  max_aggregation_interval = var.interval
  log_format               = local.log_format
  log_destination_type     = "s3"
  log_destination          = trimsuffix("${local.bucket_arn}/${local.folder}", "/")

  destination_options {
    file_format                = var.file_format
    hive_compatible_partitions = var.hive_compatible
    per_hour_partition         = var.per_hour
  }

  tags = merge(var.tags, { Name = "${var.name}-${replace(each.key, "/", "-")}" })

  lifecycle {
    # AWS cannot change a flow log. The new one begins before the old one ends, so that no minute is lost.
    create_before_destroy = true
  }

  # AWS tries the bucket when a flow log is made.
  depends_on = [aws_s3_bucket_policy.logs, aws_s3_bucket_ownership_controls.logs, aws_kms_key_policy.logs, var.wait_for]
}
