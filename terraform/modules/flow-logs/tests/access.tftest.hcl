# Who may do what: the queue, the roles, an organization. The real provider writes the policies, and they are read as JSON.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_data {
  target = data.aws_caller_identity.me
  values = { account_id = "123456789012" }
}

variables {
  vpcs = { main = "vpc-0123456789abcdef0" }
}

run "none_of_it_by_default" {
  command = plan

  assert {
    condition     = length(aws_sqs_queue.objects) + length(aws_sqs_queue.failed) + length(aws_s3_bucket_notification.objects) + length(aws_iam_role.this) + length(aws_iam_role_policy.this) + length(aws_iam_instance_profile.this) == 0
    error_message = "something was made that nobody wanted"
  }
  assert {
    condition     = output.queue_url == null && output.queue_arn == null && output.queue_policy == null && output.reader_role_arn == null && output.weir_role_arn == null && output.instance_profiles == {}
    error_message = "outputs name what is not there"
  }
}

run "queue" {
  command = plan
  variables {
    prefix = "net"
    queue  = {}
  }
  assert {
    condition = one([for s in jsondecode(aws_sqs_queue_policy.objects[0].policy).Statement : s if s.Effect == "Allow"]) == {
      Sid       = "BucketSends"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:eu-west-1:123456789012:flow-logs-objects"
      Condition = {
        StringEquals = { "aws:SourceAccount" = "123456789012" }
        ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::weir-flow-logs-123456789012-eu-west-1" }
      }
    }
    error_message = aws_sqs_queue_policy.objects[0].policy
  }
  assert {
    condition = alltrue([for p in [aws_sqs_queue_policy.objects[0].policy, aws_sqs_queue_policy.failed[0].policy] : anytrue([
      for s in jsondecode(p).Statement : s.Effect == "Deny" && s.Principal == "*" && s.Action == "sqs:*" && s.Condition == { Bool = { "aws:SecureTransport" = "false" } }
    ])])
    error_message = "a queue takes requests without TLS"
  }
  assert {
    condition     = length([for s in jsondecode(aws_sqs_queue_policy.failed[0].policy).Statement : s if s.Effect == "Allow"]) == 0
    error_message = aws_sqs_queue_policy.failed[0].policy
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.objects[0].redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:flow-logs-objects-failed", maxReceiveCount = 5 } && jsondecode(aws_sqs_queue_redrive_allow_policy.failed[0].redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-west-1:123456789012:flow-logs-objects"] }
    error_message = "what failed goes elsewhere"
  }
  assert {
    condition     = aws_sqs_queue.objects[0].sqs_managed_sse_enabled && aws_sqs_queue.failed[0].sqs_managed_sse_enabled && aws_sqs_queue.objects[0].name == "flow-logs-objects" && aws_sqs_queue.objects[0].message_retention_seconds == 345600 && aws_sqs_queue.failed[0].message_retention_seconds == 1209600
    error_message = "a queue is not encrypted, or forgets"
  }
  assert {
    condition     = one(aws_s3_bucket_notification.objects[0].queue).filter_prefix == "net/AWSLogs/" && one(aws_s3_bucket_notification.objects[0].queue).events == toset(["s3:ObjectCreated:*"])
    error_message = "the bucket tells something else"
  }
}

run "queue_with_a_key" {
  command = plan
  variables {
    queue       = { notification = true, visibility_timeout = 60, max_receives = 3 }
    encryption  = "kms"
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0d1c"
  }
  assert {
    condition = one([for s in jsondecode(output.key_policy).Statement : s if s.Sid == "BucketSends"]) == {
      Sid       = "BucketSends"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
      Resource  = "*"
      Condition = {
        StringEquals = { "aws:SourceAccount" = "123456789012" }
        ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::weir-flow-logs-123456789012-eu-west-1" }
      }
    }
    error_message = output.key_policy
  }
  assert {
    condition     = aws_sqs_queue.objects[0].kms_master_key_id == var.kms_key_arn && aws_sqs_queue.failed[0].kms_master_key_id == var.kms_key_arn && aws_sqs_queue.objects[0].visibility_timeout_seconds == 60
    error_message = "a queue does not have the key"
  }
}

run "queue_of_a_bucket_that_is_there" {
  command = plan
  variables {
    bucket        = "logs-of-ours"
    create_bucket = false
    queue         = { notification = false }
  }
  assert {
    condition     = length(aws_sqs_queue.objects) == 1 && length(aws_s3_bucket_notification.objects) == 0 && strcontains(output.queue_policy, "arn:aws:s3:::logs-of-ours")
    error_message = "the notifications of a bucket that is there were replaced unasked"
  }
}

run "roles" {
  command = plan
  variables {
    queue = {}
    reader_role = {
      principals  = ["arn:aws:iam::123456789012:role/analysts", "arn:aws:iam::210987654321:root"]
      external_id = "flow-logs"
    }
    weir_role = {
      services = ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]
      oidc = [{
        provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
        subjects     = ["repo:our-org/weir:ref:refs/heads/main", "repo:our-org/weir:environment:*"]
      }]
      permissions_boundary = "arn:aws:iam::123456789012:policy/limit"
      lake                 = { bucket = "security-lake", prefix = "flows", database = "weir", kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1a" }
      topics               = ["arn:aws:sns:eu-west-1:123456789012:findings"]
      topic_keys           = ["arn:aws:kms:eu-west-1:123456789012:key/2b"]
    }
  }
  assert {
    condition = jsondecode(aws_iam_role.this["reader"].assume_role_policy).Statement == [{
      Sid       = "Principals"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = ["arn:aws:iam::210987654321:root", "arn:aws:iam::123456789012:role/analysts"] }
      Condition = { StringEquals = { "sts:ExternalId" = "flow-logs" } }
    }]
    error_message = aws_iam_role.this["reader"].assume_role_policy
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.this["reader"].policy) == jsondecode(output.reader_policy) && jsondecode(aws_iam_role_policy.this["weir"].policy) == jsondecode(output.weir_policy) && aws_iam_role.this["weir"].name == "flow-logs-weir" && aws_iam_role.this["weir"].permissions_boundary == "arn:aws:iam::123456789012:policy/limit" && aws_iam_role.this["reader"].permissions_boundary == null
    error_message = "a role has another's policy"
  }
  assert {
    condition     = output.instance_profiles == { weir = "flow-logs-weir" }
    error_message = jsonencode(output.instance_profiles)
  }
  assert {
    condition = [for s in jsondecode(aws_iam_role.this["weir"].assume_role_policy).Statement : s if s.Action == "sts:AssumeRoleWithWebIdentity"] == [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
      Condition = {
        StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }
        StringLike   = { "token.actions.githubusercontent.com:sub" = ["repo:our-org/weir:ref:refs/heads/main", "repo:our-org/weir:environment:*"] }
      }
    }]
    error_message = aws_iam_role.this["weir"].assume_role_policy
  }
  # No action is a pattern, and no resource is everything.
  assert {
    condition = alltrue([for p in [output.reader_policy, output.weir_policy] : alltrue([
      for s in jsondecode(p).Statement : s.Effect == "Allow" && !strcontains(jsonencode(s.Action), "*") && alltrue([for r in flatten([s.Resource]) : startswith(r, "arn:aws:") && !can(regex("[*].", r))])
    ])])
    error_message = output.weir_policy
  }
  # Logs are read and never written; the lake is written below its own prefix alone.
  assert {
    condition = alltrue([for s in jsondecode(output.weir_policy).Statement :
      flatten([s.Resource]) == (strcontains(jsonencode(s.Action), "s3:DeleteObject") ? ["arn:aws:s3:::security-lake/flows/*"] : ["arn:aws:s3:::weir-flow-logs-123456789012-eu-west-1-athena/results/*"])
    if strcontains(jsonencode(s.Action), "s3:PutObject") || strcontains(jsonencode(s.Action), "s3:DeleteObject")])
    error_message = output.weir_policy
  }
  assert {
    condition = { for s in jsondecode(output.weir_policy).Statement : s.Sid => flatten([s.Resource]) if contains(["NewObjects", "LakePlace", "LakeKey", "Notices", "NoticesKey"], s.Sid) } == {
      NewObjects = ["arn:aws:sqs:eu-west-1:123456789012:flow-logs-objects"]
      LakePlace  = ["arn:aws:s3:::security-lake"]
      LakeKey    = ["arn:aws:kms:eu-west-1:123456789012:key/1a"]
      Notices    = ["arn:aws:sns:eu-west-1:123456789012:findings"]
      NoticesKey = ["arn:aws:kms:eu-west-1:123456789012:key/2b"]
    }
    error_message = output.weir_policy
  }
  assert {
    condition     = !strcontains(output.reader_policy, "sqs:") && !strcontains(output.reader_policy, "sns:") && !strcontains(output.reader_policy, "security-lake")
    error_message = output.reader_policy
  }
}

run "organization" {
  command = plan
  variables {
    accounts     = ["123456789012", "210987654321"]
    regions      = ["eu-west-1", "us-east-1"]
    organization = "o-a1b2c3d4e5"
    encryption   = "kms"
    kms_key_arn  = "arn:aws:kms:eu-west-1:123456789012:key/0d1c"
  }
  assert {
    condition = alltrue([for s in concat(jsondecode(output.bucket_policy).Statement, jsondecode(output.key_policy).Statement) :
      s.Condition.StringEquals["aws:SourceOrgID"] == "o-a1b2c3d4e5" && toset(s.Condition.ArnLike["aws:SourceArn"]) == toset(["arn:aws:logs:eu-west-1:*:*", "arn:aws:logs:us-east-1:*:*"])
    if try(s.Principal.Service, "") == "delivery.logs.amazonaws.com"])
    error_message = output.bucket_policy
  }
  assert {
    condition     = one([for s in jsondecode(output.bucket_policy).Statement : s.Resource if s.Sid == "AWSLogDeliveryWrite"]) == "arn:aws:s3:::weir-flow-logs-123456789012-eu-west-1/AWSLogs/*"
    error_message = output.bucket_policy
  }
  assert {
    condition     = aws_glue_catalog_table.logs["vpc_flow_logs"].parameters["projection.aws_account_id.values"] == "123456789012,210987654321"
    error_message = "the table does not show every account"
  }
}

# While the old flow log ends, it still delivers below the old prefix.
run "another_prefix" {
  command = plan
  variables {
    prefix = "new"
    former = { old = { file_format = "plain-text", hive_compatible = true, fields = ["srcaddr"] } }
  }
  assert {
    condition = toset(one([for s in jsondecode(output.bucket_policy).Statement : s.Resource if s.Sid == "AWSLogDeliveryWrite"])) == toset([
      "arn:aws:s3:::weir-flow-logs-123456789012-eu-west-1/new/AWSLogs/123456789012/*",
      "arn:aws:s3:::weir-flow-logs-123456789012-eu-west-1/AWSLogs/aws-account-id=123456789012/*",
    ])
    error_message = output.bucket_policy
  }
  assert {
    condition = toset(one([for s in jsondecode(output.reader_policy).Statement : s.Resource if s.Sid == "LogsRead"])) == toset([
      "arn:aws:s3:::weir-flow-logs-123456789012-eu-west-1/new/AWSLogs/*",
      "arn:aws:s3:::weir-flow-logs-123456789012-eu-west-1/AWSLogs/*",
    ])
    error_message = output.reader_policy
  }
}
