# Roles: who may take one is said here, what it may do is in reader.tf and roles.tf.

variable "reader_role" {
  description = <<-EOT
    A role that may read the logs and ask Athena, and change nothing: the output reader_policy, attached. Null makes none.
    principals: ARNs of roles, users or accounts that may take it. services: such as ec2.amazonaws.com, with which it gets an instance profile.
    oidc: for what proves itself by OIDC, a build or a pod: the ARN of the provider in IAM, and the subjects that may come; * in a subject stands for any text.
    external_id: a word that principals have to say. permissions_boundary: ARN of a policy that bounds the role.
  EOT
  type = object({
    principals           = optional(list(string), [])
    services             = optional(list(string), [])
    external_id          = optional(string)
    permissions_boundary = optional(string)
    oidc = optional(list(object({
      provider_arn = string
      audience     = optional(string, "sts.amazonaws.com")
      subjects     = list(string)
    })), [])
  })
  default = null

  validation {
    condition     = var.reader_role == null ? true : length(var.reader_role.principals) + length(var.reader_role.services) + length(var.reader_role.oidc) > 0
    error_message = "reader_role: say who may take the role: principals, services or oidc."
  }
  validation {
    condition     = var.reader_role == null ? true : alltrue([for p in var.reader_role.principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(user|role)/[A-Za-z0-9_+=,.@/-]+)$", p))])
    error_message = "reader_role: principals are ARNs of roles, users or accounts, such as arn:aws:iam::123456789012:role/deploy; no \"*\"."
  }
  validation {
    condition     = var.reader_role == null ? true : alltrue([for s in var.reader_role.services : can(regex("^[a-z0-9-]+([.][a-z0-9-]+)*[.]amazonaws[.]com([.]cn)?$", s))])
    error_message = "reader_role: services are names such as ec2.amazonaws.com or ecs-tasks.amazonaws.com."
  }
  validation {
    condition     = var.reader_role == null ? true : alltrue([for o in var.reader_role.oidc : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/[A-Za-z0-9_.:/-]+$", o.provider_arn)) && o.audience != "" && !strcontains(o.audience, "*")])
    error_message = "reader_role: provider_arn of oidc is the ARN of an OIDC provider of IAM, arn:aws:iam::ACCOUNT:oidc-provider/HOST, and its audience is a whole word."
  }
  validation {
    condition     = var.reader_role == null ? true : alltrue([for o in var.reader_role.oidc : length(o.subjects) > 0 && alltrue([for s in o.subjects : can(regex("^[^*?:]+:[^*?:/]+([:/]|$)", s)) && (!startswith(s, "system:serviceaccount:") || !can(regex("[*?]", s)))])])
    error_message = "reader_role: subjects of oidc name who may come, with no * or ? in their first two parts: repo:our-org/our-repo:ref:refs/heads/main, system:serviceaccount:weir:weir. Without them every user of the provider could take the role."
  }
  validation {
    condition     = var.reader_role == null ? true : var.reader_role.external_id == null ? true : can(regex("^[A-Za-z0-9_+=,.@:/-]{2,}$", var.reader_role.external_id)) && length(var.reader_role.external_id) <= 1224
    error_message = "reader_role: external_id has 2 to 1224 letters, digits and _ + = , . @ : / -."
  }
  validation {
    condition     = var.reader_role == null ? true : var.reader_role.permissions_boundary == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/", var.reader_role.permissions_boundary))
    error_message = "reader_role: permissions_boundary is the ARN of a policy."
  }
  validation {
    condition     = var.reader_role == null ? true : length(var.name) <= 57
    error_message = "name: with a role, at most 57 characters: names of roles have up to 64."
  }
}

variable "weir_role" {
  description = <<-EOT
    A role for weir itself: what the reader may, take messages from the queue, write its lake, and publish to topics. Null makes none. Who may take it is said as for reader_role.
    lake: where weir writes, s3://BUCKET/PREFIX: not the bucket of the logs. database: its database in Glue, if its catalog is there. kms_key_arn: the key that encrypts the lake's bucket.
    topics: ARNs of the topics of SNS that weir publishes findings to. topic_keys: ARNs of the keys that encrypt them.
  EOT
  type = object({
    principals           = optional(list(string), [])
    services             = optional(list(string), [])
    external_id          = optional(string)
    permissions_boundary = optional(string)
    oidc = optional(list(object({
      provider_arn = string
      audience     = optional(string, "sts.amazonaws.com")
      subjects     = list(string)
    })), [])
    lake = optional(object({
      bucket      = string
      prefix      = optional(string, "")
      database    = optional(string)
      kms_key_arn = optional(string)
    }))
    topics     = optional(list(string), [])
    topic_keys = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.weir_role == null ? true : length(var.weir_role.principals) + length(var.weir_role.services) + length(var.weir_role.oidc) > 0
    error_message = "weir_role: say who may take the role: principals, services or oidc."
  }
  validation {
    condition     = var.weir_role == null ? true : alltrue([for p in var.weir_role.principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(user|role)/[A-Za-z0-9_+=,.@/-]+)$", p))])
    error_message = "weir_role: principals are ARNs of roles, users or accounts, such as arn:aws:iam::123456789012:role/deploy; no \"*\"."
  }
  validation {
    condition     = var.weir_role == null ? true : alltrue([for s in var.weir_role.services : can(regex("^[a-z0-9-]+([.][a-z0-9-]+)*[.]amazonaws[.]com([.]cn)?$", s))])
    error_message = "weir_role: services are names such as ec2.amazonaws.com or ecs-tasks.amazonaws.com."
  }
  validation {
    condition     = var.weir_role == null ? true : alltrue([for o in var.weir_role.oidc : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/[A-Za-z0-9_.:/-]+$", o.provider_arn)) && o.audience != "" && !strcontains(o.audience, "*")])
    error_message = "weir_role: provider_arn of oidc is the ARN of an OIDC provider of IAM, arn:aws:iam::ACCOUNT:oidc-provider/HOST, and its audience is a whole word."
  }
  validation {
    condition     = var.weir_role == null ? true : alltrue([for o in var.weir_role.oidc : length(o.subjects) > 0 && alltrue([for s in o.subjects : can(regex("^[^*?:]+:[^*?:/]+([:/]|$)", s)) && (!startswith(s, "system:serviceaccount:") || !can(regex("[*?]", s)))])])
    error_message = "weir_role: subjects of oidc name who may come, with no * or ? in their first two parts: repo:our-org/our-repo:ref:refs/heads/main, system:serviceaccount:weir:weir. Without them every user of the provider could take the role."
  }
  validation {
    condition     = var.weir_role == null ? true : var.weir_role.external_id == null ? true : can(regex("^[A-Za-z0-9_+=,.@:/-]{2,}$", var.weir_role.external_id)) && length(var.weir_role.external_id) <= 1224
    error_message = "weir_role: external_id has 2 to 1224 letters, digits and _ + = , . @ : / -."
  }
  validation {
    condition     = var.weir_role == null ? true : var.weir_role.permissions_boundary == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/", var.weir_role.permissions_boundary))
    error_message = "weir_role: permissions_boundary is the ARN of a policy."
  }
  validation {
    condition     = var.weir_role == null ? true : length(var.name) <= 57
    error_message = "name: with a role, at most 57 characters: names of roles have up to 64."
  }
  validation {
    condition     = try(var.weir_role.lake, null) == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.weir_role.lake.bucket)) && var.weir_role.lake.bucket != local.bucket
    error_message = "weir_role: bucket of lake is the name of a bucket, and not that of the logs: weir never writes there."
  }
  validation {
    condition     = try(var.weir_role.lake, null) == null ? true : can(regex("^([A-Za-z0-9!_.'()-]+(/[A-Za-z0-9!_.'()-]+)*)?$", var.weir_role.lake.prefix))
    error_message = "weir_role: prefix of lake has letters, digits and ! _ . ' ( ) -, with single slashes between and none at the ends."
  }
  validation {
    condition     = try(var.weir_role.lake.database, null) == null ? true : can(regex("^[a-z0-9_]{1,252}$", var.weir_role.lake.database)) && var.weir_role.lake.database != local.database
    error_message = "weir_role: database of lake has lower-case letters, digits and _, and is not the one that this module makes."
  }
  validation {
    condition     = var.weir_role == null ? true : alltrue([for t in var.weir_role.topics : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+([.]fifo)?$", t))])
    error_message = "weir_role: topics are ARNs, arn:aws:sns:REGION:ACCOUNT:NAME."
  }
  validation {
    condition     = var.weir_role == null ? true : alltrue([for k in concat(var.weir_role.topic_keys, compact([try(var.weir_role.lake.kms_key_arn, null)])) : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", k))])
    error_message = "weir_role: topic_keys and kms_key_arn are ARNs of keys, arn:aws:kms:REGION:ACCOUNT:key/ID."
  }
}
