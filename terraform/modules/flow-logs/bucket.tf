resource "aws_s3_bucket" "logs" {
  count = local.make_bucket ? 1 : 0

  bucket        = local.bucket
  force_destroy = var.force_destroy
  tags          = var.tags

  # Destroying goes the other way: where the bucket stays because it holds logs, so does the key that they need.
  depends_on = [aws_kms_key.logs]

  # checkov:skip=CKV_AWS_18:Who read is told by CloudTrail's data events. Access logs would want one more bucket, with the same question.
  # checkov:skip=CKV_AWS_144:A copy in another Region doubles the cost. Who must have one replicates the bucket, which is versioned.
  # checkov:skip=CKV2_AWS_62:Events are sent to who wants them only.
}

resource "aws_s3_bucket_public_access_block" "logs" {
  count = local.make_bucket ? 1 : 0

  bucket                  = aws_s3_bucket.logs[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "logs" {
  count = local.make_bucket ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  count = local.make_bucket ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = local.kms ? "aws:kms" : "AES256"
      kms_master_key_id = local.kms ? local.key_arn : null
    }
    bucket_key_enabled = local.kms
  }
}

resource "aws_s3_bucket_versioning" "logs" {
  count = local.make_bucket ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  count = local.make_bucket ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id

  rule {
    id     = "logs"
    status = "Enabled"

    filter {}

    dynamic "transition" {
      for_each = var.transitions

      content {
        days          = transition.value.days
        storage_class = transition.value.storage_class
      }
    }

    dynamic "expiration" {
      for_each = var.expire_days > 0 ? [var.expire_days] : []

      content {
        days = expiration.value
      }
    }

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Rules about old versions want versions.
  depends_on = [aws_s3_bucket_versioning.logs]
}

resource "aws_s3_bucket_policy" "logs" {
  count = local.make_bucket ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id
  policy = data.aws_iam_policy_document.bucket.json

  lifecycle {
    precondition {
      condition     = length(data.aws_iam_policy_document.bucket.json) <= 20480
      error_message = "accounts, regions: the bucket's policy would be ${length(data.aws_iam_policy_document.bucket.json)} bytes long, and S3 takes 20480. Name the organization instead, use fewer, or a bucket for each group of accounts."
    }
  }

  depends_on = [aws_s3_bucket_public_access_block.logs]
}

# Amazon VPC User Guide, "Amazon S3 bucket permissions for flow logs", read 2026-11.
data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "AWSLogDeliveryWrite"
    actions   = ["s3:PutObject"]
    resources = local.delivery_places

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
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

  statement {
    sid       = "AWSLogDeliveryAclCheck"
    actions   = ["s3:GetBucketAcl"]
    resources = [local.bucket_arn]

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

  statement {
    sid       = "TLSOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, "${local.bucket_arn}/*"]

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
