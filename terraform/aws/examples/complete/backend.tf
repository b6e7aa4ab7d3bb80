# Where the state is kept. In a bucket it is encrypted, versioned and, with use_lockfile, locked while somebody applies;
# make the bucket first, by hand, and let only deployers read it.
#
# terraform {
#   backend "s3" {
#     bucket       = "my-terraform-state"
#     key          = "tributary/complete.tfstate"
#     region       = "eu-central-1"
#     encrypt      = true
#     use_lockfile = true
#   }
# }
