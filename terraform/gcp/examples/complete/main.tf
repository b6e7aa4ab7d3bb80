# All of it with one apply: project services, network, database, cluster, buckets, BigQuery; then the tables, and
# Tributary itself with its chart.
provider "google" {
  project                     = var.project_id
  region                      = var.region
  impersonate_service_account = var.impersonate_service_account
}

data "google_client_config" "current" {}

provider "kubernetes" {
  host                   = "https://${module.tributary.cluster_endpoint}"
  token                  = data.google_client_config.current.access_token
  cluster_ca_certificate = base64decode(module.tributary.cluster_ca_certificate)
}

provider "helm" {
  kubernetes = {
    host                   = "https://${module.tributary.cluster_endpoint}"
    token                  = data.google_client_config.current.access_token
    cluster_ca_certificate = base64decode(module.tributary.cluster_ca_certificate)
  }
}

module "tributary" {
  source = "../.."

  project_id          = var.project_id
  region              = var.region
  deployers           = var.deployers
  deletion_protection = var.protect
  force_destroy       = !var.protect
  labels              = { environment = "production" }

  network = {
    subnet_cidr      = "10.40.0.0/20"
    pods_cidr        = "10.44.0.0/14"
    services_cidr    = "10.48.0.0/20"
    flow_log_samples = 0.05
  }

  database = {
    version           = "POSTGRES_16"
    tier              = "db-custom-2-7680"
    high_availability = true
    disk_gb           = 50
    flags             = { max_connections = "200" }
    maintenance_day   = 6
  }

  cluster = {
    release_channel = "STABLE"
  }

  firestore = {
    keep = var.protect
  }

  warehouse = {
    exports      = ["checkouts", "applications"]
    schedule     = "every 30 minutes"
    repair_hours = 24
  }
  warehouse_password = var.warehouse_password
}

# Cloud SQL runs the file itself, so nobody's password is needed. Again whenever the file changes; it can be repeated.
resource "terraform_data" "bootstrap" {
  count = var.run_bootstrap ? 1 : 0

  triggers_replace = [module.tributary.bootstrap_command]

  provisioner "local-exec" {
    command = module.tributary.bootstrap_command
  }
}

locals {
  secret_file = "/var/run/secrets/kafka/password"

  kafka = merge({ brokers = var.kafka_brokers }, [for user in compact([var.kafka_user]) : {
    tls  = {}
    sasl = { mechanism = "SCRAM-SHA-512", username = user, password = "$${file:${local.secret_file}}" }
  }]...)

  # The files of the examples, with this place's brokers and database.
  pipelines = {
    for name, file in { checkouts = "checkouts", job-applications = "job-applications" } : name => {
      config = merge(yamldecode(file("${path.module}/../../../../examples/${file}/pipeline.yaml")), {
        kafka    = local.kafka
        postgres = { url = module.tributary.database_url }
      })
    }
  }

  values = {
    image = {
      repository = coalesce(var.image, try("${module.tributary.registry}/tributary", null))
      tag        = var.image_tag
    }

    serviceAccount = {
      create = false
      name   = module.tributary.kubernetes_service_account
    }

    defaults = merge({
      init = {
        enabled            = true
        serviceAccountName = module.tributary.kubernetes_service_account
      }
      cloudSqlProxy = {
        enabled   = true
        instance  = module.tributary.database_connection_name
        privateIp = true
      }
      resources = {
        requests = { cpu = "500m", memory = "512Mi" }
        limits   = { memory = "512Mi" }
      }
      }, [for user in compact([var.kafka_user]) : {
        extraVolumes = [{
          name = "kafka-password"
          csi = {
            driver           = "secrets-store-gke.csi.k8s.io"
            readOnly         = true
            volumeAttributes = { secretProviderClass = "kafka-password" }
          }
        }]
        extraVolumeMounts = [{ name = "kafka-password", mountPath = dirname(local.secret_file), readOnly = true }]
    }]...)

    pipelines = local.pipelines
  }
}

resource "kubernetes_namespace_v1" "tributary" {
  metadata {
    name = module.tributary.namespace
  }
}

# One account for the pods and for the job that makes Tributary's tables before there are any.
resource "kubernetes_service_account_v1" "tributary" {
  metadata {
    name        = module.tributary.kubernetes_service_account
    namespace   = kubernetes_namespace_v1.tributary.metadata[0].name
    annotations = { "iam.gke.io/gcp-service-account" = module.tributary.service_account_email }
  }

  automount_service_account_token = false
}

# Says which secret becomes which file. A chart of its own, since Terraform cannot plan an object whose kind is not yet
# known to the cluster.
resource "helm_release" "secrets" {
  count = var.deploy && var.kafka_user != null ? 1 : 0

  name      = "tributary-secrets"
  namespace = kubernetes_namespace_v1.tributary.metadata[0].name
  chart     = "${path.module}/secrets"

  values = [yamlencode({
    secrets = { kafka-password = { id = "${module.tributary.secrets["kafka-password"]}/versions/latest", file = basename(local.secret_file) } }
  })]
}

resource "helm_release" "tributary" {
  count = var.deploy ? 1 : 0

  name      = "tributary"
  namespace = kubernetes_namespace_v1.tributary.metadata[0].name
  chart     = startswith(var.chart, "/") ? var.chart : "${path.module}/${var.chart}"
  values    = [yamlencode(local.values)]
  atomic    = true
  wait      = true
  timeout   = 900

  depends_on = [terraform_data.bootstrap, helm_release.secrets, kubernetes_service_account_v1.tributary]
}
