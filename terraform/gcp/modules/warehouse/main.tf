locals {
  sql = "${path.module}/../../../../sql/bigquery"

  # What is in each table, by which day it is partitioned, and by what it is sorted within.
  silver_tables = {
    checkouts = {
      attributed_checkouts = {
        description = "One row for each checkout, as it is in Postgres, with the click that led to it"
        partition   = "checkout_time"
        cluster     = ["product_id", "checkout_id"]
      }
    }
    applications = {
      attributed_applications = {
        description = "One row for each successful application, as it is in Postgres, with the click that led to it"
        partition   = "applied_at"
        cluster     = ["job_uuid", "application_id"]
      }
    }
  }

  gold_tables = {
    checkouts = {
      checkouts_by_product_day = {
        description = "Checkouts and revenue of each product and day, and how much of both a click led to"
        partition   = "day"
        cluster     = ["product_id"]
      }
      checkouts_by_day = {
        description = "Checkouts of each day: how many a click led to, revenue, time from click to checkout"
        partition   = "day"
        cluster     = ["day"]
      }
      revenue_by_first_click = {
        description = "What each first click led to: checkouts, users, revenue"
        partition   = "click_day"
        cluster     = ["product_id", "click_id"]
      }
    }
    applications = {
      applications_by_job_day = {
        description = "Applications for each job and day, and how many a click led to"
        partition   = "day"
        cluster     = ["job_uuid"]
      }
      applications_by_day = {
        description = "Applications of each day: how many a click led to, time from click to application"
        partition   = "day"
        cluster     = ["day"]
      }
    }
  }

  silver = merge([for name in var.exports : local.silver_tables[name]]...)
  gold   = merge([for name in var.exports : local.gold_tables[name]]...)

  # These speak of both.
  views = length(var.exports) < 2 ? {} : {
    attribution_rate   = "Which share of the conversions of each day a click led to"
    time_to_conversion = "Seconds from click to conversion, for each day"
  }

  connection = var.connection != null ? var.connection : one(google_bigquery_connection.postgres[*].name)

  names = {
    silver       = "${var.project_id}.${google_bigquery_dataset.silver.dataset_id}"
    gold         = "${var.project_id}.${google_bigquery_dataset.gold.dataset_id}"
    connection   = local.connection
    repair_hours = var.repair_hours
  }

  scripts = {
    for name in var.exports : name => templatefile("${local.sql}/${name}.sql", merge(local.names, {
      source = trimspace(templatefile("${local.sql}/source/${name}.sql", { since = "%s" }))
    }))
  }
}

resource "google_bigquery_dataset" "silver" {
  project                    = var.project_id
  location                   = var.location
  dataset_id                 = var.silver
  friendly_name              = "Silver"
  description                = "Attributed conversions, row for row as in Postgres"
  labels                     = merge(var.labels, { layer = "silver" })
  delete_contents_on_destroy = var.force_destroy
}

resource "google_bigquery_dataset" "gold" {
  project                    = var.project_id
  location                   = var.location
  dataset_id                 = var.gold
  friendly_name              = "Gold"
  description                = "Attribution for dashboards: counts, rates, times and revenue"
  labels                     = merge(var.labels, { layer = "gold" })
  delete_contents_on_destroy = var.force_destroy
}

resource "google_bigquery_table" "silver" {
  for_each = local.silver

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.silver.dataset_id
  table_id            = each.key
  description         = each.value.description
  schema              = file("${local.sql}/schema/silver/${each.key}.json")
  clustering          = each.value.cluster
  labels              = var.labels
  deletion_protection = var.deletion_protection

  time_partitioning {
    type  = "DAY"
    field = each.value.partition
  }
}

resource "google_bigquery_table" "gold" {
  for_each = local.gold

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.gold.dataset_id
  table_id            = each.key
  description         = each.value.description
  schema              = file("${local.sql}/schema/gold/${each.key}.json")
  clustering          = each.value.cluster
  labels              = var.labels
  deletion_protection = var.deletion_protection

  time_partitioning {
    type  = "DAY"
    field = each.value.partition
  }
}

resource "google_bigquery_table" "view" {
  for_each = local.views

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.gold.dataset_id
  table_id            = each.key
  description         = each.value
  labels              = var.labels
  deletion_protection = false

  view {
    query          = templatefile("${local.sql}/gold/${each.key}.sql", local.names)
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.gold]
}

# --- the way to the database ---

resource "google_bigquery_connection" "postgres" {
  count = length(var.exports) > 0 && var.connection == null ? 1 : 0

  project       = var.project_id
  location      = var.location
  connection_id = var.name
  friendly_name = "Tributary"
  description   = "The database with the attributed tables"

  cloud_sql {
    instance_id = var.instance
    database    = var.database
    type        = "POSTGRES"

    credential {
      username = var.user
      password = var.password
    }
  }
}

# The connection's own account opens it; who uses the connection needs no right to the instance.
resource "google_project_iam_member" "connection" {
  count = length(google_bigquery_connection.postgres)

  project = var.project_id
  role    = "roles/cloudsql.client"
  member  = "serviceAccount:${google_bigquery_connection.postgres[0].cloud_sql[0].service_account_id}"
}

# --- who runs the export ---

resource "google_service_account" "export" {
  count = length(var.exports) > 0 ? 1 : 0

  project      = var.project_id
  account_id   = "${var.name}-export"
  display_name = "Tributary's export to BigQuery"
  description  = "Runs the scheduled queries"
}

resource "google_project_iam_member" "jobs" {
  count = length(var.exports) > 0 ? 1 : 0

  project = var.project_id
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.export[0].member
}

resource "google_bigquery_dataset_iam_member" "export" {
  for_each = length(var.exports) > 0 ? { silver = google_bigquery_dataset.silver, gold = google_bigquery_dataset.gold } : {}

  project    = var.project_id
  dataset_id = each.value.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.export[0].member
}

# Of projects/PROJECT/locations/LOCATION/connections/NAME; a connection that is there may be another project's.
resource "google_bigquery_connection_iam_member" "export" {
  count = length(var.exports) > 0 ? 1 : 0

  project       = split("/", local.connection)[1]
  location      = split("/", local.connection)[3]
  connection_id = split("/", local.connection)[5]
  role          = "roles/bigquery.connectionUser"
  member        = google_service_account.export[0].member
}

resource "google_bigquery_data_transfer_config" "export" {
  for_each = var.exports

  project              = var.project_id
  location             = var.location
  display_name         = "${var.name}: ${each.key}"
  data_source_id       = "scheduled_query"
  schedule             = var.schedule
  service_account_name = google_service_account.export[0].email

  params = {
    query = local.scripts[each.key]
  }

  email_preferences {
    enable_failure_email = true
  }

  depends_on = [
    google_bigquery_table.silver, google_bigquery_table.gold, google_bigquery_dataset_iam_member.export,
    google_bigquery_connection_iam_member.export, google_project_iam_member.jobs, google_project_iam_member.connection,
  ]
}

resource "google_bigquery_dataset_iam_member" "reader" {
  for_each = var.readers

  project    = var.project_id
  dataset_id = google_bigquery_dataset.gold.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.value
}
