# Where this is: definitions.tf calculates with it, and needs nothing else of AWS.

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  # The name; so called in every version of the provider.
  region = data.aws_region.current.id
}
