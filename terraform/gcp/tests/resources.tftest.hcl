# What is planned, by default and with everything.

mock_provider "google" {
  override_during = plan

  mock_resource "google_sql_database_instance" {
    defaults = {
      connection_name               = "my-project-1:europe-west1:tributary"
      service_account_email_address = "p1@gcp-sa-cloud-sql.iam.gserviceaccount.com"
    }
  }

  mock_resource "google_service_account" {
    defaults = {
      email  = "tributary@my-project-1.iam.gserviceaccount.com"
      member = "serviceAccount:tributary@my-project-1.iam.gserviceaccount.com"
      name   = "projects/my-project-1/serviceAccounts/tributary@my-project-1.iam.gserviceaccount.com"
    }
  }

  mock_resource "google_bigquery_connection" {
    defaults = {
      name = "projects/my-project-1/locations/europe-west1/connections/tributary"
    }
  }
}

variables {
  project_id         = "my-project-1"
  warehouse_password = "a-long-password-0"
}

run "defaults" {
  command = plan

  assert {
    condition     = module.postgres.program_user == "tributary@my-project-1.iam"
    error_message = "Cloud SQL leaves off the end of the service account's name."
  }

  assert {
    condition     = output.database_url == "postgresql://tributary%40my-project-1.iam@127.0.0.1:5432/attribution"
    error_message = "The URL has the user, its @ escaped, and no password."
  }

  assert {
    condition     = output.buckets == { landing = "my-project-1-tributary-landing", staging = "my-project-1-tributary-staging", curated = "my-project-1-tributary-curated" }
    error_message = "Three buckets."
  }

  assert {
    condition     = google_service_account_iam_member.workload_identity.member == "serviceAccount:my-project-1.svc.id.goog[tributary/tributary]"
    error_message = "Exactly one service account of Kubernetes may act as Tributary's."
  }

  assert {
    condition     = google_firestore_database.documents[0].deletion_policy == "ABANDON" && google_firestore_database.documents[0].delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "The documents stay."
  }

  assert {
    condition     = startswith(output.bootstrap_command, "gcloud sql import sql ") && strcontains(output.bootstrap_command, "gs://my-project-1-tributary-staging/bootstrap/")
    error_message = "The tables are imported from the bucket."
  }

  assert {
    condition     = strcontains(output.bootstrap_sql, "create table if not exists commerce.attributed_checkouts") && !strcontains(output.bootstrap_sql, "job_board")
    error_message = "Only the tables that are exported."
  }

  assert {
    condition     = strcontains(output.bootstrap_sql, "grant usage on schema commerce to \"tributary@my-project-1.iam\"") && strcontains(output.bootstrap_sql, "revoke cloudsqlsuperuser from \"bigquery\"")
    error_message = "The program and BigQuery get their rights."
  }

  assert {
    condition     = length(output.export_names) == 1
    error_message = "Checkouts alone are exported."
  }

  assert {
    condition     = alltrue([for m in google_project_iam_member.cloudsql : strcontains(m.condition[0].expression, "/instances/")])
    error_message = "Rights to Cloud SQL are for one instance."
  }
}

run "everything" {
  command = plan

  variables {
    deployers = ["user:ann@example.org"]
    warehouse = {
      exports      = ["checkouts", "applications"]
      repair_hours = 48
      readers      = ["group:data@example.org"]
    }
  }

  assert {
    condition     = length(output.export_names) == 2 && strcontains(output.bootstrap_sql, "job_board.attributed_successful_applications")
    error_message = "Both tables are exported."
  }

  assert {
    condition     = output.deployer_email != null
    error_message = "There is an account for Terraform."
  }
}

run "with_what_is_there" {
  command = plan

  variables {
    network            = { existing = "projects/p/global/networks/n", existing_subnet = "projects/p/regions/r/subnetworks/s" }
    cluster            = { existing = "mine" }
    warehouse          = { connection = "projects/my-project-1/locations/europe-west1/connections/mine" }
    warehouse_password = null
  }

  assert {
    condition     = length(module.network) == 0 && !strcontains(output.bootstrap_sql, "revoke cloudsqlsuperuser")
    error_message = "No network is made, and no user with a password."
  }
}

run "the_export" {
  command = plan

  module {
    source = "./modules/warehouse"
  }

  variables {
    project_id          = "my-project-1"
    location            = "europe-west1"
    name                = "tributary"
    labels              = { team = "data" }
    silver              = "silver"
    gold                = "gold"
    exports             = ["checkouts", "applications"]
    schedule            = "every 1 hours"
    repair_hours        = 48
    readers             = []
    connection          = null
    instance            = "my-project-1:europe-west1:tributary"
    database            = "attribution"
    user                = "bigquery"
    password            = "a-long-password-0"
    deletion_protection = true
    force_destroy       = false
  }

  assert {
    condition     = strcontains(output.scripts["checkouts"], "interval 48 hour") && strcontains(output.scripts["checkouts"], "external_query('projects/my-project-1/locations/europe-west1/connections/tributary'") && strcontains(output.scripts["checkouts"], "where attributed_at >= '%s'") && !strcontains(output.scripts["checkouts"], "$${")
    error_message = "The script is filled in."
  }

  assert {
    condition     = toset(keys(google_bigquery_table.gold)) == toset(["checkouts_by_product_day", "checkouts_by_day", "revenue_by_first_click", "applications_by_job_day", "applications_by_day"]) && toset(keys(google_bigquery_table.view)) == toset(["attribution_rate", "time_to_conversion"])
    error_message = "Five tables and two views of gold."
  }

  assert {
    condition     = alltrue([for t in google_bigquery_table.gold : contains([for c in jsondecode(t.schema) : c.name], t.time_partitioning[0].field) && alltrue([for c in t.clustering : contains([for x in jsondecode(t.schema) : x.name], c)])])
    error_message = "Tables are partitioned and clustered by columns that they have."
  }

  assert {
    condition     = alltrue([for t in google_bigquery_table.silver : contains([for c in jsondecode(t.schema) : c.name], t.time_partitioning[0].field) && alltrue([for c in t.clustering : contains([for x in jsondecode(t.schema) : x.name], c)])])
    error_message = "So are those of silver."
  }

  assert {
    condition     = google_bigquery_dataset.silver.labels.layer == "silver" && google_bigquery_dataset.gold.labels.layer == "gold"
    error_message = "Datasets are labelled."
  }
}

run "the_export_by_a_connection_of_another_project" {
  command = plan

  module {
    source = "./modules/warehouse"
  }

  variables {
    project_id          = "my-project-1"
    location            = "europe-west1"
    name                = "tributary"
    labels              = {}
    silver              = "silver"
    gold                = "gold"
    exports             = ["checkouts"]
    schedule            = "every 1 hours"
    repair_hours        = 24
    readers             = []
    connection          = "projects/theirs/locations/EU/connections/mine"
    instance            = "my-project-1:europe-west1:tributary"
    database            = "attribution"
    user                = "bigquery"
    password            = null
    deletion_protection = true
    force_destroy       = false
  }

  assert {
    condition     = google_bigquery_connection_iam_member.export[0].project == "theirs" && google_bigquery_connection_iam_member.export[0].location == "EU" && google_bigquery_connection_iam_member.export[0].connection_id == "mine"
    error_message = "The export may use the connection."
  }

  assert {
    condition     = length(google_bigquery_connection.postgres) == 0 && length(google_bigquery_table.view) == 0
    error_message = "No connection is made, and no view of tables that are not there."
  }
}
