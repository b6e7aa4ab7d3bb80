# What the pods run as. Its rights are given beside what they are for.
resource "google_service_account" "program" {
  project      = var.project_id
  account_id   = var.name
  display_name = "Tributary"
  description  = "Runs the pods of ${var.namespace}/${var.service_account}"
}

# What Terraform can run as: nobody needs these rights all the time, or a key.
resource "google_service_account" "deployer" {
  count = length(var.deployers) > 0 ? 1 : 0

  project      = var.project_id
  account_id   = "${var.name}-deployer"
  display_name = "Deploys Tributary"
  description  = "Terraform impersonates it"
}

locals {
  deployer_roles = [
    "roles/artifactregistry.admin", "roles/bigquery.admin", "roles/cloudsql.admin", "roles/compute.networkAdmin",
    "roles/container.admin", "roles/datastore.owner", "roles/iam.serviceAccountAdmin", "roles/iam.serviceAccountUser",
    "roles/resourcemanager.projectIamAdmin", "roles/secretmanager.admin", "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
  ]
}

resource "google_project_iam_member" "deployer" {
  for_each = length(var.deployers) > 0 ? toset(local.deployer_roles) : []

  project = var.project_id
  role    = each.value
  member  = google_service_account.deployer[0].member
}

resource "google_service_account_iam_member" "impersonation" {
  for_each = var.deployers

  service_account_id = google_service_account.deployer[0].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = each.value
}
