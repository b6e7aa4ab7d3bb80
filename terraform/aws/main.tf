data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  tags          = merge({ application = var.name }, var.tags)
  bucket_prefix = coalesce(var.bucket_prefix, "${data.aws_caller_identity.current.account_id}-${var.name}")
  arn           = "arn:${data.aws_partition.current.partition}"
  in_account    = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
}

module "storage" {
  source = "./modules/storage"

  prefix        = local.bucket_prefix
  buckets       = var.buckets
  kms_key_arn   = var.kms_key_arn
  log_bucket    = var.log_bucket
  force_destroy = var.force_destroy
  tags          = local.tags
}

resource "aws_dynamodb_table" "cards" {
  count = var.cards_table != null ? 1 : 0

  name                        = var.cards_table.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  range_key                   = "client_id"
  deletion_protection_enabled = var.deletion_protection
  tags                        = local.tags

  attribute {
    name = "id"
    type = "N"
  }

  attribute {
    name = "client_id"
    type = "N"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

resource "aws_secretsmanager_secret" "secret" {
  for_each = var.secrets

  name                    = "${var.name}/${each.value}"
  description             = "For the pods of Tributary"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.deletion_protection ? 30 : 0
  tags                    = local.tags
}

resource "aws_ecr_repository" "images" {
  count = var.registry ? 1 : 0

  name                 = var.name
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.force_destroy
  tags                 = local.tags

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = var.kms_key_arn != null ? "KMS" : "AES256"
    kms_key         = var.kms_key_arn
  }
}

module "postgres" {
  source = "./modules/postgres"
  count  = var.database != null ? 1 : 0

  name                = var.name
  settings            = var.database
  kms_key_arn         = var.kms_key_arn
  deletion_protection = var.deletion_protection
  tags                = local.tags
}

module "identity" {
  source = "./modules/identity"
  count  = var.cluster != null ? 1 : 0

  name        = var.name
  cluster     = var.cluster
  bucket_arns = values(module.storage.arns)
  table_arns  = aws_dynamodb_table.cards[*].arn
  secret_arns = [for s in aws_secretsmanager_secret.secret : s.arn]
  kms_key_arn = var.kms_key_arn
  database_users = [
    for db in module.postgres : "${local.arn}:rds-db:${local.in_account}:dbuser:${db.resource_id}/${var.database.user}"
  ]
  tags = local.tags
}

locals {
  # What an administrator of the database runs once. rds_iam makes the user log in with a token, and with nothing else.
  bootstrap_sql = var.database == null ? null : join("\n", [
    file("${path.module}/../../examples/checkouts/tables.sql"),
    file("${path.module}/../../examples/job-applications/tables.sql"),
    "create user \"${var.database.user}\";",
    "grant rds_iam to \"${var.database.user}\";",
    templatefile("${path.module}/../../sql/bigquery/grants/program.sql", {
      database = var.database.name
      program  = var.database.user
      schemas  = "commerce, job_board"
      tables   = "commerce.attributed_checkouts, job_board.attributed_successful_applications"
      lookups  = "commerce.users, job_board.users"
    }),
  ])
}
