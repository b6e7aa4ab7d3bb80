/* bisect.h: which rows the database does not take. The rows are inserted by release order into a transaction
 * of its own that is rolled back at the end: a piece that is refused is undone and tried again in halves, so
 * that each row is judged after all those before it that were taken. The rows of one conversion are one: all
 * of them are refused, or none. Deferred constraints are checked at once. Like a commit it never blocks. One
 * thread at a time. */
#ifndef TRIBUTARY_PIPELINE_BISECT_H
#define TRIBUTARY_PIPELINE_BISECT_H

#include "output/postgres.h"
#include "postgres/connection.h"

struct bisect;

/* Both must outlive it. */
struct bisect *bisect_new(struct connection *connection, struct postgres_output *output,
                          int64_t statement_timeout_us);
void bisect_free(struct bisect *bisect);

/* Begins; the rows' values must live until it is done. Rows with the keys of `aside` are deleted first: they
 * are not decided, and the others are judged as if they were not there. The connection must have no statement
 * under way; a transaction that is open is rolled back. */
void bisect_start(struct bisect *bisect, const struct row *rows, int count, const struct row *aside,
                  int aside_count);

enum bisect_result { BISECT_RUNNING, BISECT_DONE, BISECT_FAILED };

/* Makes what progress is possible. After a failure it has to be started again. */
enum bisect_result bisect_poll(struct bisect *bisect, struct error *error);

/* A conversion whose row was refused, or one of its rows, and what the server said. */
struct refusal {
    int partition;
    int64_t offset;
    const char *why;
};

/* After BISECT_DONE: those that were refused; good until the next start. */
const struct refusal *bisect_refused(const struct bisect *bisect, int *count);

/* Whether the failure of a statement that inserts several rows may be one row's fault. */
bool bisect_may_help(const struct connection *connection, const struct error *error);

#endif
