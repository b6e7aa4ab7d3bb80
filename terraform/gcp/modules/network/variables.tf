variable "project_id" {
  description = "The project."
  type        = string
}

variable "region" {
  description = "The region of the subnet and of NAT."
  type        = string
}

variable "name" {
  description = "The network's name, and the beginning of the others."
  type        = string
}

variable "subnet_cidr" {
  description = "The range of the nodes."
  type        = string
}

variable "pods_cidr" {
  description = "The range of the pods."
  type        = string
}

variable "services_cidr" {
  description = "The range of the services."
  type        = string
}

variable "private_prefix" {
  description = "The size of the range for Cloud SQL."
  type        = number
}

variable "nat" {
  description = "Whether pods without public addresses reach the Internet: brokers elsewhere, images."
  type        = bool
}

variable "flow_log_samples" {
  description = "Which share of the connections is logged; 0: none."
  type        = number
}
