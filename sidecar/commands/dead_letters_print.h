/* dead_letters_print.h: what `tributary dead-letters` prints on standard output. One thread. */
#ifndef TRIBUTARY_COMMANDS_DEAD_LETTERS_PRINT_H
#define TRIBUTARY_COMMANDS_DEAD_LETTERS_PRINT_H

#include "inspect/redrive.h"

/* How many there are by input and reason, when, and an example of each. */
void dead_letters_print_counts(const struct letters *letters, const struct pipeline *pipeline);
void dead_letters_print_counts_json(const struct letters *letters, const struct pipeline *pipeline);
/* One a line; JSON: one object a line. */
void dead_letters_print_list(const struct letters *letters, const struct pipeline *pipeline);
void dead_letters_print_list_json(const struct letters *letters, const struct pipeline *pipeline);
/* One, and its record where it came from if it is there still (otherwise NULL). */
void dead_letters_print_one(const rd_kafka_message_t *letter, const rd_kafka_message_t *origin);
void dead_letters_print_one_json(const rd_kafka_message_t *letter, const rd_kafka_message_t *origin);
/* What a redrive will do. */
void dead_letters_print_plan(const struct redrive_plan *plan, const struct pipeline *pipeline);

#endif
