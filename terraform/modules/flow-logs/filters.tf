# Metric filters: records of the log group as numbers. Which there are is generated (fields.tf.json); each pattern has a column
# for every field of the format at that field's place, so that none is off by one.

locals {
  # A pattern has 1024 characters at most, and a log group five patterns with regular expressions: that of bytes-out, and up to
  # four of exposed-port, which hold 35 ports each beside all the fields that there are.
  ports       = [for p in sort(formatlist("%05d", var.sensitive_ports != null ? var.sensitive_ports : toset(local.sensitive_ports))) : tonumber(p)]
  port_groups = chunklist(local.ports, 35)

  # For each condition, the first of its fields that the format has.
  tests = {
    for f in local.kind.filters : f.name => [
      for c in f.where : [for t in c.any : t if contains(local.fields, t.field)][0]
      if length([for t in c.any : t if contains(local.fields, t.field)]) > 0
    ]
  }
  lacking = {
    for f in local.kind.filters : f.name => [
      for c in f.where : join(" or ", c.any[*].field)
      if !c.optional && length([for t in c.any : t if contains(local.fields, t.field)]) == 0
    ]
  }
  filter_names = distinct(flatten([for k in values(local.kinds) : k.filters[*].name]))
  impossible = merge(
    { for name in setsubtract(local.filter_names, local.kind.filters[*].name) : name => "counts what records of transit gateways do not say" },
    {
      for f in local.kind.filters : f.name => length(local.lacking[f.name]) > 0 ? "needs ${join(", ", local.lacking[f.name])} in the format" : "needs traffic_type ALL or ${f.traffic}"
      if length(local.lacking[f.name]) > 0 || (f.traffic != "" && !contains(["ALL", f.traffic], var.traffic_type))
    },
  )
  possible = [for f in local.kind.filters : f if !contains(keys(local.impossible), f.name)]

  filters_wanted = setunion(coalesce(var.metric_filters, []), flatten([for a in local.alarms_wanted : local.alarm_table[a].filters]))
  filters_made   = local.cloudwatch ? [for f in local.possible : f if contains(local.filters_wanted, f.name) || contains(local.filters_wanted, "*")] : []

  # A filter whose ports do not fit into one pattern is several, which add to one metric.
  filters = merge([
    for f in local.filters_made : {
      for i, ports in(strcontains(jsonencode(f.where), "{ports}") ? local.port_groups : [[]]) :
      (i == 0 ? f.name : "${f.name}-${i + 1}") => {
        metric = f.metric
        value  = f.value
        unit   = f.unit
        conditions = {
          for t in local.tests[f.name] : t.field => join(" || ", [
            for is in t.is : "${t.column} ${replace(is, "{ports}", join("|", formatlist("^%d$", ports)))}"
          ]) if length(t.is) > 0
        }
        column = trimprefix(f.value, "$")
      }
    }
  ]...)

  # Where fields have long names, and there are many, those that no condition is about get short ones.
  patterns = {
    for name, f in local.filters : name => [
      for short in [false, true] : "[${join(", ", [
        for i, field in local.fields : lookup(f.conditions, field, short && local.names[i] != f.column ? "f${i + 1}" : local.names[i])
      ])}]"
    ]
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.filters

  name           = "${var.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.logs[0].name
  pattern        = length(local.patterns[each.key][0]) <= 1024 ? local.patterns[each.key][0] : local.patterns[each.key][1]

  metric_transformation {
    name      = each.value.metric
    namespace = local.namespace
    value     = each.value.value
    unit      = each.value.unit
    # Minutes with records, none of which is counted, are zero; without records there is nothing, which the alarm for silence is
    # about. There are no dimensions, which AWS refuses beside a default.
    default_value = 0
  }

  lifecycle {
    precondition {
      condition     = length(local.patterns[each.key][1]) <= 1024
      error_message = "metric_filters: the pattern of ${each.key} would be ${length(local.patterns[each.key][1])} characters long, and CloudWatch Logs takes 1024. Use fewer fields."
    }
  }
}
