variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  default     = "tributary"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name has 3 to 20 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "bucket_prefix" {
  description = "What the buckets' names, which are unique in the world, begin with; null: the account's number and the name."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_prefix == null || can(regex("^[a-z0-9][a-z0-9-]{1,40}[a-z0-9]$", var.bucket_prefix))
    error_message = "bucket_prefix has 3 to 42 lower-case letters, digits and hyphens."
  }
}

variable "tags" {
  description = "Tags of all that can have tags."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for k, v in var.tags : length(k) >= 1 && length(k) <= 128 && length(v) <= 256 && !startswith(lower(k), "aws:")])
    error_message = "tags have keys of 1 to 128 characters that do not begin with aws:, and values of at most 256."
  }
}

variable "deletion_protection" {
  description = "Refuses to destroy the table and the database. Set it to false, apply, and only then destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "force_destroy" {
  description = "Lets buckets and the image repository be destroyed with what is in them, all versions of it."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "A key of yours for buckets, table, database and secrets; null: keys that AWS keeps."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID."
  }
}

variable "buckets" {
  description = "Buckets, by the last part of their names. Objects move to infrequent access and are deleted after so many days; 0: never. Old versions are deleted after `noncurrent_days`."
  type = map(object({
    infrequent_days = optional(number, 0)
    delete_days     = optional(number, 0)
    noncurrent_days = optional(number, 30)
    versioning      = optional(bool, true)
  }))
  default = {
    landing  = { infrequent_days = 30, delete_days = 365 }
    staging  = { delete_days = 14 }
    persist  = { infrequent_days = 90 }
    artifact = {}
  }
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.buckets) : can(regex("^[a-z0-9][a-z0-9-]{1,18}[a-z0-9]$", name))])
    error_message = "buckets are named by 3 to 20 lower-case letters, digits and hyphens; bucket_prefix goes before it."
  }

  validation {
    condition     = alltrue([for b in values(var.buckets) : (b.infrequent_days == 0 || b.infrequent_days >= 30) && b.delete_days >= 0 && b.noncurrent_days >= 1])
    error_message = "infrequent_days is 0 or, as S3 wants it, 30 or more; delete_days 0 or more; noncurrent_days 1 or more."
  }

  validation {
    condition     = alltrue([for b in values(var.buckets) : b.delete_days == 0 || b.delete_days > b.infrequent_days])
    error_message = "delete_days comes after infrequent_days, or is 0."
  }
}

variable "log_bucket" {
  description = "A bucket of yours for the buckets' access logs, whose policy lets `logging.s3.amazonaws.com` put objects; null: none are written."
  type        = string
  default     = null

  validation {
    condition     = var.log_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.log_bucket))
    error_message = "log_bucket is the name of a bucket."
  }
}

variable "cards_table" {
  description = "The DynamoDB table of cards, keyed by the numbers `id` and `client_id`; null: none."
  type = object({
    name = optional(string, "cards-data")
  })
  default = {}

  validation {
    condition     = var.cards_table == null || try(can(regex("^[A-Za-z0-9_.-]{3,255}$", var.cards_table.name)), false)
    error_message = "cards_table.name has 3 to 255 letters, digits, underscores, dots and hyphens."
  }
}

variable "cluster" {
  description = "The EKS cluster whose service account gets a role; null: no role. Its OpenID Connect provider is made unless there is one, with `oidc_provider_exists`."
  type = object({
    name                 = string
    oidc_provider_exists = optional(bool, false)
    namespace            = optional(string, "tributary")
    service_account      = optional(string, "tributary")
  })
  default = null

  validation {
    condition     = var.cluster == null || try(can(regex("^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$", var.cluster.name)), false)
    error_message = "cluster.name is the name of a cluster: at most 100 letters, digits, hyphens and underscores."
  }

  validation {
    condition     = var.cluster == null || try(alltrue([for n in [var.cluster.namespace, var.cluster.service_account] : can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", n))]), false)
    error_message = "cluster.namespace and cluster.service_account are names as Kubernetes allows them; the role is for one account, not for a pattern."
  }
}

variable "secrets" {
  description = "Secrets that pods may read, by the last part of their names. Only the secrets are made: their values are added outside of Terraform, and so are in no state."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for s in var.secrets : can(regex("^[A-Za-z0-9/_+=.@-]{1,200}$", s))])
    error_message = "secrets are named by letters, digits and the characters /_+=.@-"
  }
}

variable "registry" {
  description = "Whether to make an ECR repository for the image."
  type        = bool
  default     = false
  nullable    = false
}

variable "database" {
  description = "RDS for Postgres in subnets of yours; null: none. `client_security_groups` are those of the cluster's nodes or pods. `parameters` are added to those that the module sets, and win."
  type = object({
    vpc_id                 = string
    subnet_ids             = list(string)
    client_security_groups = optional(list(string), [])
    engine_version         = optional(string, "16")
    instance_class         = optional(string, "db.t4g.medium")
    storage_gb             = optional(number, 20)
    storage_limit_gb       = optional(number, 200)
    multi_az               = optional(bool, false)
    name                   = optional(string, "attribution")
    user                   = optional(string, "tributary")
    parameters             = optional(map(string), {})
    backup_days            = optional(number, 14)
    backup_window          = optional(string, "02:00-02:30")
    maintenance_window     = optional(string, "sun:03:00-sun:04:00")
  })
  default = null

  validation {
    condition     = var.database == null || try(can(regex("^vpc-[0-9a-f]+$", var.database.vpc_id)) && length(var.database.subnet_ids) >= 2 && alltrue([for s in var.database.subnet_ids : can(regex("^subnet-[0-9a-f]+$", s))]), false)
    error_message = "database.vpc_id is vpc-…, and database.subnet_ids has two or more, in different zones."
  }

  validation {
    condition     = var.database == null || try(alltrue([for s in var.database.client_security_groups : can(regex("^sg-[0-9a-f]+$", s))]), false)
    error_message = "database.client_security_groups are ids of security groups, sg-…"
  }

  validation {
    condition     = var.database == null || try(can(regex("^1[4-9](\\.[0-9]+)?$", var.database.engine_version)) && can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.database.instance_class)), false)
    error_message = "database.engine_version is 14 or newer, and instance_class like \"db.t4g.medium\"."
  }

  validation {
    condition     = var.database == null || try(var.database.storage_gb >= 20 && var.database.storage_limit_gb > var.database.storage_gb, false)
    error_message = "database.storage_gb is 20 or more, and storage_limit_gb, up to which it grows by itself, more than that."
  }

  validation {
    condition     = var.database == null || try(alltrue([for n in [var.database.name, var.database.user] : can(regex("^[a-z_][a-z0-9_]{0,62}$", n))]) && !contains(["postgres", "rdsadmin"], var.database.user), false)
    error_message = "database.name and database.user are names that need no quotes; user is none of the server's own."
  }

  validation {
    condition     = var.database == null || try(var.database.backup_days >= 1 && var.database.backup_days <= 35, false)
    error_message = "database.backup_days is 1 to 35."
  }

  validation {
    condition     = var.database == null || try(can(regex("^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$", var.database.backup_window)) && can(regex("^(mon|tue|wed|thu|fri|sat|sun):[0-2][0-9]:[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):[0-2][0-9]:[0-5][0-9]$", var.database.maintenance_window)), false)
    error_message = "database.backup_window is like \"02:00-02:30\", maintenance_window like \"sun:03:00-sun:04:00\", both in UTC."
  }
}
