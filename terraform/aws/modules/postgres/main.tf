locals {
  # Of Tributary's transactions none lasts longer than its batch timeout; one that does holds back vacuum.
  parameters = merge({
    "idle_in_transaction_session_timeout" = "300000"
    "log_connections"                     = "1"
    "log_disconnections"                  = "1"
    "log_lock_waits"                      = "1"
    "log_statement"                       = "ddl"
    "rds.force_ssl"                       = "1"
  }, var.settings.parameters)
}

resource "aws_db_subnet_group" "subnets" {
  name        = var.name
  description = "Tributary"
  subnet_ids  = var.settings.subnet_ids
  tags        = var.tags
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "Tributary: the database"
  vpc_id      = var.settings.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "client" {
  for_each = toset(var.settings.client_security_groups)

  security_group_id            = aws_security_group.database.id
  description                  = "Postgres from ${each.value}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  tags                         = var.tags
}

resource "aws_db_parameter_group" "parameters" {
  name        = "${var.name}-postgres${split(".", var.settings.engine_version)[0]}"
  description = "Tributary"
  family      = "postgres${split(".", var.settings.engine_version)[0]}"
  tags        = var.tags

  dynamic "parameter" {
    for_each = local.parameters

    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "instance" {
  identifier     = var.name
  engine         = "postgres"
  engine_version = var.settings.engine_version
  instance_class = var.settings.instance_class
  db_name        = var.settings.name
  tags           = var.tags

  # RDS makes the administrator's password, keeps it in Secrets Manager and changes it: it is in no state. The program
  # logs in with IAM.
  username                            = "postgres"
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = var.kms_key_arn
  iam_database_authentication_enabled = true

  storage_type          = "gp3"
  allocated_storage     = var.settings.storage_gb
  max_allocated_storage = var.settings.storage_limit_gb
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  multi_az               = var.settings.multi_az
  db_subnet_group_name   = aws_db_subnet_group.subnets.name
  vpc_security_group_ids = [aws_security_group.database.id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.parameters.name

  backup_retention_period = var.settings.backup_days
  backup_window           = var.settings.backup_window
  copy_tags_to_snapshot   = true
  maintenance_window      = var.settings.maintenance_window

  auto_minor_version_upgrade      = true
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.kms_key_arn
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]

  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.deletion_protection
  final_snapshot_identifier = "${var.name}-final"
}
