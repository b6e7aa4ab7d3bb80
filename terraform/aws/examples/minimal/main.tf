# The least: buckets and the table of cards. No cluster, no database.
provider "aws" {
  region = var.region
}

module "tributary" {
  source = "../.."
}
