/* stored.h: what the database holds of a pipeline, for the commands that forget or move it. Blocks; one
 * thread. */
#ifndef TRIBUTARY_COMMANDS_STORED_H
#define TRIBUTARY_COMMANDS_STORED_H

#include "config/pipeline.h"
#include "postgres/connection.h"

struct stored {
    PGresult *progress; /* a row for each partition that was ever begun */
    int partitions;     /* how many */
    bool any;           /* whether there is anything at all */
};

/* A connection to the pipeline's database, its tables brought up to date; NULL with a config error when the
 * file names none or it has no tables of ours. */
struct connection *stored_open(const struct pipeline *pipeline, const char *command,
                               struct error *error) MUST_CHECK;
bool stored_find(struct connection *connection, const char *name, struct stored *stored,
                 struct error *error) MUST_CHECK;
void stored_release(struct stored *stored);

/* Says on standard output how far each partition has come. */
void stored_print(const struct stored *stored, const struct pipeline *pipeline, const char *name);

/* A config error, with the hint, when the consumer group has members. */
bool stored_is_at_rest(const struct pipeline *pipeline, const char *group, const char *hint,
                       struct error *error) MUST_CHECK;

/* Asks on the terminal; `yes` has answered already. A config error when there is nobody to ask, and a fatal
 * one when the answer is no. */
bool stored_agree(bool yes, const char *question, struct error *error) MUST_CHECK;

#endif
