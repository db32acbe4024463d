# The alarms as data, the same as in ../cloudformation/alarms.yaml, where the comments say why each is as it is. A test
# holds the two together, and `npm run drill` runs them against every fault.

locals {
  of_group  = var.autoscaling_group_name != ""
  prefix    = "imds-probe-${var.fleet}"
  by_fleet  = { Fleet = var.fleet }
  per_group = { AutoScalingGroupName = var.autoscaling_group_name }

  beats = {
    label       = "heartbeats"
    namespace   = var.namespace
    metric_name = "Heartbeat"
    dimensions  = local.by_fleet
    stat        = "Sum"
    period      = 300
  }
  expected = {
    label       = "instances in service"
    namespace   = "AWS/AutoScaling"
    metric_name = "GroupInServiceInstances"
    dimensions  = local.per_group
    stat        = "Minimum"
    period      = 300
  }
  running = {
    label       = "status check is reported"
    namespace   = "AWS/EC2"
    metric_name = "StatusCheckFailed"
    dimensions  = { InstanceId = var.instance_id }
    stat        = "Maximum"
    period      = 300
  }

  throttled = {
    label       = null
    namespace   = var.namespace
    metric_name = "ImdsThrottled"
    dimensions  = local.by_fleet
    stat        = "Sum"
    period      = 60
  }
  requests = merge(local.throttled, { metric_name = "ImdsRequests" })

  # What compares one metric with a threshold.
  plain_alarms = merge(
    {
      expiry-page = {
        description         = "Role credentials of an instance of ${var.fleet} end within ${var.expiry_page_seconds} s and EC2 has not renewed them. Runbook: imds-probe explain role-credentials-expiring"
        namespace           = var.namespace
        metric_name         = "CredentialExpiryMargin"
        dimensions          = local.by_fleet
        statistic           = "Minimum"
        period              = 60
        evaluation_periods  = 20
        datapoints_to_alarm = 1
        comparison          = "LessThanThreshold"
        threshold           = var.expiry_page_seconds
        missing_data        = "ignore"
        ticket              = false
      }
      critical = {
        description         = "Critical findings on instances of ${var.fleet}. The dashboard names the instances; on one of them: imds-probe check. Runbook: imds-probe explain"
        namespace           = var.namespace
        metric_name         = "CriticalFindings"
        dimensions          = local.by_fleet
        statistic           = "Sum"
        period              = 60
        evaluation_periods  = 20
        datapoints_to_alarm = 1
        comparison          = "GreaterThanOrEqualToThreshold"
        threshold           = var.critical_findings
        missing_data        = "ignore"
        ticket              = false
      }
      expiry-ticket = {
        description         = "Role credentials of an instance of ${var.fleet} end within ${var.expiry_ticket_seconds} s. Runbook: imds-probe explain role-credentials-expiring"
        namespace           = var.namespace
        metric_name         = "CredentialExpiryMargin"
        dimensions          = local.by_fleet
        statistic           = "Minimum"
        period              = 60
        evaluation_periods  = 10
        datapoints_to_alarm = 1
        comparison          = "LessThanThreshold"
        threshold           = var.expiry_ticket_seconds
        missing_data        = "notBreaching"
        ticket              = true
      }
      credential-age = {
        description         = "EC2 has not renewed the role credentials of an instance of ${var.fleet} for ${var.credential_age_seconds} s. They still work; there are hours to act. Runbook: imds-probe explain role-rotation-overdue"
        namespace           = var.namespace
        metric_name         = "CredentialAge"
        dimensions          = local.by_fleet
        statistic           = "Maximum"
        period              = 60
        evaluation_periods  = 10
        datapoints_to_alarm = 1
        comparison          = "GreaterThanThreshold"
        threshold           = var.credential_age_seconds
        missing_data        = "notBreaching"
        ticket              = true
      }
      link-local-drops = {
        description         = "Network cards of ${var.fleet} drop packets to link-local services (metadata, DNS, time): more than 1024 a second on one interface. Runbook: imds-probe explain imds-throttled"
        namespace           = var.namespace
        metric_name         = "LinkLocalDropped"
        dimensions          = local.by_fleet
        statistic           = "Sum"
        period              = 60
        evaluation_periods  = 20
        datapoints_to_alarm = 5
        comparison          = "GreaterThanOrEqualToThreshold"
        threshold           = var.link_local_dropped_packets
        missing_data        = "notBreaching"
        ticket              = true
      }
      clock-offset = {
        description         = "A clock of ${var.fleet} is wrong by more than ${var.clock_offset_milliseconds} ms. At five minutes AWS refuses its requests. Runbook: imds-probe explain clock-skewed"
        namespace           = var.namespace
        metric_name         = "ClockOffset"
        dimensions          = local.by_fleet
        statistic           = "Maximum"
        period              = 60
        evaluation_periods  = 10
        datapoints_to_alarm = 3
        comparison          = "GreaterThanThreshold"
        threshold           = var.clock_offset_milliseconds
        missing_data        = "notBreaching"
        ticket              = true
      }
      outbox-age = {
        description         = "An agent of ${var.fleet} held metrics for more than ${var.outbox_age_seconds} s before CloudWatch took them: what happened meanwhile no alarm has seen. Runbook: imds-probe explain outbox-growing"
        namespace           = var.namespace
        metric_name         = "OutboxAge"
        dimensions          = local.by_fleet
        statistic           = "Maximum"
        period              = 60
        evaluation_periods  = 10
        datapoints_to_alarm = 2
        comparison          = "GreaterThanThreshold"
        threshold           = var.outbox_age_seconds
        missing_data        = "notBreaching"
        ticket              = true
      }
    },
    local.of_group ? {
      group-count-missing = {
        description         = "The in-service count of ${var.autoscaling_group_name} is not published, so nobody notices silent agents. To mend it: aws autoscaling enable-metrics-collection --auto-scaling-group-name ${var.autoscaling_group_name} --granularity 1Minute"
        namespace           = "AWS/AutoScaling"
        metric_name         = "GroupInServiceInstances"
        dimensions          = local.per_group
        statistic           = "SampleCount"
        period              = 900
        evaluation_periods  = 12
        datapoints_to_alarm = 12
        comparison          = "LessThanThreshold"
        threshold           = 1
        missing_data        = "breaching"
        ticket              = true
      }
    } : {}
  )

  # What calculates first: the expression is what is compared.
  math_alarms = {
    heartbeat = {
      description = (local.of_group
        ? "Instances of ${var.fleet} are in service and not heard: the agent is dead, or nothing can sign its metrics any more (expired credentials), or the way to CloudWatch is cut. On a silent instance: imds-probe check."
        : "${var.instance_id} runs and its agent is not heard: the agent is dead, or nothing can sign its metrics any more (expired credentials), or the way to CloudWatch is cut. On the instance: imds-probe check."
      )
      id    = "silent"
      label = "instances not heard"
      expression = (local.of_group
        ? "IF(expected > 0, expected * (100 - ${var.silent_percent}) / 100 - FILL(beats, 0) * ${var.interval_seconds} / PERIOD(beats), 0)"
        : "IF(running >= 0, 1 - FILL(beats, 0) * ${var.interval_seconds} / PERIOD(beats), 0)"
      )
      metrics = merge(
        { beats = local.beats },
        local.of_group ? { expected = local.expected } : { running = local.running },
      )
      evaluation_periods  = 3
      datapoints_to_alarm = 3
      comparison          = "GreaterThanThreshold"
      threshold           = 0.5
      missing_data        = "ignore"
      ticket              = false
    }
    throttled = {
      description         = "The metadata service keeps throttling instances of ${var.fleet} (429 or 503): something there asks it too often. Runbook: imds-probe explain imds-throttled"
      id                  = "share"
      label               = "throttled requests (%)"
      expression          = "100 * FILL(throttled, 0) / requests"
      metrics             = { throttled = local.throttled, requests = local.requests }
      evaluation_periods  = 20
      datapoints_to_alarm = 10
      comparison          = "GreaterThanThreshold"
      threshold           = var.throttled_percent
      missing_data        = "notBreaching"
      ticket              = true
    }
  }

  # The one alarm that pages.
  page = {
    name        = "${local.prefix}-page"
    description = "Instances of ${var.fleet} can't use their role, or soon can't, or are not heard any more. See which of the three alarms below it is in ALARM."
    children    = ["expiry-page", "critical", "heartbeat"]
    rule        = join(" OR ", [for child in ["expiry-page", "critical", "heartbeat"] : "ALARM(\"${local.prefix}-${child}\")"])
  }

  policy = {
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "PublishMetrics"
        Effect    = "Allow"
        Action    = "cloudwatch:PutMetricData"
        Resource  = "*"
        Condition = { StringEquals = { "cloudwatch:namespace" = var.namespace } }
      }],
      var.allow_instance_options ? [{
        Sid      = "ReadMetadataOptions"
        Effect   = "Allow"
        Action   = "ec2:DescribeInstances"
        Resource = "*"
      }] : [],
      var.launch == null ? [] : [{
        Sid      = "ReadConfig"
        Effect   = "Allow"
        Action   = "ssm:GetParameter"
        Resource = "arn:${local.partition}:ssm:*:${local.account_id}:parameter/imds-probe/*"
      }],
      var.package_bucket == "" ? [] : [{
        Sid      = "FetchPackages"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "arn:${local.partition}:s3:::${var.package_bucket}/${var.package_prefix}/*"
      }],
    )
  }

  dashboard_body = templatefile("${path.module}/dashboard.json.tftpl", {
    fleet                     = var.fleet
    namespace                 = var.namespace
    region                    = local.region
    alarm_arns                = [for name in local.dashboard_alarms : "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:${local.prefix}-${name}"]
    of_group                  = local.of_group
    autoscaling_group_name    = var.autoscaling_group_name
    instance_id               = var.instance_id
    interval_seconds          = var.interval_seconds
    expiry_page_seconds       = var.expiry_page_seconds
    expiry_ticket_seconds     = var.expiry_ticket_seconds
    clock_offset_milliseconds = var.clock_offset_milliseconds
  })
  dashboard_alarms = [
    "page", "expiry-page", "critical", "heartbeat", "expiry-ticket",
    "credential-age", "throttled", "link-local-drops", "clock-offset", "outbox-age",
  ]

  user_data = var.launch == null ? null : templatefile("${path.module}/user-data.sh.tftpl", {
    fleet            = var.fleet
    region           = local.region
    parameter        = "/imds-probe/${var.fleet}/config"
    version          = var.launch.version
    install_from     = var.launch.install_from
    installer_url    = var.launch.installer_url
    installer_sha256 = var.launch.installer_sha256
    public_key       = var.launch.public_key
  })
}
