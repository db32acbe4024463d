output "policy_arn" {
  description = "Attach this to a role that exists already."
  value       = aws_iam_policy.this.arn
}

output "role_name" {
  description = "The role made here, or null."
  value       = one(aws_iam_role.this[*].name)
}

output "instance_profile_arn" {
  description = "The instance profile made here, or null."
  value       = one(aws_iam_instance_profile.this[*].arn)
}

output "page_topic_arn" {
  description = "Subscribe your on-call tool here."
  value       = aws_sns_topic.this["page"].arn
}

output "ticket_topic_arn" {
  description = "Subscribe your ticket queue here."
  value       = aws_sns_topic.this["ticket"].arn
}

output "page_alarm_arn" {
  description = "The one alarm that pages."
  value       = aws_cloudwatch_composite_alarm.page.arn
}

output "dashboard_url" {
  description = "Where to look first."
  value       = "https://${local.region}.console.aws.amazon.com/cloudwatch/home?region=${local.region}#dashboards/dashboard/${local.prefix}"
}

output "launch_template_id" {
  description = "For your Auto Scaling group, or null."
  value       = one(aws_launch_template.this[*].id)
}

output "config_parameter" {
  description = "Where the agents' settings are, or null."
  value       = one(aws_ssm_parameter.config[*].name)
}
