#include "postgres/connection.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/credential.h"
#include "base/memory.h"
#include "telemetry/errors.h"
#include "telemetry/log.h"

enum {
    PARAMETERS_MAX = 1700, /* Postgres' own bound on columns is 1600 */
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MAX_MS = 5000,
    CONNECT_TIMEOUT_MS = 10000,
    RETRY_MS = 500,
    LOCK_TIMEOUT_MS = 10000,
    REFUSALS_MAX = 3,        /* of passwords that are fetched */
    IDLE_TIMEOUT_MS = 10000, /* of a transaction whose worker says nothing */
};

enum phase { PHASE_CLOSED, PHASE_FETCHING, PHASE_CONNECTING, PHASE_IDLE, PHASE_SENT };

struct connection {
    char *url, *application_name;
    struct credential_source source;
    struct credential *credential; /* while it is fetched */
    int refusals;                  /* in a row */
    PGconn *pg;
    enum phase phase;
    PostgresPollingStatusType wants;
    PGresult *last; /* of the results of one message, the one to answer with */
    int64_t retry_at_us, connect_until_us;
    int backoff_ms;
    unsigned jitter;
    bool unsent;      /* part of a statement is still to be sent */
    char sqlstate[6]; /* of the last failure */
};

struct connection *connection_new(const struct postgres_config *config, const char *application_name) {
    struct connection *connection = memory_zalloc(1, sizeof *connection);
    connection->url = memory_strdup(config->url);
    connection->source = (struct credential_source){config->password.command, config->password.file};
    connection->application_name = memory_strdup(application_name);
    connection->backoff_ms = BACKOFF_FIRST_MS;
    connection->jitter = (unsigned)clock_monotonic_us() ^ (unsigned)(uintptr_t)connection;
    return connection;
}

void connection_drop(struct connection *connection) {
    PQclear(connection->last);
    connection->last = NULL;
    PQfinish(connection->pg);
    connection->pg = NULL;
    credential_free(connection->credential);
    connection->credential = NULL;
    connection->phase = PHASE_CLOSED;
    connection->unsent = false;
}

void connection_retry(struct connection *connection) {
    connection_drop(connection);
    connection->retry_at_us =
        clock_monotonic_us() + ((int64_t)RETRY_MS / 2 + rand_r(&connection->jitter) % RETRY_MS) * 1000;
}

void connection_free(struct connection *connection) {
    if (!connection) return;
    connection_drop(connection);
    free(connection->url);
    free(connection->application_name);
    free(connection);
}

enum error_class postgres_error_class(const char *sqlstate) {
    static const char *const passing[] = {"08", "40", "53", "55", "57", "58", "25006", "25P03"};
    static const char *const poison[] = {"22", "23", "44", "54000", "P0"};
    if (!sqlstate) return ERROR_RETRY;
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (strncmp(sqlstate, passing[i], strlen(passing[i])) == 0) return ERROR_RETRY;
    for (size_t i = 0; i < sizeof poison / sizeof *poison; i++)
        if (strncmp(sqlstate, poison[i], strlen(poison[i])) == 0) return ERROR_POISON;
    return ERROR_CONFIG;
}

/* libpq's messages end in a line break and may have several lines; the one that names a place in the server's
 * source is for nobody here. */
static void set_message(struct error *error, enum error_class class, const char *message) {
    char line[sizeof error->message];
    size_t len = 0;
    for (; *message && len < sizeof line - 1; message++) {
        if (strncmp(message, "\nLOCATION:  ", 12) == 0) message += 1 + strcspn(message + 1, "\n");
        if (!*message) break;
        line[len++] = *message == '\n' || *message == '\t' ? ' ' : *message;
    }
    while (len && line[len - 1] == ' ') len--;
    line[len] = '\0';
    error_set(error, class, "postgres: %s", line);
}

static void add_sqlstate(struct connection *connection, const char *sqlstate, struct error *error) {
    snprintf(connection->sqlstate, sizeof connection->sqlstate, "%s", sqlstate);
    size_t len = strlen(error->message);
    snprintf(error->message + len, sizeof error->message - len, " (%s)", connection->sqlstate);
}

static int64_t backoff_us(struct connection *connection) {
    int ms = connection->backoff_ms;
    connection->backoff_ms = ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : ms * 2;
    return ((int64_t)ms / 2 + rand_r(&connection->jitter) % (ms / 2 + 1)) * 1000;
}

/* "FATAL:  28P01: password …": the SQLSTATE behind the severity, in whatever language; NULL without one. Of
 * several hosts or attempts the last one. */
static const char *sqlstate_in(const char *message, char sqlstate[6]) {
    const char *found = NULL;
    for (const char *at = message; (at = strstr(at, ":  ")); at++)
        if (strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && at[8] == ':') found = at + 3;
    if (found) snprintf(sqlstate, 6, "%.5s", found);
    return found;
}

static bool has_any(const char *message, const char *const *texts, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strstr(message, texts[i])) return true;
    return false;
}

enum error_class postgres_connect_class(const char *message, bool *refused) {
    static const char *const final[] = {"certificate verify failed",
                                        "does not match host name",
                                        "could not get server's host name from server certificate",
                                        "root certificate file",
                                        "could not read root certificate",
                                        "could not read certificate file",
                                        "could not load private key file",
                                        "certificate present, but not private key",
                                        "server does not support SSL, but SSL was required",
                                        "SSL alert number",
                                        "tlsv1 alert",
                                        "sslv3 alert",
                                        "no password supplied",
                                        "authentication failed",
                                        "invalid connection option",
                                        "invalid URI",
                                        "invalid port",
                                        "invalid sslmode",
                                        "invalid integer value"};
    char sqlstate[6];
    *refused = false;
    if (!sqlstate_in(message, sqlstate))
        return has_any(message, final, sizeof final / sizeof *final) ? ERROR_CONFIG : ERROR_RETRY;
    *refused = strncmp(sqlstate, "28", 2) == 0;
    if (strcmp(sqlstate, "08P01") == 0) { /* what pgbouncer calls everything, in English */
        static const char *const pooler[] = {"authentication failed", "no such database", "no such user"};
        *refused = strstr(message, "authentication failed") != NULL;
        return has_any(message, pooler, sizeof pooler / sizeof *pooler) ? ERROR_CONFIG : ERROR_RETRY;
    }
    return postgres_error_class(sqlstate) == ERROR_RETRY ? ERROR_RETRY : ERROR_CONFIG;
}

static void add_hint(struct error *error, bool refused) {
    size_t len = strlen(error->message);
    const char *hint =
        refused ? "are user and password right, and does pg_hba.conf let them in from here?"
        : strstr(error->message, "certificate")
            ? "see `sslrootcert` and `sslmode` in `postgres.url`, and whose certificate the server has"
            : NULL;
    if (hint) snprintf(error->message + len, sizeof error->message - len, "\nhint: %s", hint);
}

static enum connection_state connect_failed(struct connection *connection, const char *message,
                                            struct error *error) {
    bool refused, fetched = connection->source.command || connection->source.file;
    enum error_class class = postgres_connect_class(message, &refused);
    if (refused && fetched && ++connection->refusals < REFUSALS_MAX) class = ERROR_RETRY;
    set_message(error, class, message);
    if (class == ERROR_CONFIG) add_hint(error, refused);
    errors_count(ERRORS_POSTGRES, "connection", "connection");
    connection_drop(connection);
    connection->retry_at_us = clock_monotonic_us() + backoff_us(connection);
    return CONNECTION_FAILED;
}

/* The password stands behind the URL, so it holds over one in there. */
static void begin_connect(struct connection *connection) {
    const char *const names[] = {"dbname",
                                 "fallback_application_name",
                                 "client_encoding",
                                 "keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 "tcp_user_timeout",
                                 connection->credential ? "password" : NULL,
                                 NULL};
    const char *const values[] = {connection->url,
                                  connection->application_name,
                                  "UTF8",
                                  "30",
                                  "10",
                                  "3",
                                  "30000",
                                  connection->credential ? credential_text(connection->credential) : NULL,
                                  NULL};
    connection->pg = PQconnectStartParams(names, values, 1);
    PQsetErrorVerbosity(connection->pg, PQERRORS_VERBOSE); /* for the SQLSTATE */
    credential_free(connection->credential);
    connection->credential = NULL;
    connection->phase = PHASE_CONNECTING;
    connection->wants = PGRES_POLLING_WRITING;
    connection->connect_until_us = clock_monotonic_us() + (int64_t)CONNECT_TIMEOUT_MS * 1000;
}

static void ignore_notice(void *context, const char *message) {
    (void)context;
    (void)message;
}

static enum connection_state poll_connect(struct connection *connection, struct error *error) {
    if (PQstatus(connection->pg) == CONNECTION_BAD)
        return connect_failed(connection, PQerrorMessage(connection->pg), error);
    if (clock_monotonic_us() > connection->connect_until_us)
        return connect_failed(connection, "connection timed out", error);
    bool for_writing;
    struct pollfd socket = {connection_socket(connection, &for_writing), 0, 0};
    socket.events = for_writing ? POLLOUT : POLLIN;
    if (poll(&socket, 1, 0) == 0) return CONNECTION_BUSY;
    connection->wants = PQconnectPoll(connection->pg);
    if (connection->wants == PGRES_POLLING_FAILED)
        return connect_failed(connection, PQerrorMessage(connection->pg), error);
    if (connection->wants != PGRES_POLLING_OK) return CONNECTION_BUSY;
    PQsetnonblocking(connection->pg, 1);
    PQsetErrorVerbosity(connection->pg, PQERRORS_TERSE); /* the detail would show whole rows */
    PQsetNoticeProcessor(connection->pg, ignore_notice, NULL);
    connection->phase = PHASE_IDLE;
    connection->backoff_ms = BACKOFF_FIRST_MS;
    connection->refusals = 0;
    return CONNECTION_IDLE;
}

static enum connection_state poll_fetch(struct connection *connection, struct error *error) {
    switch (credential_poll(connection->credential, error)) {
    case CREDENTIAL_WAITING: return CONNECTION_BUSY;
    case CREDENTIAL_READY: begin_connect(connection); return poll_connect(connection, error);
    case CREDENTIAL_FAILED: break;
    }
    error_prefix(error, "postgres");
    connection_drop(connection);
    connection->retry_at_us = clock_monotonic_us() + backoff_us(connection);
    return CONNECTION_FAILED;
}

static enum connection_state begin(struct connection *connection, struct error *error) {
    if (connection->source.command || connection->source.file) {
        connection->credential = credential_new(&connection->source, "the password", CREDENTIAL_TIMEOUT_MS);
        connection->phase = PHASE_FETCHING;
        return poll_fetch(connection, error);
    }
    begin_connect(connection);
    return poll_connect(connection, error);
}

static enum connection_state lost(struct connection *connection, struct error *error) {
    set_message(error, ERROR_RETRY, PQerrorMessage(connection->pg));
    errors_count(ERRORS_POSTGRES, "connection", "connection");
    connection_drop(connection);
    connection->retry_at_us = clock_monotonic_us() + backoff_us(connection);
    return CONNECTION_FAILED;
}

static enum connection_state answer(struct connection *connection, PGresult **result, struct error *error) {
    PGresult *last = connection->last;
    connection->last = NULL;
    connection->phase = PHASE_IDLE;
    ExecStatusType status = PQresultStatus(last);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        *result = last;
        return CONNECTION_RESULT;
    }
    if (PQstatus(connection->pg) == CONNECTION_BAD) {
        PQclear(last);
        return lost(connection, error);
    }
    const char *sqlstate = PQresultErrorField(last, PG_DIAG_SQLSTATE);
    set_message(error, postgres_error_class(sqlstate), PQresultErrorMessage(last));
    if (sqlstate) {
        add_sqlstate(connection, sqlstate, error);
        errors_count(ERRORS_POSTGRES, (char[]){sqlstate[0], sqlstate[1], '\0'}, sqlstate);
    }
    PQclear(last);
    return CONNECTION_FAILED;
}

static bool is_error(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

static enum connection_state poll_answer(struct connection *connection, PGresult **result,
                                         struct error *error) {
    int flushed = PQflush(connection->pg);
    connection->unsent = flushed > 0;
    if (flushed < 0 || !PQconsumeInput(connection->pg)) return lost(connection, error);
    while (!PQisBusy(connection->pg)) {
        PGresult *next = PQgetResult(connection->pg);
        if (!next) return answer(connection, result, error);
        if (connection->last && is_error(connection->last)) {
            PQclear(next); /* the first error stands */
            continue;
        }
        PQclear(connection->last);
        connection->last = next;
    }
    return CONNECTION_BUSY;
}

enum connection_state connection_poll(struct connection *connection, PGresult **result, struct error *error) {
    switch (connection->phase) {
    case PHASE_CLOSED:
        if (clock_monotonic_us() < connection->retry_at_us) return CONNECTION_BUSY;
        return begin(connection, error);
    case PHASE_FETCHING: return poll_fetch(connection, error);
    case PHASE_CONNECTING: return poll_connect(connection, error);
    case PHASE_IDLE: return CONNECTION_IDLE;
    case PHASE_SENT: return poll_answer(connection, result, error);
    }
    return CONNECTION_BUSY;
}

bool connection_send(struct connection *connection, const char *sql, const struct parameter *parameters,
                     int count, struct error *error) {
    const char *values[PARAMETERS_MAX];
    int lengths[PARAMETERS_MAX], formats[PARAMETERS_MAX];
    if (count > PARAMETERS_MAX)
        return error_set(error, ERROR_CONFIG, "postgres: a statement cannot have %d parameters", count);
    for (int i = 0; i < count; i++) {
        values[i] = parameters[i].data;
        lengths[i] = parameters[i].len;
        formats[i] = parameters[i].binary;
    }
    connection->sqlstate[0] = '\0';
    int sent = count ? PQsendQueryParams(connection->pg, sql, count, NULL, values, lengths, formats, 0)
                     : PQsendQuery(connection->pg, sql);
    if (!sent) {
        lost(connection, error);
        return false;
    }
    connection->phase = PHASE_SENT;
    connection->unsent = true;
    return true;
}

/* The settings are Postgres' own defaults. A lock is given up before the statement is, so that the two can be
 * told apart. */
bool connection_begin(struct connection *connection, int64_t statement_timeout_us, struct error *error) {
    char sql[800];
    int64_t statement_ms = statement_timeout_us / 1000;
    int64_t lock_ms = statement_ms / 2 < LOCK_TIMEOUT_MS ? statement_ms / 2 : LOCK_TIMEOUT_MS;
    bool open = PQtransactionStatus(connection->pg) != PQTRANS_IDLE;
    snprintf(sql, sizeof sql,
             "%sBEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = "
             "'ISO, MDY';"
             " SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1;"
             " SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C';"
             " SET LOCAL lock_timeout = %" PRId64 "; SET LOCAL statement_timeout = %" PRId64
             "; SET LOCAL idle_in_transaction_session_timeout = %d",
             open ? "ROLLBACK; " : "", lock_ms, statement_ms, IDLE_TIMEOUT_MS);
    return connection_send(connection, sql, NULL, 0, error);
}

const char *connection_sqlstate(const struct connection *connection) {
    return connection->sqlstate;
}

int connection_socket(const struct connection *connection, bool *for_writing) {
    *for_writing = false;
    if (connection->credential) return credential_fd(connection->credential);
    *for_writing = connection->phase == PHASE_CONNECTING ? connection->wants == PGRES_POLLING_WRITING
                                                         : connection->unsent;
    return connection->pg ? PQsocket(connection->pg) : -1;
}

static void wait_socket(struct connection *connection) {
    bool for_writing;
    struct pollfd socket = {connection_socket(connection, &for_writing), 0, 0};
    socket.events = for_writing ? POLLIN | POLLOUT : POLLIN;
    poll(&socket, socket.fd >= 0, 20);
}

/* What was refused for now is asked again by a new connection: the old one's transaction is of no use. */
static void pause_before_retry(struct connection *connection, const struct error *why, bool *told) {
    if (!*told) log_repeated(LOG_LEVEL_WARN, "postgres_retry", "error=%s", LOG_QUOTE(why->message));
    *told = true;
    if (connection->phase == PHASE_IDLE) connection_retry(connection);
}

PGresult *connection_query(struct connection *connection, const char *sql, const struct parameter *parameters,
                           int count, int timeout_ms, struct error *error) {
    int64_t until = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    struct error last = {ERROR_RETRY, "postgres: no answer in time"};
    bool told = false, inside = false;
    while (clock_monotonic_us() < until) {
        PGresult *result = NULL;
        switch (connection_poll(connection, &result, &last)) {
        case CONNECTION_BUSY: wait_socket(connection); break;
        case CONNECTION_IDLE:
            inside = PQtransactionStatus(connection->pg) != PQTRANS_IDLE;
            if (connection_send(connection, sql, parameters, count, &last)) break;
            __attribute__((fallthrough));
        case CONNECTION_FAILED:
            if (last.class != ERROR_RETRY || inside) {
                *error = last;
                return NULL;
            }
            pause_before_retry(connection, &last, &told);
            break;
        case CONNECTION_RESULT: return result;
        }
    }
    connection_drop(connection);
    *error = last;
    return NULL;
}
