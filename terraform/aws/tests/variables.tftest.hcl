# Every rule of every variable refuses what it is for, and takes what is right.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = {
      json = "{}"
    }
  }

  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }
}

variables {
  name = "tributary"
}

run "refuses_a_name_with_capitals" {
  command = plan

  variables {
    name = "Tributary"
  }

  expect_failures = [var.name]
}

run "refuses_a_prefix_with_dots" {
  command = plan

  variables {
    bucket_prefix = "my.company"
  }

  expect_failures = [var.bucket_prefix]
}

run "refuses_tags_of_aws" {
  command = plan

  variables {
    tags = { "aws:owner" = "me" }
  }

  expect_failures = [var.tags]
}

run "refuses_a_keys_alias" {
  command = plan

  variables {
    kms_key_arn = "alias/mine"
  }

  expect_failures = [var.kms_key_arn]
}

run "refuses_a_bucket_with_underscores" {
  command = plan

  variables {
    buckets = { my_landing = {} }
  }

  expect_failures = [var.buckets]
}

run "refuses_infrequent_too_early" {
  command = plan

  variables {
    buckets = { landing = { infrequent_days = 7 } }
  }

  expect_failures = [var.buckets]
}

run "refuses_deleted_before_it_is_moved" {
  command = plan

  variables {
    buckets = { landing = { infrequent_days = 30, delete_days = 20 } }
  }

  expect_failures = [var.buckets]
}

run "refuses_a_url_for_a_log_bucket" {
  command = plan

  variables {
    log_bucket = "s3://logs"
  }

  expect_failures = [var.log_bucket]
}

run "refuses_a_table_with_blanks" {
  command = plan

  variables {
    cards_table = { name = "cards data" }
  }

  expect_failures = [var.cards_table]
}

run "refuses_a_clusters_arn" {
  command = plan

  variables {
    cluster = { name = "arn:aws:eks:eu-central-1:123456789012:cluster/mine" }
  }

  expect_failures = [var.cluster]
}

run "refuses_every_service_account" {
  command = plan

  variables {
    cluster = { name = "mine", service_account = "*" }
  }

  expect_failures = [var.cluster]
}

run "refuses_a_secret_with_blanks" {
  command = plan

  variables {
    secrets = ["my secret"]
  }

  expect_failures = [var.secrets]
}

run "refuses_one_subnet" {
  command = plan

  variables {
    database = { vpc_id = "vpc-0a", subnet_ids = ["subnet-0a"] }
  }

  expect_failures = [var.database]
}

run "refuses_a_name_of_a_security_group" {
  command = plan

  variables {
    database = { vpc_id = "vpc-0a", subnet_ids = ["subnet-0a", "subnet-0b"], client_security_groups = ["nodes"] }
  }

  expect_failures = [var.database]
}

run "refuses_an_old_postgres" {
  command = plan

  variables {
    database = { vpc_id = "vpc-0a", subnet_ids = ["subnet-0a", "subnet-0b"], engine_version = "12" }
  }

  expect_failures = [var.database]
}

run "refuses_a_limit_below_the_storage" {
  command = plan

  variables {
    database = { vpc_id = "vpc-0a", subnet_ids = ["subnet-0a", "subnet-0b"], storage_gb = 100, storage_limit_gb = 100 }
  }

  expect_failures = [var.database]
}

run "refuses_the_servers_own_user" {
  command = plan

  variables {
    database = { vpc_id = "vpc-0a", subnet_ids = ["subnet-0a", "subnet-0b"], user = "rdsadmin" }
  }

  expect_failures = [var.database]
}

run "refuses_no_backups" {
  command = plan

  variables {
    database = { vpc_id = "vpc-0a", subnet_ids = ["subnet-0a", "subnet-0b"], backup_days = 0 }
  }

  expect_failures = [var.database]
}

run "refuses_a_window_without_a_day" {
  command = plan

  variables {
    database = { vpc_id = "vpc-0a", subnet_ids = ["subnet-0a", "subnet-0b"], maintenance_window = "03:00-04:00" }
  }

  expect_failures = [var.database]
}

run "takes_no_table_and_no_buckets" {
  command = plan

  variables {
    cards_table = null
    buckets     = {}
  }
}

run "takes_all_that_is_optional" {
  command = plan

  variables {
    bucket_prefix = "my-company"
    tags          = { team = "data" }
    kms_key_arn   = "arn:aws:kms:eu-central-1:123456789012:key/0a1b"
    buckets       = { landing = { infrequent_days = 30, delete_days = 31, noncurrent_days = 1, versioning = false } }
    log_bucket    = "my-logs"
    secrets       = ["kafka/password"]
    registry      = true
    database      = { vpc_id = "vpc-0a", subnet_ids = ["subnet-0a", "subnet-0b"], engine_version = "16.4", client_security_groups = ["sg-0a"] }
  }
}
