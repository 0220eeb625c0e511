# Roles for those who read, and for weir. What one may do is a policy of its own, so that it can be read by itself.

locals {
  # "*" is in no policy but as the end of a path.
  roles = merge(
    var.reader_role == null ? {} : { reader = merge(var.reader_role, { about = "Reads flow logs and asks Athena" }) },
    var.weir_role == null ? {} : { weir = merge({ for k, v in var.weir_role : k => v if !contains(["lake", "topics", "topic_keys"], k) }, { about = "What weir does: reads flow logs, keeps its lake, sends notices" }) },
  )
  role_policies = { reader = data.aws_iam_policy_document.reader.json, weir = data.aws_iam_policy_document.weir.json }

  lake        = try(var.weir_role.lake, null)
  lakes       = local.lake == null ? [] : [local.lake]
  lake_arn    = local.lake == null ? "" : "arn:${local.partition}:s3:::${local.lake.bucket}"
  lake_folder = try(local.lake.prefix, "") == "" ? "" : "${local.lake.prefix}/"
  lake_db     = try(local.lake.database, null)
  topics      = try(var.weir_role.topics, [])
  topic_keys  = try(var.weir_role.topic_keys, [])
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "${var.name}-${each.key}"
  description          = each.value.about
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  permissions_boundary = each.value.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = local.roles

  name   = each.key
  role   = aws_iam_role.this[each.key].name
  policy = local.role_policies[each.key]
}

# EC2 hands a role to an instance by way of a profile.
resource "aws_iam_instance_profile" "this" {
  for_each = { for name, r in local.roles : name => r if anytrue([for s in r.services : startswith(s, "ec2.")]) }

  name = "${var.name}-${each.key}"
  role = aws_iam_role.this[each.key].name
  tags = var.tags
}

# Services get a role only from somebody of this account who may pass it (iam:PassRole), so they need no condition.
data "aws_iam_policy_document" "trust" {
  for_each = local.roles

  dynamic "statement" {
    for_each = length(each.value.principals) > 0 ? [each.value.principals] : []

    content {
      sid     = "Principals"
      actions = ["sts:AssumeRole"]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }
      dynamic "condition" {
        for_each = each.value.external_id == null ? [] : [each.value.external_id]

        content {
          test     = "StringEquals"
          variable = "sts:ExternalId"
          values   = [condition.value]
        }
      }
    }
  }

  dynamic "statement" {
    for_each = length(each.value.services) > 0 ? [each.value.services] : []

    content {
      sid     = "Services"
      actions = ["sts:AssumeRole"]

      principals {
        type        = "Service"
        identifiers = statement.value
      }
    }
  }

  dynamic "statement" {
    for_each = each.value.oidc

    content {
      actions = ["sts:AssumeRoleWithWebIdentity"]

      principals {
        type        = "Federated"
        identifiers = [statement.value.provider_arn]
      }
      condition {
        test     = "StringEquals"
        variable = "${split(":oidc-provider/", statement.value.provider_arn)[1]}:aud"
        values   = [statement.value.audience]
      }
      condition {
        test     = "StringLike"
        variable = "${split(":oidc-provider/", statement.value.provider_arn)[1]}:sub"
        values   = statement.value.subjects
      }
    }
  }
}

# weir's docs/sources.md, docs/lake.md, docs/athena.md and docs/notify.md say what each is for.
data "aws_iam_policy_document" "weir" {
  source_policy_documents = [data.aws_iam_policy_document.reader.json]

  dynamic "statement" {
    for_each = local.queue

    content {
      sid       = "NewObjects"
      actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
      resources = [local.queue_arn]
    }
  }

  dynamic "statement" {
    for_each = local.lakes

    content {
      sid       = "LakePlace"
      actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
      resources = [local.lake_arn]
    }
  }

  dynamic "statement" {
    for_each = local.lakes

    content {
      sid       = "LakeFiles"
      actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
      resources = ["${local.lake_arn}/${local.lake_folder}*"]
    }
  }

  dynamic "statement" {
    for_each = local.lake_db == null ? [] : [local.lake_db]

    content {
      sid     = "LakeTables"
      actions = ["glue:GetDatabase", "glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition", "glue:CreateDatabase", "glue:CreateTable", "glue:UpdateTable"]
      resources = [
        "arn:${local.partition}:glue:${local.region}:${local.account}:catalog",
        "arn:${local.partition}:glue:${local.region}:${local.account}:database/${statement.value}",
        "arn:${local.partition}:glue:${local.region}:${local.account}:table/${statement.value}/*",
      ]
    }
  }

  dynamic "statement" {
    for_each = compact([try(local.lake.kms_key_arn, null)])

    content {
      sid       = "LakeKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = length(local.topics) > 0 ? [local.topics] : []

    content {
      sid       = "Notices"
      actions   = ["sns:Publish"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(local.topic_keys) > 0 ? [local.topic_keys] : []

    content {
      sid       = "NoticesKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = statement.value
    }
  }
}
