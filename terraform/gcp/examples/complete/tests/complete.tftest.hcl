# That the chart gets what the module made, and that nothing secret is in it.

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

  mock_resource "google_secret_manager_secret" {
    defaults = {
      id = "projects/my-project-1/secrets/tributary-kafka-password"
    }
  }
}

mock_provider "kubernetes" {
  override_during = plan
}

mock_provider "helm" {
  override_during = plan
}

variables {
  project_id         = "my-project-1"
  warehouse_password = "a-long-password-0"
  kafka_brokers      = "kafka-0.example.com:9093,kafka-1.example.com:9093"
  kafka_user         = "tributary"
}

run "the_charts_values" {
  command = plan

  assert {
    condition     = output.values.image.repository == "europe-west1-docker.pkg.dev/my-project-1/tributary/tributary"
    error_message = "The image comes from the repository that is made."
  }

  assert {
    condition     = output.values.pipelines.checkouts.config.postgres.url == "postgresql://tributary%40my-project-1.iam@127.0.0.1:5432/attribution" && output.values.defaults.cloudSqlProxy.instance == "my-project-1:europe-west1:tributary"
    error_message = "The pods reach the database through the proxy, without a password."
  }

  assert {
    condition     = output.values.pipelines.checkouts.config.kafka.sasl.password == "$${file:/var/run/secrets/kafka/password}" && output.values.defaults.extraVolumeMounts[0].mountPath == "/var/run/secrets/kafka"
    error_message = "The brokers' password is a file."
  }

  assert {
    condition     = output.values.pipelines.job-applications.config.defaults.time.zone == "America/Edmonton"
    error_message = "The pipelines are those of the examples."
  }

  assert {
    condition     = length(helm_release.secrets) == 1 && strcontains(helm_release.secrets[0].values[0], "projects/my-project-1/secrets/tributary-kafka-password/versions/latest")
    error_message = "The file is the secret's newest version."
  }

  assert {
    condition     = !strcontains(jsonencode(output.values), "a-long-password-0")
    error_message = "No password is in the chart's values."
  }

  assert {
    condition     = kubernetes_service_account_v1.tributary.metadata[0].annotations["iam.gke.io/gcp-service-account"] == "tributary@my-project-1.iam.gserviceaccount.com"
    error_message = "The pods run as Tributary's account."
  }
}

run "brokers_without_a_password" {
  command = plan

  variables {
    kafka_user = null
  }

  assert {
    condition     = length(helm_release.secrets) == 0 && !can(output.values.defaults.extraVolumes) && keys(output.values.pipelines.checkouts.config.kafka) == ["brokers"]
    error_message = "No secret is needed."
  }
}

run "brokers_without_a_port" {
  command = plan

  variables {
    kafka_brokers = "kafka.example.com"
  }

  expect_failures = [var.kafka_brokers]
}

run "without_the_chart" {
  command = plan

  variables {
    deploy        = false
    run_bootstrap = false
  }

  assert {
    condition     = length(helm_release.tributary) == 0 && length(terraform_data.bootstrap) == 0
    error_message = "Only the cloud's part."
  }
}
