# How instances get it: settings in Parameter Store, and a launch template that installs at boot with IMDSv2 required.

resource "aws_ssm_parameter" "config" {
  count = var.launch == null ? 0 : 1

  name        = "/imds-probe/${var.fleet}/config"
  description = "config.yaml of the agents of this fleet; no secrets belong here"
  type        = "String"
  value       = "fleet: \"${var.fleet}\"\n${var.launch.settings}\n"
  tags        = var.tags
}

resource "aws_launch_template" "this" {
  count = var.launch == null ? 0 : 1

  name          = local.prefix
  description   = "imds-probe ${var.launch.version}"
  image_id      = var.launch.image_id
  instance_type = var.launch.instance_type
  user_data     = base64encode(local.user_data)
  tags          = var.tags

  iam_instance_profile {
    arn = coalesce(var.launch.instance_profile_arn, one(aws_iam_instance_profile.this[*].arn))
  }

  metadata_options {
    http_endpoint = "enabled"
    # IMDSv1 lets any program that can be talked into fetching a URL hand out the role's credentials.
    http_tokens                 = "required"
    http_put_response_hop_limit = var.launch.hop_limit
  }
}
