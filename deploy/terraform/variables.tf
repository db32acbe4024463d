# ---- What is watched.

variable "fleet" {
  description = "The --fleet of the agents. Each group of instances with alarms of its own needs a name of its own."
  type        = string
  default     = "default"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$", var.fleet))
    error_message = "Use up to 100 letters, digits, dots, dashes and underscores; begin with a letter or digit."
  }
}

variable "autoscaling_group_name" {
  description = "For a fleet: the group whose in-service count tells how many agents should be heard. It needs the group metric GroupInServiceInstances (enabled_metrics of aws_autoscaling_group). Give this or instance_id."
  type        = string
  default     = ""

  validation {
    condition     = length(var.autoscaling_group_name) <= 255
    error_message = "Names of Auto Scaling groups have up to 255 characters."
  }
}

variable "instance_id" {
  description = "For one instance instead of a fleet. Its status check, which EC2 publishes while it runs, tells that it should be heard."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|i-[0-9a-f]{8,17})$", var.instance_id))
    error_message = "An instance id is i- and 8 to 17 hexadecimal digits."
  }
}

variable "namespace" {
  description = "The --namespace of the agents. They may publish to no other, so a stolen credential spoils no other metrics."
  type        = string
  default     = "ImdsProbe"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_./#-]{0,254}$", var.namespace)) && !startswith(var.namespace, "AWS/")
    error_message = "Use up to 255 letters, digits and . - _ / #; AWS/ is for AWS."
  }
}

variable "interval_seconds" {
  description = "The --interval of the agents. An agent beats once an interval, and the heartbeat alarm counts beats."
  type        = number
  default     = 60

  validation {
    condition     = var.interval_seconds >= 1 && var.interval_seconds <= 60
    error_message = "The heartbeat alarm needs a beat a minute or more: 1 to 60."
  }
}

# ---- Who is told.

variable "page_email" {
  description = "Where pages go; left empty, subscribe your on-call tool to page_topic_arn."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|[^@[:space:]]+@[^@[:space:]]+)$", var.page_email))
    error_message = "This is no mail address."
  }
}

variable "ticket_email" {
  description = "Where tickets go; left empty, subscribe to ticket_topic_arn."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|[^@[:space:]]+@[^@[:space:]]+)$", var.ticket_email))
    error_message = "This is no mail address."
  }
}

variable "encrypt_topics" {
  description = "Encrypts both topics with a key of their own (about 1 USD a month). CloudWatch can't publish to a topic under the key alias/aws/sns, whose policy nobody can change."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags for everything made here that takes them."
  type        = map(string)
  default     = {}
}

# ---- What pages somebody.

variable "expiry_page_seconds" {
  description = "Page when any instance's role credentials are this close to their end. EC2 promises new ones at least five minutes before, so below 300 it is late, and requests fail in minutes."
  type        = number
  default     = 300

  validation {
    condition     = var.expiry_page_seconds >= 0
    error_message = "Seconds before expiry: 0 or more."
  }
}

variable "critical_findings" {
  description = "Page at this many critical findings over the fleet in one minute. The agent has seen each in two cycles running (expiry at once), so 1 is no blip. Where one instance of many is nobody's night, raise it."
  type        = number
  default     = 1

  validation {
    condition     = var.critical_findings >= 1
    error_message = "At least 1, or the alarm never ends."
  }
}

variable "silent_percent" {
  description = "Share of the instances in service that may be silent without a page: room for those that are just booting or going away. With 1, one silent instance pages in a fleet of up to 50; with 0, in any."
  type        = number
  default     = 1

  validation {
    condition     = var.silent_percent >= 0 && var.silent_percent <= 99
    error_message = "A percentage from 0 to 99."
  }
}

# ---- What makes a ticket.

variable "expiry_ticket_seconds" {
  description = "Ticket when credentials are this close to their end. EC2 renews role credentials hourly while they are valid for about six hours, so a quarter of an hour is never seen in health; SDKs begin to refresh in earnest here."
  type        = number
  default     = 900

  validation {
    condition     = var.expiry_ticket_seconds >= 0
    error_message = "Seconds before expiry: 0 or more."
  }
}

variable "credential_age_seconds" {
  description = "Ticket when an instance's credentials are this old. Renewed hourly, three hours mean that renewal has failed twice; with six hours of validity three are left to act. Where yours are renewed later, set it to their validity."
  type        = number
  default     = 10800

  validation {
    condition     = var.credential_age_seconds >= 3600
    error_message = "Credentials are an hour old in health: 3600 or more."
  }
}

variable "throttled_percent" {
  description = "Ticket when more than this share of metadata requests is throttled in ten minutes of twenty. One blip spoils one minute, and SDKs that retry ride it out. Over a hundred instances or more, 5 shows a trend earlier."
  type        = number
  default     = 30

  validation {
    condition     = var.throttled_percent >= 1 && var.throttled_percent <= 99
    error_message = "A percentage from 1 to 99."
  }
}

variable "link_local_dropped_packets" {
  description = "Ticket when the network card drops this many packets to metadata, DNS and time a minute, in five minutes of twenty. Any drop means more than 1024 packets a second on one interface; name look-ups fail along with IMDS."
  type        = number
  default     = 1

  validation {
    condition     = var.link_local_dropped_packets >= 1
    error_message = "At least 1, or the alarm never ends."
  }
}

variable "clock_offset_milliseconds" {
  description = "Ticket when a clock is this wrong for three minutes of ten. AWS refuses signatures at five minutes; 30 seconds is no drift but a broken time service, with most of the way still to go."
  type        = number
  default     = 30000

  validation {
    condition     = var.clock_offset_milliseconds >= 1
    error_message = "Milliseconds: 1 or more."
  }
}

variable "outbox_age_seconds" {
  description = "Ticket when an agent holds metrics older than this. CloudWatch shows data older than three hours only up to two hours later, so from here on the past is not seen by any alarm. A two-hour outage stays below."
  type        = number
  default     = 10800

  validation {
    condition     = var.outbox_age_seconds >= 900
    error_message = "Agents send every five minutes; below 900 the alarm is about nothing."
  }
}

# ---- What the instances may do.

variable "create_role" {
  description = "Makes a role and an instance profile with the policy. Where your instances have a role already, set this to false and attach policy_arn to it."
  type        = bool
  default     = true
}

variable "package_bucket" {
  description = "The S3 bucket from which user data installs; empty where it installs from elsewhere."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$", var.package_bucket))
    error_message = "This is no name of a bucket."
  }
}

variable "package_prefix" {
  description = "The folder of the releases in that bucket."
  type        = string
  default     = "imds-probe"

  validation {
    condition     = can(regex("^[A-Za-z0-9!_.*'()/-]+$", var.package_prefix))
    error_message = "Use the characters of S3 keys that need no quoting."
  }
}

variable "allow_instance_options" {
  description = "Allows ec2:DescribeInstances for --instance-options: EC2's own word on the hop limit. AWS knows no condition that narrows it to the instance itself, so it is off."
  type        = bool
  default     = false
}

variable "allow_systems_manager" {
  description = "Attaches AmazonSSMManagedInstanceCore to the role made here, for the Run Command documents in deploy/ssm."
  type        = bool
  default     = false
}

# ---- How instances get it.

variable "launch" {
  description = "Makes a launch template that installs the agent at boot, and the agents' settings in Parameter Store; null makes neither. The last four come from the release: the folder it is in, install.sh and its hash in SHA256SUMS, and the key that signed it. hop_limit: 1 keeps the answer to a token request on the instance; 2 where containers on a bridge network need the metadata service."
  type = object({
    image_id             = optional(string)
    instance_type        = optional(string)
    instance_profile_arn = optional(string)
    hop_limit            = optional(number, 1)
    settings             = optional(string, "")
    version              = string
    install_from         = string
    installer_url        = string
    installer_sha256     = string
    public_key           = string
  })
  default = null

  validation {
    condition = var.launch == null || alltrue([
      can(regex("^[0-9]+(\\.[0-9]+)*$", try(var.launch.version, ""))),
      can(regex("^(s3|https)://[A-Za-z0-9_.~%/-]+$", try(var.launch.install_from, ""))),
      can(regex("^https://[A-Za-z0-9_.~%/-]+$", try(var.launch.installer_url, ""))),
      can(regex("^[0-9a-f]{64}$", try(var.launch.installer_sha256, ""))),
      can(regex("^[A-Za-z0-9+/]{58,60}={0,2}$", try(var.launch.public_key, ""))),
    ])
    error_message = "One of version, install_from, installer_url, installer_sha256 and public_key is not what it should be: see deploy/README.md."
  }

  validation {
    condition     = var.launch == null || (try(var.launch.hop_limit, 1) >= 1 && try(var.launch.hop_limit, 1) <= 64)
    error_message = "EC2 takes hop limits from 1 to 64."
  }
}
