resource "aws_kms_key" "logs" {
  count = local.key ? 1 : 0

  description             = "Flow logs in ${local.bucket}"
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
  # checkov:skip=CKV_AWS_109:It is a key's own policy, in which "*" is the key, and the account must keep the right to change it.
  # checkov:skip=CKV_AWS_111:As CKV_AWS_109.
  # checkov:skip=CKV_AWS_356:As CKV_AWS_109.

  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "AWSLogDelivery"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = local.accounts
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = local.delivery_arns
    }
  }
}
