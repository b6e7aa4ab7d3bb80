/* connection.h: one connection to Postgres that never blocks the thread that owns it: statements are sent,
 * polled for, and answered by results. It keeps no session state (no named statements, no SET outside a
 * transaction), so that it works through pgbouncer in transaction mode. One thread at a time.
 *
 * A failure closes the connection when the server is gone; connection_poll then connects again, no earlier
 * than a jittered back-off allows. */
#ifndef TRIBUTARY_POSTGRES_CONNECTION_H
#define TRIBUTARY_POSTGRES_CONNECTION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "config/pipeline.h"

struct connection;

/* Nothing is connected yet. A password that comes from a command or a file is fetched anew for each
 * connection, without blocking; one that is refused then is fetched again, up to three times in a row, for it
 * may just have changed. The credential is the configuration's, which must outlive the connection. */
struct connection *connection_new(const struct postgres_config *config, const char *application_name);
void connection_free(struct connection *connection);

enum connection_state {
    CONNECTION_BUSY,   /* connecting, waiting for the back-off, or for an answer */
    CONNECTION_IDLE,   /* connected, nothing under way */
    CONNECTION_RESULT, /* a statement was answered: *result, PQclear it */
    CONNECTION_FAILED, /* *error; the statement under way is void, its transaction rolled back or in doubt */
};

/* Makes what progress is possible without blocking. */
enum connection_state connection_poll(struct connection *connection, PGresult **result, struct error *error);

struct parameter {
    const char *data; /* NULL: null */
    int len;
    bool binary;
};

/* A text that lives until the statement is sent. */
static inline struct parameter parameter_text(const char *text) {
    return (struct parameter){text, (int)strlen(text), false};
}

/* Sends one statement with its parameters, or, without parameters, several separated by semicolons (only the
 * last result is answered). Call when idle. */
bool connection_send(struct connection *connection, const char *sql, const struct parameter *parameters,
                     int count, struct error *error) MUST_CHECK;

/* Begins a transaction in which values are read and written in one form, whatever the server, the database or
 * the role have set, and whose locks cannot outlive a frozen worker by long. One still open is rolled back
 * first. Call when idle. */
bool connection_begin(struct connection *connection, int64_t statement_timeout_us,
                      struct error *error) MUST_CHECK;

/* The SQLSTATE of the statement that failed last; "" when there was no answer. Good until the next send. */
const char *connection_sqlstate(const struct connection *connection);

/* Closes it, so that a transaction under way is rolled back by the server; the next poll connects anew. */
void connection_drop(struct connection *connection);

/* The same after a statement that failed and is to be sent again: the next connection waits a little. */
void connection_retry(struct connection *connection);

/* The socket to wait on while busy, or -1; whether for writing. */
int connection_socket(const struct connection *connection, bool *for_writing);

/* For start-up and commands: sends and waits at most `timeout_ms` (connecting included, retrying what may
 * pass, unless a transaction is open, which has to be begun anew). NULL with the error. */
PGresult *connection_query(struct connection *connection, const char *sql, const struct parameter *parameters,
                           int count, int timeout_ms, struct error *error);

/* What follows from libpq's text about a connection that failed, and whether the server refused the
 * credentials (then *refused). Servers speak many languages: what they say is judged by the SQLSTATE, which
 * is in the text at verbosity PQERRORS_VERBOSE; only what libpq itself finds is known by its words, which are
 * English in a program that sets no locale. */
enum error_class postgres_connect_class(const char *message, bool *refused);

/* What a SQLSTATE means for the worker: 22, 23, 44, 54000 and P0 (raised by a function) are this record's
 * fault; 08, 40, 53, 55, 57, 58, 25006, 25P03 pass; everything else stops the pipeline. NULL (no answer at
 * all) passes. */
enum error_class postgres_error_class(const char *sqlstate);

#endif
