data "aws_eks_cluster" "cluster" {
  name = var.cluster.name
}

locals {
  issuer = data.aws_eks_cluster.cluster.identity[0].oidc[0].issuer
  host   = trimprefix(local.issuer, "https://")
}

data "aws_iam_openid_connect_provider" "existing" {
  count = var.cluster.oidc_provider_exists ? 1 : 0

  url = local.issuer
}

resource "aws_iam_openid_connect_provider" "cluster" {
  count = var.cluster.oidc_provider_exists ? 0 : 1

  url            = local.issuer
  client_id_list = ["sts.amazonaws.com"]
  tags           = var.tags
}

locals {
  provider_arn = var.cluster.oidc_provider_exists ? data.aws_iam_openid_connect_provider.existing[0].arn : aws_iam_openid_connect_provider.cluster[0].arn
}

# Exactly this service account of this cluster.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.host}:sub"
      values   = ["system:serviceaccount:${var.cluster.namespace}:${var.cluster.service_account}"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.host}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "rights" {
  dynamic "statement" {
    for_each = length(var.bucket_arns) > 0 ? [var.bucket_arns] : []

    content {
      sid       = "Buckets"
      actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(var.bucket_arns) > 0 ? [var.bucket_arns] : []

    content {
      sid       = "Objects"
      actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
      resources = [for arn in statement.value : "${arn}/*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.table_arns) > 0 ? [var.table_arns] : []

    content {
      sid       = "Tables"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(var.secret_arns) > 0 ? [var.secret_arns] : []

    content {
      sid       = "Secrets"
      actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(var.database_users) > 0 ? [var.database_users] : []

    content {
      sid       = "Database"
      actions   = ["rds-db:connect"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = var.kms_key_arn != null ? [var.kms_key_arn] : []

    content {
      sid       = "Key"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role" "program" {
  name               = var.name
  description        = "Pods of ${var.cluster.namespace}/${var.cluster.service_account} in ${var.cluster.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "program" {
  name   = var.name
  role   = aws_iam_role.program.id
  policy = data.aws_iam_policy_document.rights.json
}
