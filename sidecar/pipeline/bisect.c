#include "pipeline/bisect.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"

enum step {
    STEP_BEGIN,
    STEP_CONSTRAINTS,
    STEP_ASIDE, /* early rows are not there */
    STEP_SAVEPOINT,
    STEP_INSERT,   /* the piece on top of the stack */
    STEP_KEEP,     /* it was taken: a new savepoint behind it */
    STEP_UNDO,     /* it was not: back to the savepoint before it */
    STEP_ROLLBACK, /* all pieces are judged */
    STEP_DONE,
};

enum { PIECES_MAX = 64 }; /* each halving adds one, and 2^32 rows are out of reach */

struct piece {
    int from, to;
};

struct bisect {
    struct connection *connection;
    struct postgres_output *output;
    int64_t statement_timeout_us;
    enum step step;
    bool waiting;         /* for the answer to the step's statement */
    struct row *rows;     /* by offset */
    struct row *arranged; /* the piece under way, as it is sent */
    struct piece pieces[PIECES_MAX];
    int piece_count;
    const struct row *aside;
    int aside_count;
    struct refusal *refused;
    int refused_count, refused_capacity;
    struct arena reasons;
};

struct bisect *bisect_new(struct connection *connection, struct postgres_output *output,
                          int64_t statement_timeout_us) {
    struct bisect *bisect = memory_zalloc(1, sizeof *bisect);
    bisect->connection = connection;
    bisect->output = output;
    bisect->statement_timeout_us = statement_timeout_us;
    bisect->step = STEP_DONE;
    arena_init(&bisect->reasons);
    return bisect;
}

void bisect_free(struct bisect *bisect) {
    if (!bisect) return;
    free(bisect->rows);
    free(bisect->arranged);
    free(bisect->refused);
    arena_release(&bisect->reasons);
    free(bisect);
}

void bisect_start(struct bisect *bisect, const struct row *rows, int count, const struct row *aside,
                  int aside_count) {
    size_t size = (size_t)count * sizeof *rows;
    bisect->rows = memory_realloc(bisect->rows, size);
    bisect->arranged = memory_realloc(bisect->arranged, size);
    if (count) memcpy(bisect->rows, rows, size);
    postgres_output_arrange_by_offset(bisect->rows, count);
    bisect->pieces[0] = (struct piece){0, count};
    bisect->piece_count = count > 0;
    bisect->aside = aside;
    bisect->aside_count = aside_count;
    bisect->refused_count = 0;
    arena_reset(&bisect->reasons);
    bisect->step = STEP_BEGIN;
    bisect->waiting = false;
}

const struct refusal *bisect_refused(const struct bisect *bisect, int *count) {
    *count = bisect->refused_count;
    return bisect->refused;
}

/* A key that one statement meets twice (21000) is found apart from its twin; a statement that takes too long
 * (57014) needs less time in halves. */
bool bisect_may_help(const struct connection *connection, const struct error *error) {
    const char *sqlstate = connection_sqlstate(connection);
    return error->class == ERROR_POISON || strcmp(sqlstate, "21000") == 0 || strcmp(sqlstate, "57014") == 0;
}

/* --- the statements --- */

static bool send_piece(struct bisect *bisect, struct error *error) {
    struct piece piece = bisect->pieces[bisect->piece_count - 1];
    int count = piece.to - piece.from;
    memcpy(bisect->arranged, bisect->rows + piece.from, (size_t)count * sizeof *bisect->rows);
    count = postgres_output_arrange(bisect->output, bisect->arranged, count);
    struct postgres_statement statement = postgres_output_format(bisect->output, bisect->arranged, count);
    return connection_send(bisect->connection, statement.sql, statement.parameters, statement.parameter_count,
                           error);
}

static bool send_aside(struct bisect *bisect, struct error *error) {
    struct postgres_statement statement =
        postgres_output_format_delete(bisect->output, bisect->aside, bisect->aside_count);
    return connection_send(bisect->connection, statement.sql, statement.parameters, statement.parameter_count,
                           error);
}

static bool send_text(struct bisect *bisect, const char *sql, struct error *error) {
    return connection_send(bisect->connection, sql, NULL, 0, error);
}

static bool send_step(struct bisect *bisect, struct error *error) {
    switch (bisect->step) {
    case STEP_BEGIN: return connection_begin(bisect->connection, bisect->statement_timeout_us, error);
    case STEP_CONSTRAINTS: return send_text(bisect, "SET CONSTRAINTS ALL IMMEDIATE", error);
    case STEP_ASIDE: return send_aside(bisect, error);
    case STEP_SAVEPOINT: return send_text(bisect, "SAVEPOINT piece", error);
    case STEP_INSERT: return send_piece(bisect, error);
    case STEP_KEEP: return send_text(bisect, "RELEASE SAVEPOINT piece; SAVEPOINT piece", error);
    case STEP_UNDO: return send_text(bisect, "ROLLBACK TO SAVEPOINT piece", error);
    case STEP_ROLLBACK: return send_text(bisect, "ROLLBACK", error);
    case STEP_DONE: break;
    }
    return error_set(error, ERROR_FATAL, "bisect: step %d sends nothing", bisect->step);
}

/* --- the steps --- */

static void next_piece(struct bisect *bisect) {
    bisect->step = bisect->piece_count ? STEP_INSERT : STEP_ROLLBACK;
}

static void take_answer(struct bisect *bisect) {
    switch (bisect->step) {
    case STEP_BEGIN: bisect->step = STEP_CONSTRAINTS; break;
    case STEP_CONSTRAINTS: bisect->step = bisect->aside_count ? STEP_ASIDE : STEP_SAVEPOINT; break;
    case STEP_ASIDE: bisect->step = STEP_SAVEPOINT; break;
    case STEP_INSERT:
        bisect->piece_count--;
        bisect->step = STEP_KEEP;
        break;
    case STEP_SAVEPOINT:
    case STEP_KEEP:
    case STEP_UNDO: next_piece(bisect); break;
    case STEP_ROLLBACK:
    case STEP_DONE: bisect->step = STEP_DONE; break;
    }
}

static void refuse(struct bisect *bisect, const struct row *row, const struct error *error) {
    if (bisect->refused_count == bisect->refused_capacity) {
        bisect->refused_capacity = bisect->refused_capacity ? bisect->refused_capacity * 2 : 16;
        bisect->refused =
            memory_realloc(bisect->refused, (size_t)bisect->refused_capacity * sizeof *bisect->refused);
    }
    const char *why = arena_printf(&bisect->reasons, "%s", error->message).data;
    bisect->refused[bisect->refused_count++] = (struct refusal){row->partition, row->offset, why};
}

static void halve(struct bisect *bisect, int first_half) {
    struct piece *top = &bisect->pieces[bisect->piece_count - 1];
    int middle = top->from + first_half;
    bisect->pieces[bisect->piece_count++] = (struct piece){top->from, middle};
    top->from = middle;
}

/* Whether the failure was about the piece, and is dealt with. */
static bool judge(struct bisect *bisect, const struct error *error) {
    if (bisect->step != STEP_INSERT || !bisect_may_help(bisect->connection, error)) return false;
    struct piece top = bisect->pieces[bisect->piece_count - 1];
    int first_half = row_middle(bisect->rows + top.from, top.to - top.from);
    if (first_half > 0) {
        halve(bisect, first_half);
    } else {
        if (error->class == ERROR_RETRY)
            return false; /* too slow even alone: that is no fault of the row's */
        refuse(bisect, &bisect->rows[top.from], error);
        bisect->piece_count--;
    }
    bisect->step = STEP_UNDO;
    return true;
}

enum bisect_result bisect_poll(struct bisect *bisect, struct error *error) {
    if (bisect->step == STEP_DONE) return BISECT_DONE;
    PGresult *result = NULL;
    switch (connection_poll(bisect->connection, &result, error)) {
    case CONNECTION_BUSY: return BISECT_RUNNING;
    case CONNECTION_FAILED:
        bisect->waiting = false;
        return judge(bisect, error) ? BISECT_RUNNING : BISECT_FAILED;
    case CONNECTION_IDLE:
        if (bisect->waiting || !send_step(bisect, error)) {
            if (bisect->waiting) error_set(error, ERROR_RETRY, "postgres: the connection was lost");
            return BISECT_FAILED;
        }
        bisect->waiting = true;
        return BISECT_RUNNING;
    case CONNECTION_RESULT:
        bisect->waiting = false;
        take_answer(bisect);
        PQclear(result);
        return bisect->step == STEP_DONE ? BISECT_DONE : BISECT_RUNNING;
    }
    return BISECT_RUNNING;
}
