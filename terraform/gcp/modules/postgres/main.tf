locals {
  # Of Tributary's transactions none lasts longer than its batch timeout; one that does holds back vacuum.
  flags = merge({
    "cloudsql.iam_authentication"         = "on"
    "cloudsql.enable_pgaudit"             = "on"
    "pgaudit.log"                         = "ddl,role"
    "idle_in_transaction_session_timeout" = "300000"
    "log_checkpoints"                     = "on"
    "log_connections"                     = "on"
    "log_disconnections"                  = "on"
    "log_hostname"                        = "on"
    "log_lock_waits"                      = "on"
    "log_min_error_statement"             = "error"
    "log_min_messages"                    = "warning"
    "log_statement"                       = "ddl"
    "log_temp_files"                      = "0"
  }, var.settings.flags)
}

resource "google_sql_database_instance" "instance" {
  project             = var.project_id
  region              = var.region
  name                = var.name
  database_version    = var.settings.version
  deletion_protection = var.deletion_protection

  settings {
    edition                     = var.settings.edition
    tier                        = var.settings.tier
    availability_type           = var.settings.high_availability ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_size                   = var.settings.disk_gb
    disk_autoresize             = true
    disk_autoresize_limit       = var.settings.disk_limit_gb
    deletion_protection_enabled = var.deletion_protection
    user_labels                 = var.labels

    ip_configuration {
      ipv4_enabled    = false
      private_network = var.network_id
      ssl_mode        = var.settings.require_client_tls ? "TRUSTED_CLIENT_CERTIFICATE_REQUIRED" : "ENCRYPTED_ONLY"

      # How BigQuery comes to a private address.
      enable_private_path_for_google_cloud_services = true
    }

    backup_configuration {
      enabled                        = true
      start_time                     = format("%02d:00", var.settings.backup_hour)
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = var.settings.log_days

      backup_retention_settings {
        retained_backups = var.settings.backups
        retention_unit   = "COUNT"
      }
    }

    maintenance_window {
      day          = var.settings.maintenance_day
      hour         = var.settings.maintenance_hour
      update_track = "stable"
    }

    insights_config {
      query_insights_enabled  = true
      record_application_tags = true
      record_client_address   = false
    }

    dynamic "database_flags" {
      for_each = local.flags

      content {
        name  = database_flags.key
        value = database_flags.value
      }
    }
  }

  lifecycle {
    # It grows by itself, and cannot shrink.
    ignore_changes = [settings[0].disk_size]
  }
}

resource "google_sql_database" "database" {
  project         = var.project_id
  instance        = google_sql_database_instance.instance.name
  name            = var.settings.name
  charset         = "UTF8"
  deletion_policy = "ABANDON"
}

# Cloud SQL leaves off the end of a service account's name. The user owns Tributary's tables, so it goes with the
# instance only.
resource "google_sql_user" "program" {
  project         = var.project_id
  instance        = google_sql_database_instance.instance.name
  name            = trimsuffix(var.program_email, ".gserviceaccount.com")
  type            = "CLOUD_IAM_SERVICE_ACCOUNT"
  deletion_policy = "ABANDON"
}

resource "google_sql_user" "reader" {
  count = var.reader != null ? 1 : 0

  project         = var.project_id
  instance        = google_sql_database_instance.instance.name
  name            = var.reader
  type            = "BUILT_IN"
  password        = var.reader_password
  deletion_policy = "ABANDON"
}
