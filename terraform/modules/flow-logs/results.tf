# Results of queries have a bucket of their own: readers write there, and nobody but the delivery service writes among logs.

locals {
  results     = "${local.bucket}-athena"
  results_arn = "arn:${local.partition}:s3:::${local.results}"
}

resource "aws_s3_bucket" "results" {
  count = local.athena ? 1 : 0

  bucket        = local.results
  force_destroy = true # every result can be had again
  tags          = var.tags

  # checkov:skip=CKV_AWS_18:The workgroup's history tells who asked what.
  # checkov:skip=CKV_AWS_21:Every result can be had again.
  # checkov:skip=CKV_AWS_144:Every result can be had again.
  # checkov:skip=CKV2_AWS_62:Nobody waits for results but who asked, and Athena tells them.

  lifecycle {
    precondition {
      condition     = length(local.results) <= 63
      error_message = "bucket: with -athena behind it, it is the name of the bucket for results, and longer than 63 characters. Use a shorter one, or athena = false."
    }
  }
}

resource "aws_s3_bucket_public_access_block" "results" {
  count = local.athena ? 1 : 0

  bucket                  = aws_s3_bucket.results[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "results" {
  count = local.athena ? 1 : 0

  bucket = aws_s3_bucket.results[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "results" {
  count = local.athena ? 1 : 0

  bucket = aws_s3_bucket.results[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = local.kms ? "aws:kms" : "AES256"
      kms_master_key_id = local.kms ? local.key_arn : null
    }
    bucket_key_enabled = local.kms
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "results" {
  count = local.athena ? 1 : 0

  bucket = aws_s3_bucket.results[0].id

  rule {
    id     = "results"
    status = "Enabled"

    filter {}

    expiration {
      days = var.results_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "results" {
  count = local.athena ? 1 : 0

  bucket = aws_s3_bucket.results[0].id
  policy = data.aws_iam_policy_document.results.json

  depends_on = [aws_s3_bucket_public_access_block.results]
}

data "aws_iam_policy_document" "results" {
  statement {
    sid       = "TLSOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.results_arn, "${local.results_arn}/*"]

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
