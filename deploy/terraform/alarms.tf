# The alarms of definitions.tf, and the composite that pages.

resource "aws_cloudwatch_metric_alarm" "plain" {
  for_each = local.plain_alarms

  alarm_name          = "${local.prefix}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric_name
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints_to_alarm
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing_data
  alarm_actions       = each.value.ticket ? [aws_sns_topic.this["ticket"].arn] : []
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "math" {
  for_each = local.math_alarms

  alarm_name          = "${local.prefix}-${each.key}"
  alarm_description   = each.value.description
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints_to_alarm
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing_data
  alarm_actions       = each.value.ticket ? [aws_sns_topic.this["ticket"].arn] : []
  tags                = var.tags

  metric_query {
    id          = each.value.id
    label       = each.value.label
    expression  = each.value.expression
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id    = metric_query.key
      label = metric_query.value.label

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric_name
        dimensions  = metric_query.value.dimensions
        stat        = metric_query.value.stat
        period      = metric_query.value.period
      }
    }
  }

  lifecycle {
    precondition {
      condition     = (var.autoscaling_group_name != "") != (var.instance_id != "")
      error_message = "Give either autoscaling_group_name or instance_id."
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "page" {
  alarm_name        = local.page.name
  alarm_description = local.page.description
  alarm_rule        = local.page.rule
  alarm_actions     = [aws_sns_topic.this["page"].arn]
  ok_actions        = [aws_sns_topic.this["page"].arn]
  tags              = var.tags

  # The rule names its children by their names only.
  depends_on = [aws_cloudwatch_metric_alarm.plain, aws_cloudwatch_metric_alarm.math]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = local.prefix
  dashboard_body = local.dashboard_body
}
