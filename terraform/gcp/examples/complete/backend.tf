# Where the state is kept. In a bucket it is encrypted, versioned and locked while somebody applies; make the bucket
# first, by hand, and let only deployers read it.
#
# terraform {
#   backend "gcs" {
#     bucket = "my-project-terraform-state"
#     prefix = "tributary/complete"
#   }
# }
