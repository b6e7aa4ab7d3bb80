# The least: database, cluster, buckets, and the export of checkouts to BigQuery. The chart is installed afterwards, with
# what the outputs say.
provider "google" {
  project = var.project_id
  region  = var.region
}

module "tributary" {
  source = "../.."

  project_id         = var.project_id
  region             = var.region
  warehouse_password = var.warehouse_password
}
