# Flow logs in CloudWatch Logs: the group, and the role by which AWS writes there.

locals {
  cloudwatch    = contains(var.destinations, "cloudwatch")
  log_group     = coalesce(var.log_group_name, "/flow-logs/${var.name}")
  log_group_arn = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.log_group}"
  delivery_role = "${var.name}-delivery-${local.region}" # roles have no Region
  delivery_arn  = "arn:${local.partition}:iam::${local.account}:role/${local.delivery_role}"
}

resource "aws_cloudwatch_log_group" "logs" {
  # checkov:skip=CKV_AWS_338:How long is what retention_days says. S3 is where to keep logs for years.
  count = local.cloudwatch ? 1 : 0

  name              = local.log_group
  retention_in_days = var.retention_days
  kms_key_id        = local.kms ? local.key_arn : null
  # As with a bucket that holds logs: destroy leaves them, if nobody said otherwise.
  skip_destroy = !var.force_destroy
  tags         = var.tags

  # CloudWatch Logs tries the key when a group is made.
  depends_on = [aws_kms_key_policy.logs]
}

resource "aws_iam_role" "delivery" {
  count = local.cloudwatch ? 1 : 0

  name               = local.delivery_role
  description        = "AWS writes flow logs to ${local.log_group}"
  assume_role_policy = data.aws_iam_policy_document.delivery_trust.json
  tags               = var.tags

  lifecycle {
    precondition {
      condition     = length(local.delivery_role) <= 64
      error_message = "name: the role of the delivery would be ${local.delivery_role}, and IAM takes 64 characters. Use a shorter name."
    }
  }
}

resource "aws_iam_role_policy" "delivery" {
  count = local.cloudwatch ? 1 : 0

  name   = "delivery"
  role   = aws_iam_role.delivery[0].id
  policy = data.aws_iam_policy_document.delivery.json
}

# Amazon VPC User Guide, "IAM role for publishing flow logs to CloudWatch Logs", read 2026-11. The flow logs' IDs are not
# known before they are made, and they may not be made before the role is.
data "aws_iam_policy_document" "delivery_trust" {
  statement {
    sid     = "FlowLogs"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ec2:${local.region}:${local.account}:vpc-flow-log/*"]
    }
  }
}

# The manual's policy says "*", and CreateLogGroup, which would bring a group back that somebody had deleted, without
# retention and key.
data "aws_iam_policy_document" "delivery" {
  statement {
    sid       = "Write"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:DescribeLogGroups"]
    resources = [local.log_group_arn, "${local.log_group_arn}:*"]
  }
}

resource "aws_flow_log" "cloudwatch" {
  for_each = local.cloudwatch ? local.sources : {}

  vpc_id                        = lookup(each.value, "vpc", null)
  subnet_id                     = lookup(each.value, "subnet", null)
  eni_id                        = lookup(each.value, "eni", null)
  transit_gateway_id            = lookup(each.value, "tgw", null)
  transit_gateway_attachment_id = lookup(each.value, "attachment", null)

  traffic_type             = local.transit ? null : var.traffic_type
  max_aggregation_interval = var.interval
  log_format               = local.log_format
  log_destination_type     = "cloud-watch-logs"
  log_destination          = local.log_group_arn
  iam_role_arn             = local.delivery_arn

  tags = merge(var.tags, { Name = "${var.name}-${replace(each.key, "/", "-")}-cloudwatch" })

  lifecycle {
    # As in flow_log.tf: the new one begins before the old one ends.
    create_before_destroy = true
  }

  depends_on = [aws_cloudwatch_log_group.logs, aws_iam_role.delivery, aws_iam_role_policy.delivery]
}
