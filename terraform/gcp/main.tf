locals {
  labels = merge({ application = var.name }, var.labels)

  apis = [
    "artifactregistry", "bigquery", "bigqueryconnection", "bigquerydatatransfer", "compute", "container", "firestore",
    "iam", "iamcredentials", "secretmanager", "servicenetworking", "sqladmin", "storage",
  ]

  network_id = var.network.existing != null ? var.network.existing : module.network[0].network_id
  subnet_id  = var.network.existing_subnet != null ? var.network.existing_subnet : module.network[0].subnet_id

  exports     = var.warehouse.create ? var.warehouse.exports : []
  with_reader = length(local.exports) > 0 && var.warehouse.connection == null
  registry_of = var.registry ? "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images[0].repository_id}" : null
}

resource "google_project_service" "api" {
  for_each = var.activate_apis ? toset(local.apis) : []

  project            = var.project_id
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}

module "network" {
  source = "./modules/network"
  count  = var.network.existing == null ? 1 : 0

  project_id       = var.project_id
  region           = var.region
  name             = var.name
  subnet_cidr      = var.network.subnet_cidr
  pods_cidr        = var.network.pods_cidr
  services_cidr    = var.network.services_cidr
  private_prefix   = var.network.private_prefix
  nat              = var.network.nat
  flow_log_samples = var.network.flow_log_samples

  depends_on = [google_project_service.api]
}

module "identity" {
  source = "./modules/identity"

  project_id      = var.project_id
  name            = var.name
  namespace       = var.cluster.namespace
  service_account = var.cluster.service_account
  deployers       = var.deployers

  depends_on = [google_project_service.api]
}

module "postgres" {
  source = "./modules/postgres"

  project_id          = var.project_id
  region              = var.region
  name                = var.name
  labels              = local.labels
  network_id          = local.network_id
  settings            = var.database
  program_email       = module.identity.email
  reader              = local.with_reader ? var.warehouse.reader : null
  reader_password     = local.with_reader ? var.warehouse_password : null
  deletion_protection = var.deletion_protection

  # Private service access comes with the network and goes after the instance.
  depends_on = [module.network]
}

module "cluster" {
  source = "./modules/cluster"

  project_id          = var.project_id
  location            = coalesce(var.cluster.location, var.region)
  name                = var.name
  labels              = local.labels
  existing            = var.cluster.existing
  network_id          = local.network_id
  subnet_id           = local.subnet_id
  pods_range          = var.network.existing == null ? module.network[0].pods_range : null
  services_range      = var.network.existing == null ? module.network[0].services_range : null
  release_channel     = var.cluster.release_channel
  authorized_networks = var.cluster.authorized_networks
  control_plane_cidr  = var.cluster.control_plane_cidr
  deletion_protection = var.deletion_protection
}

# Workload Identity's pool is there once the first cluster of the project is.
resource "google_service_account_iam_member" "workload_identity" {
  service_account_id = module.identity.id
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project_id}.svc.id.goog[${var.cluster.namespace}/${var.cluster.service_account}]"

  depends_on = [module.cluster]
}

# Only this instance, though roles of Cloud SQL can be given for the whole project only.
resource "google_project_iam_member" "cloudsql" {
  for_each = toset(["roles/cloudsql.client", "roles/cloudsql.instanceUser"])

  project = var.project_id
  role    = each.value
  member  = module.identity.member

  condition {
    title       = "only-${module.postgres.instance_name}"
    description = "The instance of Tributary"
    expression  = "resource.name == 'projects/${var.project_id}/instances/${module.postgres.instance_name}' && resource.type == 'sqladmin.googleapis.com/Instance'"
  }
}

module "storage" {
  source = "./modules/storage"

  project_id    = var.project_id
  location      = coalesce(var.bucket_location, var.region)
  name          = var.name
  labels        = local.labels
  buckets       = var.buckets
  writer        = module.identity.member
  force_destroy = var.force_destroy

  depends_on = [google_project_service.api]
}

resource "google_secret_manager_secret" "secret" {
  for_each = var.secrets

  project             = var.project_id
  secret_id           = "${var.name}-${each.value}"
  labels              = local.labels
  deletion_protection = var.deletion_protection

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_secret_manager_secret_iam_member" "program" {
  for_each = google_secret_manager_secret.secret

  project   = var.project_id
  secret_id = each.value.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = module.identity.member
}

resource "google_artifact_registry_repository" "images" {
  count = var.registry ? 1 : 0

  project       = var.project_id
  location      = var.region
  repository_id = var.name
  description   = "Images of Tributary"
  format        = "DOCKER"
  labels        = local.labels

  docker_config {
    immutable_tags = true
  }

  depends_on = [google_project_service.api]
}

resource "google_artifact_registry_repository_iam_member" "nodes" {
  count = var.registry && var.cluster.existing == null ? 1 : 0

  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.images[0].repository_id
  role       = "roles/artifactregistry.reader"
  member     = "serviceAccount:${module.cluster.node_email}"
}

resource "google_firestore_database" "documents" {
  count = var.firestore.create ? 1 : 0

  project                           = var.project_id
  name                              = coalesce(var.firestore.name, var.name)
  location_id                       = coalesce(var.firestore.location, var.region)
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "PESSIMISTIC"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.firestore.keep ? "ABANDON" : "DELETE"

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "firestore" {
  count = var.firestore.create ? 1 : 0

  project = var.project_id
  role    = "roles/datastore.user"
  member  = module.identity.member

  condition {
    title       = "only-${google_firestore_database.documents[0].name}"
    description = "The database of Tributary"
    expression  = "resource.name == 'projects/${var.project_id}/databases/${google_firestore_database.documents[0].name}'"
  }
}

module "warehouse" {
  source = "./modules/warehouse"
  count  = var.warehouse.create ? 1 : 0

  project_id          = var.project_id
  location            = coalesce(var.warehouse.location, var.region)
  name                = var.name
  labels              = local.labels
  silver              = var.warehouse.silver
  gold                = var.warehouse.gold
  exports             = var.warehouse.exports
  schedule            = var.warehouse.schedule
  repair_hours        = var.warehouse.repair_hours
  readers             = var.warehouse.readers
  connection          = var.warehouse.connection
  instance            = module.postgres.connection_name
  database            = module.postgres.database
  user                = var.warehouse.reader
  password            = var.warehouse_password
  deletion_protection = var.deletion_protection
  force_destroy       = var.force_destroy

  depends_on = [google_project_service.api]
}

# What an administrator of the database runs once: the tables and the rights. Cloud SQL imports it from the bucket
# without anybody's password (output bootstrap_command).
locals {
  tables = {
    checkouts    = { file = "checkouts", schema = "commerce", table = "commerce.attributed_checkouts", lookup = "commerce.users" }
    applications = { file = "job-applications", schema = "job_board", table = "job_board.attributed_successful_applications", lookup = "job_board.users" }
  }

  wanted = length(local.exports) > 0 ? { for k, v in local.tables : k => v if contains(local.exports, k) } : local.tables

  names = {
    database = var.database.name
    program  = module.postgres.program_user
    reader   = var.warehouse.reader
    schemas  = join(", ", [for t in local.wanted : t.schema])
    tables   = join(", ", [for t in local.wanted : t.table])
    lookups  = join(", ", [for t in local.wanted : t.lookup])
  }

  bootstrap_sql = join("\n", concat(
    [for t in local.wanted : file("${path.module}/../../examples/${t.file}/tables.sql")],
    [templatefile("${path.module}/../../sql/bigquery/grants/program.sql", local.names)],
    local.with_reader ? [templatefile("${path.module}/../../sql/bigquery/grants/reader.sql", local.names)] : [],
  ))
}

resource "google_storage_bucket_object" "bootstrap" {
  count = contains(keys(var.buckets), "staging") ? 1 : 0

  bucket  = module.storage.names["staging"]
  name    = "bootstrap/${md5(local.bootstrap_sql)}.sql"
  content = local.bootstrap_sql
}

resource "google_storage_bucket_iam_member" "bootstrap" {
  count = contains(keys(var.buckets), "staging") ? 1 : 0

  bucket = module.storage.names["staging"]
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${module.postgres.instance_email}"

  condition {
    title       = "only-bootstrap"
    description = "The file that the database imports"
    expression  = "resource.name.startsWith('projects/_/buckets/${module.storage.names["staging"]}/objects/bootstrap/')"
  }
}
