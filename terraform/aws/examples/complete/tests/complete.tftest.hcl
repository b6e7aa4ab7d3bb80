# That the chart gets what the module made, and that nothing secret is in it.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }

  mock_data "aws_partition" {
    defaults = {
      partition = "aws"
    }
  }

  mock_data "aws_iam_policy_document" {
    defaults = {
      json = "{}"
    }
  }

  mock_data "aws_eks_cluster" {
    defaults = {
      endpoint              = "https://0A.gr7.eu-central-1.eks.amazonaws.com"
      certificate_authority = [{ data = "LS0=" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.eu-central-1.amazonaws.com/id/0A" }] }]
    }
  }

  mock_resource "aws_iam_openid_connect_provider" {
    defaults = {
      arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/0A"
    }
  }

  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::123456789012:role/tributary"
    }
  }

  mock_resource "aws_ecr_repository" {
    defaults = {
      repository_url = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/tributary"
    }
  }

  mock_resource "aws_db_instance" {
    defaults = {
      address            = "tributary.x.eu-central-1.rds.amazonaws.com"
      port               = 5432
      master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds" }]
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
  cluster_name           = "mine"
  vpc_id                 = "vpc-0a"
  subnet_ids             = ["subnet-0a", "subnet-0b"]
  client_security_groups = ["sg-0a"]
  kafka_brokers          = "kafka-0.example.com:9093"
  kafka_user             = "tributary"
  kafka_password         = "a-long-password-0"
}

run "the_charts_values" {
  command = plan

  assert {
    condition     = output.values.pipelines.checkouts.config.postgres.url == "postgresql://tributary@tributary.x.eu-central-1.rds.amazonaws.com:5432/attribution?sslmode=verify-full&sslrootcert=/etc/rds/global-bundle.pem"
    error_message = "The server is verified, and no password is in the URL."
  }

  assert {
    condition     = output.values.pipelines.checkouts.config.postgres.password_command[0] == "aws" && contains(output.values.pipelines.checkouts.config.postgres.password_command, "tributary.x.eu-central-1.rds.amazonaws.com")
    error_message = "The password is a token."
  }

  assert {
    condition     = output.values.defaults.env[0].valueFrom.secretKeyRef.name == kubernetes_secret_v1.kafka[0].metadata[0].name
    error_message = "The brokers' password comes from the Secret."
  }

  assert {
    condition     = !strcontains(jsonencode(output.values), "a-long-password-0") && output.values.image.repository == "123456789012.dkr.ecr.eu-central-1.amazonaws.com/tributary"
    error_message = "No password is in the chart's values; the image comes from the repository that is made."
  }

  assert {
    condition     = kubernetes_service_account_v1.tributary[0].metadata[0].annotations["eks.amazonaws.com/role-arn"] == "arn:aws:iam::123456789012:role/tributary"
    error_message = "The pods take the role."
  }
}

run "without_the_chart" {
  command = plan

  variables {
    deploy     = false
    kafka_user = null
  }

  assert {
    condition     = length(helm_release.tributary) == 0 && length(kubernetes_secret_v1.kafka) == 0
    error_message = "Only the cloud's part."
  }
}

run "brokers_without_a_port" {
  command = plan

  variables {
    kafka_brokers = "kafka.example.com"
  }

  expect_failures = [var.kafka_brokers]
}
