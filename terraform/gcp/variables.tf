variable "project_id" {
  description = "The project in which everything is made."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is the project's id (6 to 30 lower-case letters, digits and hyphens), not its name or number."
  }
}

variable "region" {
  description = "The region of all that is regional."
  type        = string
  default     = "europe-west1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is a region such as \"europe-west1\", not a zone and not a multi-region."
  }
}

variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  default     = "tributary"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name has 3 to 20 lower-case letters, digits and hyphens, and begins with a letter: service accounts have to fit into 30."
  }
}

variable "labels" {
  description = "Labels of all that can have labels."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for k, v in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", k)) && can(regex("^[a-z0-9_-]{0,63}$", v))])
    error_message = "labels have lower-case letters, digits, hyphens and underscores, at most 63, and keys begin with a letter."
  }
}

variable "deletion_protection" {
  description = "Refuses to destroy the database instance, the cluster, the Firestore database and BigQuery's tables. Set it to false, apply, and only then destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "force_destroy" {
  description = "Lets buckets, datasets and the image registry be destroyed with what is in them."
  type        = bool
  default     = false
  nullable    = false
}

variable "activate_apis" {
  description = "Switches on the APIs that are needed. They stay on when all is destroyed."
  type        = bool
  default     = true
  nullable    = false
}

variable "network" {
  description = "The network. `existing` is the self link of a network of yours, with private service access already set up, in place of a new one, and `existing_subnet` one of its subnets."
  type = object({
    existing         = optional(string)
    existing_subnet  = optional(string)
    subnet_cidr      = optional(string, "10.20.0.0/20")
    pods_cidr        = optional(string, "10.24.0.0/14")
    services_cidr    = optional(string, "10.28.0.0/20")
    private_prefix   = optional(number, 20)
    nat              = optional(bool, true)
    flow_log_samples = optional(number, 0.1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for cidr in [var.network.subnet_cidr, var.network.pods_cidr, var.network.services_cidr] : can(cidrhost(cidr, 1))])
    error_message = "network.subnet_cidr, pods_cidr and services_cidr are ranges such as \"10.20.0.0/20\"."
  }

  validation {
    condition     = var.network.private_prefix >= 16 && var.network.private_prefix <= 24
    error_message = "network.private_prefix, the size of the range for Cloud SQL, is 16 to 24."
  }

  validation {
    condition     = var.network.flow_log_samples >= 0 && var.network.flow_log_samples <= 1
    error_message = "network.flow_log_samples is a share, 0 to 1."
  }

  validation {
    condition     = (var.network.existing == null) == (var.network.existing_subnet == null)
    error_message = "network.existing and network.existing_subnet go together."
  }
}

variable "database" {
  description = "Cloud SQL for Postgres. `flags` are added to those that the module sets, and win. Without `high_availability` it runs in one zone."
  type = object({
    version            = optional(string, "POSTGRES_16")
    edition            = optional(string, "ENTERPRISE")
    tier               = optional(string, "db-custom-2-7680")
    high_availability  = optional(bool, false)
    disk_gb            = optional(number, 20)
    disk_limit_gb      = optional(number, 200)
    name               = optional(string, "attribution")
    flags              = optional(map(string), {})
    backup_hour        = optional(number, 2)
    backups            = optional(number, 14)
    log_days           = optional(number, 7)
    maintenance_day    = optional(number, 7)
    maintenance_hour   = optional(number, 3)
    require_client_tls = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^POSTGRES_(1[4-9])$", var.database.version))
    error_message = "database.version is POSTGRES_14 or newer."
  }

  validation {
    condition     = contains(["ENTERPRISE", "ENTERPRISE_PLUS"], var.database.edition)
    error_message = "database.edition is ENTERPRISE or ENTERPRISE_PLUS."
  }

  validation {
    condition     = can(regex("^db-[a-z0-9-]+$", var.database.tier))
    error_message = "database.tier is a tier such as \"db-custom-2-7680\" or \"db-f1-micro\"."
  }

  validation {
    condition     = var.database.disk_gb >= 10 && var.database.disk_limit_gb >= var.database.disk_gb
    error_message = "database.disk_gb is 10 or more, and disk_limit_gb, up to which the disk grows by itself, not less than that."
  }

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.database.name)) && !contains(["postgres", "template0", "template1", "cloudsqladmin"], var.database.name)
    error_message = "database.name is a name that needs no quotes, and none of the server's own."
  }

  validation {
    condition     = var.database.backup_hour >= 0 && var.database.backup_hour <= 23 && var.database.maintenance_hour >= 0 && var.database.maintenance_hour <= 23
    error_message = "database.backup_hour and maintenance_hour are hours in UTC, 0 to 23."
  }

  validation {
    condition     = var.database.maintenance_day >= 1 && var.database.maintenance_day <= 7
    error_message = "database.maintenance_day is 1 (Monday) to 7 (Sunday)."
  }

  validation {
    condition     = var.database.backups >= 1 && var.database.backups <= 365 && var.database.log_days >= 1 && var.database.log_days <= (var.database.edition == "ENTERPRISE" ? 7 : 35)
    error_message = "database.backups is 1 to 365, and log_days, how far back a point in time can be, 1 to 7 (ENTERPRISE_PLUS: 35)."
  }
}

variable "cluster" {
  description = "The Kubernetes cluster: a new Autopilot one or, with `existing`, one of yours in `location` (default: the region), which must have Workload Identity. `authorized_networks` may reach the control plane, by name; empty: anybody with credentials."
  type = object({
    existing            = optional(string)
    location            = optional(string)
    release_channel     = optional(string, "REGULAR")
    authorized_networks = optional(map(string), {})
    control_plane_cidr  = optional(string, "172.16.0.0/28")
    namespace           = optional(string, "tributary")
    service_account     = optional(string, "tributary")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["RAPID", "REGULAR", "STABLE", "EXTENDED"], var.cluster.release_channel)
    error_message = "cluster.release_channel is RAPID, REGULAR, STABLE or EXTENDED."
  }

  validation {
    condition     = alltrue([for cidr in values(var.cluster.authorized_networks) : can(cidrhost(cidr, 0))])
    error_message = "cluster.authorized_networks are ranges by name, such as {office = \"203.0.113.0/24\"}."
  }

  validation {
    condition     = can(cidrhost(var.cluster.control_plane_cidr, 1)) && endswith(var.cluster.control_plane_cidr, "/28")
    error_message = "cluster.control_plane_cidr is a range of size /28."
  }

  validation {
    condition     = alltrue([for name in [var.cluster.namespace, var.cluster.service_account] : can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "cluster.namespace and cluster.service_account are names as Kubernetes allows them."
  }
}

variable "buckets" {
  description = "Buckets, by the last part of their names. Objects move to `nearline` and `coldline` and are deleted after so many days; 0: never. Old versions are deleted after `noncurrent_days`."
  type = map(object({
    nearline_days   = optional(number, 0)
    coldline_days   = optional(number, 0)
    delete_days     = optional(number, 0)
    noncurrent_days = optional(number, 30)
  }))
  default = {
    landing = { nearline_days = 30, delete_days = 365 }
    staging = { delete_days = 14 }
    curated = { nearline_days = 90, coldline_days = 365 }
  }
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.buckets) : can(regex("^[a-z0-9][a-z0-9-]{1,18}[a-z0-9]$", name))])
    error_message = "buckets are named by 3 to 20 lower-case letters, digits and hyphens; the project's id and the name go before it."
  }

  validation {
    condition     = alltrue([for b in values(var.buckets) : alltrue([for days in [b.nearline_days, b.coldline_days, b.delete_days] : days >= 0]) && b.noncurrent_days >= 1])
    error_message = "days are 0 or more, noncurrent_days 1 or more."
  }

  validation {
    condition     = alltrue([for b in values(var.buckets) : b.delete_days == 0 || (b.delete_days > b.nearline_days && b.delete_days > b.coldline_days)])
    error_message = "delete_days comes after nearline_days and coldline_days, or is 0."
  }
}

variable "bucket_location" {
  description = "Where the buckets are; null: the region."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_location == null || can(regex("^[A-Za-z]+[A-Za-z0-9-]*$", var.bucket_location))
    error_message = "bucket_location is a region (\"europe-west1\"), dual-region (\"EUR4\") or multi-region (\"EU\")."
  }
}

variable "firestore" {
  description = "A Firestore database in native mode. `location` null: the region. With `keep` it stays when all is destroyed."
  type = object({
    create   = optional(bool, true)
    name     = optional(string)
    location = optional(string)
    keep     = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.firestore.name == null || try(var.firestore.name == "(default)" || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.firestore.name)), false)
    error_message = "firestore.name is \"(default)\", or 4 to 63 lower-case letters, digits and hyphens."
  }
}

variable "secrets" {
  description = "Secrets that pods may read, by the last part of their names. Only the secrets are made: their values are added outside of Terraform, and so are in no state."
  type        = set(string)
  default     = ["kafka-password"]
  nullable    = false

  validation {
    condition     = alltrue([for s in var.secrets : can(regex("^[A-Za-z0-9_-]{1,200}$", s))])
    error_message = "secrets are named by letters, digits, hyphens and underscores."
  }
}

variable "registry" {
  description = "Whether to make an Artifact Registry repository for the image."
  type        = bool
  default     = true
  nullable    = false
}

variable "deployers" {
  description = "Who may act as a service account that Terraform itself can run as (`impersonate_service_account` of the provider), such as \"user:ann@example.org\". Empty: no such account is made."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for m in var.deployers : can(regex("^(user|group|serviceAccount|principal|principalSet):.+$", m))])
    error_message = "deployers begin with user:, group:, serviceAccount:, principal: or principalSet:."
  }
}

variable "warehouse" {
  description = "BigQuery: the datasets silver and gold, and the scheduled export into them. `exports`: which tables, \"checkouts\" and \"applications\"; empty: only datasets. `location` null: the region, which must be the database's or a multi-region that holds it. `connection` is one of yours to the database, `projects/…/locations/…/connections/…`, in place of a new one."
  type = object({
    create       = optional(bool, true)
    location     = optional(string)
    silver       = optional(string, "silver")
    gold         = optional(string, "gold")
    exports      = optional(set(string), ["checkouts"])
    schedule     = optional(string, "every 1 hours")
    repair_hours = optional(number, 24)
    connection   = optional(string)
    reader       = optional(string, "bigquery")
    readers      = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for e in var.warehouse.exports : contains(["checkouts", "applications"], e)])
    error_message = "warehouse.exports has \"checkouts\" and \"applications\", and nothing else."
  }

  validation {
    condition     = alltrue([for d in [var.warehouse.silver, var.warehouse.gold] : can(regex("^[A-Za-z0-9_]+$", d))]) && var.warehouse.silver != var.warehouse.gold
    error_message = "warehouse.silver and warehouse.gold are two names of letters, digits and underscores."
  }

  validation {
    condition     = var.warehouse.repair_hours >= 1 && var.warehouse.repair_hours <= 8760 && floor(var.warehouse.repair_hours) == var.warehouse.repair_hours
    error_message = "warehouse.repair_hours is a whole number, 1 to 8760; it must be longer than any transaction that writes the tables."
  }

  validation {
    condition     = can(regex("^(every ([1-9][0-9]*) (minutes|hours)|every day [0-2][0-9]:[0-5][0-9])$", var.warehouse.schedule))
    error_message = "warehouse.schedule is \"every 30 minutes\", \"every 6 hours\" or \"every day 03:15\" (UTC)."
  }

  validation {
    condition     = var.warehouse.connection == null || can(regex("^projects/[^/]+/locations/[^/]+/connections/[^/]+$", var.warehouse.connection))
    error_message = "warehouse.connection is projects/PROJECT/locations/LOCATION/connections/NAME."
  }

  validation {
    condition     = alltrue([for m in var.warehouse.readers : can(regex("^(user|group|domain|serviceAccount):.+$", m))])
    error_message = "warehouse.readers begin with user:, group:, domain: or serviceAccount:."
  }

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.warehouse.reader)) && var.warehouse.reader != "postgres"
    error_message = "warehouse.reader is a user's name that needs no quotes, and not postgres."
  }
}

variable "warehouse_password" {
  description = "The password of the database's user that BigQuery connects as. BigQuery knows no other way to log in, so this one is in the state: keep the state encrypted, and give the user the few rights of `bootstrap_sql`. Not needed with `warehouse.connection`, without exports, or without a warehouse."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.warehouse_password == null || try(length(var.warehouse_password) >= 16, false)
    error_message = "warehouse_password has 16 characters or more."
  }

  validation {
    condition     = !var.warehouse.create || length(var.warehouse.exports) == 0 || var.warehouse.connection != null || var.warehouse_password != null
    error_message = "warehouse_password is needed for the export; or give warehouse.connection, or set warehouse.exports to []."
  }
}
