# Who is told of alarms.

locals {
  topic      = length(local.alarms_wanted) > 0 && var.alarm_topic_arn == null
  topic_name = "${var.name}-alarms"
  topic_arn  = "arn:${local.partition}:sns:${local.region}:${local.account}:${local.topic_name}"
}

resource "aws_sns_topic" "alarms" {
  count = local.topic ? 1 : 0

  name = local.topic_name
  # Not AWS's own key, alias/aws/sns: CloudWatch may not use it.
  kms_master_key_id = local.kms ? local.key_arn : null
  tags              = var.tags
}

resource "aws_sns_topic_policy" "alarms" {
  count = local.topic ? 1 : 0

  arn    = aws_sns_topic.alarms[0].arn
  policy = data.aws_iam_policy_document.topic.json
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "Alarms"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.alarm_arns]
    }
  }

  statement {
    sid       = "TLSOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_subscription" "email" {
  for_each = local.topic ? var.alarm_emails : []

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = each.value
}
