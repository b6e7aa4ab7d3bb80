# What is planned, by default and with everything.

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
      identity = [{ oidc = [{ issuer = "https://oidc.eks.eu-central-1.amazonaws.com/id/0A" }] }]
    }
  }

  mock_resource "aws_iam_openid_connect_provider" {
    defaults = {
      arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/0A"
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

run "defaults" {
  command = plan

  assert {
    condition     = output.buckets != null && toset(keys(output.buckets)) == toset(["landing", "staging", "persist", "artifact"])
    error_message = "Four buckets."
  }

  assert {
    condition     = aws_dynamodb_table.cards[0].hash_key == "id" && aws_dynamodb_table.cards[0].range_key == "client_id" && aws_dynamodb_table.cards[0].billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.cards[0].name == "cards-data"
    error_message = "The table of cards."
  }

  assert {
    condition     = toset([for a in aws_dynamodb_table.cards[0].attribute : "${a.name} ${a.type}"]) == toset(["id N", "client_id N"])
    error_message = "Its keys are numbers."
  }

  assert {
    condition     = output.role_arn == null && output.database_url == null && output.bootstrap_sql == null
    error_message = "Neither role nor database unless they are asked for."
  }
}

run "everything" {
  command = plan

  variables {
    cluster  = { name = "mine" }
    registry = true
    secrets  = ["kafka-password"]
    database = { vpc_id = "vpc-0a", subnet_ids = ["subnet-0a", "subnet-0b"], client_security_groups = ["sg-0a"] }
  }

  assert {
    condition     = output.database_url == "postgresql://tributary@tributary.x.eu-central-1.rds.amazonaws.com:5432/attribution?sslmode=verify-full"
    error_message = "The URL has no password."
  }

  assert {
    condition     = strcontains(output.bootstrap_sql, "grant rds_iam to \"tributary\"") && strcontains(output.bootstrap_sql, "grant select, insert, update on commerce.attributed_checkouts, job_board.attributed_successful_applications to \"tributary\"")
    error_message = "The program logs in with IAM and has its rights."
  }
}
