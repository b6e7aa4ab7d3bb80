# Everything around a cluster that is there: buckets, the table of cards, Postgres, the pods' role, and Tributary itself
# with its chart.
provider "aws" {
  region = var.region

  dynamic "assume_role" {
    for_each = var.assume_role_arn != null ? [var.assume_role_arn] : []

    content {
      role_arn = assume_role.value
    }
  }
}

data "aws_eks_cluster" "cluster" {
  name = var.cluster_name
}

data "aws_eks_cluster_auth" "cluster" {
  name = var.cluster_name
}

provider "kubernetes" {
  host                   = data.aws_eks_cluster.cluster.endpoint
  token                  = data.aws_eks_cluster_auth.cluster.token
  cluster_ca_certificate = base64decode(data.aws_eks_cluster.cluster.certificate_authority[0].data)
}

provider "helm" {
  kubernetes = {
    host                   = data.aws_eks_cluster.cluster.endpoint
    token                  = data.aws_eks_cluster_auth.cluster.token
    cluster_ca_certificate = base64decode(data.aws_eks_cluster.cluster.certificate_authority[0].data)
  }
}

module "tributary" {
  source = "../.."

  deletion_protection = var.protect
  force_destroy       = !var.protect
  registry            = true
  tags                = { environment = "production" }

  buckets = {
    landing  = { infrequent_days = 30, delete_days = 365 }
    staging  = { delete_days = 14, noncurrent_days = 7 }
    persist  = { infrequent_days = 90 }
    artifact = {}
  }

  cluster = {
    name                 = var.cluster_name
    oidc_provider_exists = var.oidc_provider_exists
  }

  database = {
    vpc_id                 = var.vpc_id
    subnet_ids             = var.subnet_ids
    client_security_groups = var.client_security_groups
    multi_az               = true
    parameters             = { log_min_duration_statement = "1000" }
  }
}

locals {
  kafka = merge({ brokers = var.kafka_brokers }, [for user in compact([var.kafka_user]) : {
    tls  = {}
    sasl = { mechanism = "SCRAM-SHA-512", username = user, password = "$${KAFKA_PASSWORD}" }
  }]...)

  # A token in place of a password, a new one for every connection.
  postgres = {
    url = "${module.tributary.database_url}&sslrootcert=/etc/rds/global-bundle.pem"
    password_command = [
      "aws", "rds", "generate-db-auth-token", "--hostname", module.tributary.database_host, "--port", "5432",
      "--username", "tributary", "--region", var.region,
    ]
  }

  # The files of the examples, with this place's brokers and database.
  pipelines = {
    for name, file in { checkouts = "checkouts", job-applications = "job-applications" } : name => {
      config = merge(yamldecode(file("${path.module}/../../../../examples/${file}/pipeline.yaml")), {
        kafka    = local.kafka
        postgres = local.postgres
      })
    }
  }

  service_account = "tributary"

  values = {
    image = {
      repository = coalesce(var.image, module.tributary.registry)
      tag        = var.image_tag
    }

    serviceAccount = {
      create = false
      name   = local.service_account
    }

    defaults = merge({
      init = {
        enabled            = true
        serviceAccountName = local.service_account
      }
      resources = {
        requests = { cpu = "500m", memory = "512Mi" }
        limits   = { memory = "512Mi" }
      }
      }, [for user in compact([var.kafka_user]) : {
        env = [{ name = "KAFKA_PASSWORD", valueFrom = { secretKeyRef = { name = "kafka", key = "password" } } }]
    }]...)

    pipelines = local.pipelines
  }
}

resource "kubernetes_namespace_v1" "tributary" {
  count = var.deploy ? 1 : 0

  metadata {
    name = "tributary"
  }
}

# One account for the pods and for the job that makes Tributary's tables before there are any.
resource "kubernetes_service_account_v1" "tributary" {
  count = var.deploy ? 1 : 0

  metadata {
    name        = local.service_account
    namespace   = kubernetes_namespace_v1.tributary[0].metadata[0].name
    annotations = { "eks.amazonaws.com/role-arn" = module.tributary.role_arn }
  }

  automount_service_account_token = false
}

resource "kubernetes_secret_v1" "kafka" {
  count = var.deploy && var.kafka_user != null ? 1 : 0

  metadata {
    name      = "kafka"
    namespace = kubernetes_namespace_v1.tributary[0].metadata[0].name
  }

  data_wo          = { password = var.kafka_password }
  data_wo_revision = var.kafka_password_revision
}

resource "helm_release" "tributary" {
  count = var.deploy ? 1 : 0

  name      = "tributary"
  namespace = kubernetes_namespace_v1.tributary[0].metadata[0].name
  chart     = startswith(var.chart, "/") ? var.chart : "${path.module}/${var.chart}"
  values    = [yamlencode(local.values)]
  atomic    = true
  wait      = true
  timeout   = 900

  depends_on = [kubernetes_secret_v1.kafka, kubernetes_service_account_v1.tributary]
}
