resource "aws_kms_key" "logs" {
  count = local.key ? 1 : 0

  description             = "Flow logs in ${local.s3 ? local.bucket : local.log_group}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = var.tags
}

resource "aws_kms_alias" "logs" {
  count = local.key ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.logs[0].key_id
}

resource "aws_kms_key_policy" "logs" {
  count = local.key ? 1 : 0

  key_id = aws_kms_key.logs[0].key_id
  policy = data.aws_iam_policy_document.key.json
}

# "*" as a resource is the key that has the policy. Amazon VPC User Guide, "Required key policy for use with SSE-KMS",
# read 2026-11.
data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_109:The account administers its key, by its own policies. Without that, nobody could.
  # checkov:skip=CKV_AWS_111:As above; services are held by conditions.
  # checkov:skip=CKV_AWS_356:In the policy of a key, any resource is the key.
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  dynamic "statement" {
    for_each = local.s3 ? [1] : []

    content {
      sid       = "AWSLogDelivery"
      actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["delivery.logs.amazonaws.com"]
      }
      condition {
        test     = "StringEquals"
        variable = local.deliverers.key
        values   = local.deliverers.values
      }
      condition {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = local.delivery_arns
      }
    }
  }

  # Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS Key Management Service", read 2026-11.
  dynamic "statement" {
    for_each = local.cloudwatch ? [1] : []

    content {
      sid       = "CloudWatchLogs"
      actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["logs.${local.region}.${data.aws_partition.me.dns_suffix}"]
      }
      condition {
        test     = "ArnEquals"
        variable = "kms:EncryptionContext:aws:logs:arn"
        values   = [local.log_group_arn]
      }
    }
  }

  # Without it, alarms say nothing over a topic that is encrypted. Amazon SNS Developer Guide, "Managing Amazon SNS encryption
  # keys and costs", read 2026-11.
  dynamic "statement" {
    for_each = local.topic ? [1] : []

    content {
      sid       = "Alarms"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      resources = ["*"]

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
  }

  # S3 encrypts what it sends to a queue. Amazon SQS Developer Guide, "Key management", read 2026-11.
  dynamic "statement" {
    for_each = local.queue

    content {
      sid       = "BucketSends"
      actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["s3.amazonaws.com"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }
      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [local.bucket_arn]
      }
    }
  }
}
