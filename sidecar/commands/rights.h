/* rights.h: the least rights that a pipeline needs, for an administrator to read and run. Written to standard
 * output. */
#ifndef TRIBUTARY_COMMANDS_RIGHTS_H
#define TRIBUTARY_COMMANDS_RIGHTS_H

#include "config/pipeline.h"

/* The grants in the database, behind the tables: psql's variable "user" names the role that runs the
 * pipeline, "operator" the one of people who use the other commands on it. */
void rights_print_grants(const struct pipeline *pipeline);

/* The access control lists in Kafka, as a shell script. */
void rights_print_acls(const struct pipeline *pipeline);

#endif
