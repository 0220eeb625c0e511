# Flow logs in S3 or CloudWatch Logs, and what is needed to ask them.
#
# Start here: the locals decide, and the other files make. flow_log.tf is the flow logs, bucket.tf where they go, athena.tf how
# they are asked, reader.tf what a reader may; cloudwatch.tf is the other place where they go, filters.tf what is counted there,
# alarms.tf what is watched, topic.tf who is told. fields.tf.json is generated from weir's own tables.
#
# ARNs are written from names: policies are then known at plan, to people and to tests.

data "aws_caller_identity" "me" {}
data "aws_partition" "me" {}
data "aws_region" "me" {}

locals {
  account   = data.aws_caller_identity.me.account_id
  partition = data.aws_partition.me.partition
  # "name" is deprecated in provider 6, and "region" unknown to 5. ec2.eu-west-1.amazonaws.com is in both.
  region = split(".", data.aws_region.me.endpoint)[1]

  accounts = coalesce(var.accounts, [local.account])
  regions  = coalesce(var.regions, [local.region])

  kind = local.kinds[local.transit ? "tgw_flows" : "flows"]
  # coalescelist would take an empty list for none; validation refuses one.
  fields     = var.fields != null ? var.fields : lookup(local.kind.presets, var.format, [])
  log_format = join(" ", [for f in local.fields : "$${${f}}"])
  names      = [for f in local.fields : one([for k in local.kind.fields : k.column if k.name == f])] # their columns

  s3          = contains(var.destinations, "s3")
  make_bucket = local.s3 && var.create_bucket
  athena      = local.s3 && var.athena

  bucket     = coalesce(var.bucket, "weir-flow-logs-${local.account}-${local.region}")
  bucket_arn = "arn:${local.partition}:s3:::${local.bucket}"
  folder     = var.prefix == "" ? "" : "${var.prefix}/"

  kms     = var.encryption == "kms"
  key     = local.kms && var.kms_key_arn == null
  key_arn = local.key ? one(aws_kms_key.logs[*].arn) : var.kms_key_arn

  # Who may deliver: the delivery service, on behalf of our accounts or our organization, from our Regions. With an organization
  # a stranger still cannot: aws:SourceOrgID is that of the account for which the service acts.
  deliverers = var.organization == null ? { key = "aws:SourceAccount", values = local.accounts } : { key = "aws:SourceOrgID", values = [var.organization] }
  delivery_arns = flatten([
    for a in var.organization == null ? local.accounts : ["*"] : [for r in local.regions : "arn:${local.partition}:logs:${r}:${a}:*"]
  ])
  # Below former prefixes, too: a flow log that is replaced still delivers its last minutes.
  delivery_places = distinct(flatten([for t in local.tables : [
    for a in var.organization == null ? local.accounts : ["*"] :
    "arn:${local.partition}:s3:::${trimprefix(t.root, "s3://")}AWSLogs/${a == "*" ? "" : "${t.hive ? "aws-account-id=" : ""}${a}/"}*"
  ]]))
}
