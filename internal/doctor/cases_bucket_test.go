package doctor_test

const goodBucket = `
resource "aws_s3_bucket" "b" {
  bucket = "bucket"
  tags   = { a = "b" }
}
resource "aws_flow_log" "l" {
  vpc_id               = "vpc-1"
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = aws_s3_bucket.b.arn
}
resource "aws_s3_bucket_public_access_block" "b" {
  bucket                  = aws_s3_bucket.b.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_kms_key" "k" {
  enable_key_rotation = true
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = ["kms:GenerateDataKey*"], Resource = "*", Principal = { Service = "delivery.logs.amazonaws.com" } }] })
}
resource "aws_s3_bucket_server_side_encryption_configuration" "b" {
  bucket = "bucket"
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.k.arn
    }
  }
}
resource "aws_s3_bucket_ownership_controls" "b" {
  bucket = aws_s3_bucket.b.bucket
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}
resource "aws_s3_bucket_versioning" "b" {
  bucket = aws_s3_bucket.b.id
  versioning_configuration {
    status = "Enabled"
  }
}
resource "aws_s3_bucket_lifecycle_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  rule {
    id     = "old"
    status = "Enabled"
    filter {}
    transition {
      days          = 30
      storage_class = "GLACIER_IR"
    }
    expiration {
      days = 365
    }
    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }
}
data "aws_caller_identity" "me" {}
data "aws_iam_policy_document" "b" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.b.arn, "${aws_s3_bucket.b.arn}/*"]
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
  statement {
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.b.arn}/*"]
    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.me.account_id]
    }
  }
}
resource "aws_s3_bucket_policy" "b" {
  bucket = aws_s3_bucket.b.id
  policy = data.aws_iam_policy_document.b.json
}
`

// other makes what belongs to the bucket belong to another one.
func other(typ string) string {
	return with(goodBucket, `resource "`+typ+`" "b" {`, `resource "`+typ+`" "b" {
  count = 0`)
}

var bucketCases = []testCase{
	{"bucket-no-public-access-block", other("aws_s3_bucket_public_access_block"), goodBucket},
	{"bucket-public-access-block-partial", with(goodBucket, "ignore_public_acls      = true", "ignore_public_acls = false"), goodBucket},
	{"bucket-public-access-block-partial", with(goodBucket, "ignore_public_acls      = true", ""), goodBucket},
	{"bucket-no-encryption", other("aws_s3_bucket_server_side_encryption_configuration"), goodBucket},
	{"bucket-no-ownership-controls", other("aws_s3_bucket_ownership_controls"), goodBucket},
	{"bucket-acl-public", goodBucket + `resource "aws_s3_bucket_acl" "b" {
  bucket = aws_s3_bucket.b.id
  acl    = "public-read"
}`, goodBucket},
	{"bucket-deprecated-argument", with(goodBucket, `bucket = "bucket"`, "bucket = \"bucket\"\n  acl = \"private\""), goodBucket},
	{"bucket-force-destroy", with(goodBucket, `bucket = "bucket"`, "bucket = \"bucket\"\n  force_destroy = true"), goodBucket},
	{"bucket-fixed-name-prevent-destroy", with(goodBucket, `bucket = "bucket"`, "bucket = \"bucket\"\n  lifecycle {\n    prevent_destroy = true\n  }"),
		with(goodBucket, `bucket = "bucket"`, "bucket = \"bucket-${data.aws_caller_identity.me.account_id}\"\n  lifecycle {\n    prevent_destroy = true\n  }")},
	{"bucket-name-invalid", with(goodBucket, `bucket = "bucket"`, `bucket = "Bad_Bucket"`), goodBucket},
	{"bucket-name-invalid", with(goodBucket, `bucket = "bucket"`, `bucket = "bucket--x-s3"`), goodBucket},
	{"bucket-no-tags", with(goodBucket, `tags   = { a = "b" }`, ""), goodBucket},
	{"bucket-policy-public", with(goodBucket, `effect    = "Deny"`, `effect = "Allow"`) + policyOf("Allow", `"*"`, ""), goodBucket},
	{"bucket-policy-no-tls", with(goodBucket, "aws:SecureTransport", "aws:SourceVpc"), goodBucket},
	{"bucket-no-policy", other("aws_s3_bucket_policy"), goodBucket},
	{"bucket-policy-no-delivery", with(goodBucket, `"delivery.logs.amazonaws.com"]`, `"logging.s3.amazonaws.com"]`), goodBucket},
	{"bucket-policy-delivery-unconditioned", with(goodBucket, `"aws:SourceAccount"`, `"s3:x-amz-acl"`), goodBucket},
	{"kms-no-delivery", with(goodBucket, `Service = "delivery.logs.amazonaws.com"`, `Service = "logs.amazonaws.com"`), goodBucket},
	{"kms-no-rotation", with(goodBucket, "enable_key_rotation = true", ""), goodBucket},
	{"bucket-no-lifecycle", other("aws_s3_bucket_lifecycle_configuration"), goodBucket},
	{"lifecycle-versions-kept", with(goodBucket, "noncurrent_version_expiration {\n      noncurrent_days = 7\n    }", ""), goodBucket},
	{"lifecycle-expiry-before-transition", with(goodBucket, "= 365", "= 10"), goodBucket},
	{"lifecycle-zero-days", with(goodBucket, "= 365", "= 0"), goodBucket},
	{"lifecycle-no-filter", with(goodBucket, "filter {}", ""), goodBucket},
	{"lifecycle-disabled", with(goodBucket, "status = \"Enabled\"\n    filter", "status = \"Disabled\"\n    filter"), goodBucket},
}

func policyOf(effect, principal, condition string) string {
	return `
resource "aws_s3_bucket_policy" "second" {
  bucket = aws_s3_bucket.b.id
  policy = <<-JSON
    {"Statement": [{"Effect": "` + effect + `", "Action": "s3:GetObject", "Resource": "${aws_s3_bucket.b.arn}/*", "Principal": ` + principal + condition + `}]}
  JSON
}`
}
