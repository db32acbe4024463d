# What the instances may do.

resource "aws_iam_policy" "this" {
  name_prefix = "imds-probe-"
  description = "imds-probe publishes its metrics, and what else was allowed by variable"
  policy      = jsonencode(local.policy)
  tags        = var.tags
}

resource "aws_iam_role" "this" {
  count = var.create_role ? 1 : 0

  name_prefix = "imds-probe-"
  description = "Instances that run imds-probe"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  count = var.create_role ? 1 : 0

  role       = aws_iam_role.this[0].name
  policy_arn = aws_iam_policy.this.arn
}

resource "aws_iam_role_policy_attachment" "systems_manager" {
  count = var.create_role && var.allow_systems_manager ? 1 : 0

  role       = aws_iam_role.this[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "this" {
  count = var.create_role ? 1 : 0

  name_prefix = "imds-probe-"
  role        = aws_iam_role.this[0].name
  tags        = var.tags
}
