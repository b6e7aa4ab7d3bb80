output "buckets" {
  description = "The buckets' names."
  value       = module.tributary.buckets
}

output "cards_table" {
  description = "The table of cards."
  value       = module.tributary.cards_table
}
