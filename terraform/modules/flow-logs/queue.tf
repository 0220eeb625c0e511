# A queue that hears of each delivered object: then nobody has to list the bucket to find what is new.

locals {
  queue      = var.queue == null ? [] : [var.queue]
  queue_name = "${var.name}-objects"
  queue_arn  = "arn:${local.partition}:sqs:${local.region}:${local.account}:${local.queue_name}"
  dead_name  = "${var.name}-objects-failed"
  dead_arn   = "arn:${local.partition}:sqs:${local.region}:${local.account}:${local.dead_name}"
}

resource "aws_sqs_queue" "objects" {
  count = length(local.queue)

  name                       = local.queue_name
  visibility_timeout_seconds = local.queue[0].visibility_timeout
  message_retention_seconds  = local.queue[0].retention_days * 86400
  receive_wait_time_seconds  = 20 # an empty answer costs as much as a full one
  sqs_managed_sse_enabled    = local.kms ? null : true
  kms_master_key_id          = local.kms ? local.key_arn : null
  tags                       = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = local.dead_arn
    maxReceiveCount     = local.queue[0].max_receives
  })

  # AWS refuses a target that is not there.
  depends_on = [aws_sqs_queue.failed]
}

resource "aws_sqs_queue" "failed" {
  count = length(local.queue)

  name                      = local.dead_name
  message_retention_seconds = local.queue[0].dead_letter_days * 86400
  sqs_managed_sse_enabled   = local.kms ? null : true
  kms_master_key_id         = local.kms ? local.key_arn : null
  tags                      = var.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "failed" {
  count = length(local.queue)

  queue_url = aws_sqs_queue.failed[0].id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arn]
  })
}

resource "aws_sqs_queue_policy" "objects" {
  count = length(local.queue)

  queue_url = aws_sqs_queue.objects[0].id
  policy    = data.aws_iam_policy_document.queue.json
}

resource "aws_sqs_queue_policy" "failed" {
  count = length(local.queue)

  queue_url = aws_sqs_queue.failed[0].id
  policy    = data.aws_iam_policy_document.failed.json
}

# Amazon S3 User Guide, "Granting permissions to publish event notification messages to a destination", read 2026-11.
data "aws_iam_policy_document" "queue" {
  statement {
    sid       = "BucketSends"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arn]

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

  statement {
    sid       = "TLSOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.queue_arn]

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

data "aws_iam_policy_document" "failed" {
  statement {
    sid       = "TLSOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.dead_arn]

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

resource "aws_s3_bucket_notification" "objects" {
  count = length([for q in local.queue : q if coalesce(q.notification, var.create_bucket)])

  bucket = local.bucket

  queue {
    id            = local.queue_name
    queue_arn     = local.queue_arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "${local.folder}AWSLogs/"
  }

  # S3 tries the queue before it takes the setting.
  depends_on = [aws_s3_bucket.logs, aws_sqs_queue_policy.objects, aws_kms_key_policy.logs]
}
