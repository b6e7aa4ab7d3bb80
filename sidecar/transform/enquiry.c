#include "transform/enquiry.h"

#include <stdlib.h>

#include "base/fault.h"
#include "base/memory.h"
#include "transform/lookup_cache.h"

enum step {
    STEP_PREPARE, /* the next lookup's questions */
    STEP_BEGIN,
    STEP_ASK,
    STEP_END,
};

/* Where the fault tests interrupt it: when the step is done. */
static const char *const enquiry_faults[] = {
    [STEP_BEGIN] = "lookups.begin",
    [STEP_ASK] = "lookups.asked",
    [STEP_END] = "lookups.end",
};

struct enquiry {
    struct enquiry_options options;
    struct lookup_cache **caches; /* NULL where there is none */
    struct enquiry_counts *counts;
    struct lookups *lookups;
    enum step step;
    int at; /* in the plan's order */
    struct lookup_statement statement;
    bool open;    /* the transaction */
    bool waiting; /* for the answer to the step's statement */
    int64_t sent_us;
};

struct enquiry *enquiry_new(const struct enquiry_options *options) {
    struct enquiry *enquiry = memory_zalloc(1, sizeof *enquiry);
    const struct lookups_plan *plan = options->plan;
    enquiry->options = *options;
    enquiry->caches = memory_zalloc((size_t)plan->count, sizeof(struct lookup_cache *));
    enquiry->counts = memory_zalloc((size_t)plan->count, sizeof *enquiry->counts);
    for (int i = 0; i < plan->count; i++) {
        const struct lookup_plan *lookup = &plan->items[i];
        if (lookup->wanted)
            enquiry->caches[i] =
                lookup_cache_new(&lookup->config->cache, lookup->config->match_count, lookup->column_count);
    }
    return enquiry;
}

void enquiry_free(struct enquiry *enquiry) {
    if (!enquiry) return;
    for (int i = 0; i < enquiry->options.plan->count; i++) lookup_cache_free(enquiry->caches[i]);
    free(enquiry->caches);
    free(enquiry->counts);
    free(enquiry);
}

void enquiry_start(struct enquiry *enquiry, struct lookups *lookups) {
    enquiry->lookups = lookups;
    enquiry->step = STEP_PREPARE;
    enquiry->at = 0;
    enquiry->open = enquiry->waiting = false;
}

struct enquiry_counts enquiry_counts(const struct enquiry *enquiry, int lookup) {
    struct enquiry_counts counts = enquiry->counts[lookup];
    counts.cache_bytes = lookup_cache_bytes(enquiry->caches[lookup]);
    return counts;
}

static int lookup_at(const struct enquiry *enquiry) {
    return enquiry->options.plan->order[enquiry->at];
}

/* --- the caches --- */

/* Out of the cache before anything is put in, so that the row may be gone when it is looked at. */
static const struct value *copy_row(const struct value *row, int count, struct arena *arena) {
    struct value *copy = arena_alloc(arena, (size_t)count * sizeof *copy);
    for (int i = 0; i < count; i++) copy[i] = (struct value){row[i].type, arena_copy(arena, row[i].text)};
    return copy;
}

static void ask_cache(struct enquiry *enquiry, struct lookup_batch *batch, int64_t now_us) {
    struct lookup_cache *cache = enquiry->caches[lookup_at(enquiry)];
    int before = batch->open;
    for (int q = 0; cache && q < batch->count; q++) {
        const struct value *row;
        if (lookup_batch_state(batch, q) != LOOKUP_OPEN) continue;
        switch (lookup_cache_find(cache, lookup_batch_key(batch, q), now_us, &row)) {
        case LOOKUP_CACHE_UNKNOWN: break;
        case LOOKUP_CACHE_NO_ROW: lookup_batch_answer_none(batch, q); break;
        case LOOKUP_CACHE_ROW:
            lookup_batch_answer(batch, q, copy_row(row, batch->column_count, enquiry->lookups->arena));
            break;
        }
    }
    enquiry->counts[lookup_at(enquiry)].cached += (uint64_t)(before - batch->open);
}

/* An answer is as old as its statement: it may have waited long for a lock since. */
static void take_rows(struct enquiry *enquiry, const PGresult *result) {
    int lookup = lookup_at(enquiry);
    struct lookup_batch *batch = &enquiry->lookups->batches[lookup];
    struct lookup_cache *cache = enquiry->caches[lookup];
    bool *asked = arena_alloc(enquiry->lookups->arena, (size_t)batch->count * sizeof *asked);
    for (int q = 0; q < batch->count; q++) asked[q] = lookup_batch_state(batch, q) == LOOKUP_OPEN;
    lookup_query_parse(enquiry->options.queries[lookup], result, batch, enquiry->lookups->arena);
    for (int q = 0; q < batch->count; q++) {
        const struct value *row = lookup_batch_result(batch, q);
        if (!asked[q]) continue;
        enquiry->counts[lookup].found += row != NULL;
        enquiry->counts[lookup].missing += row == NULL;
        if (cache) lookup_cache_put(cache, lookup_batch_key(batch, q), row, enquiry->sent_us);
    }
}

/* --- the steps --- */

/* To the next statement that has to be sent; false when there is none. */
static bool prepare(struct enquiry *enquiry, int64_t now_us) {
    const struct lookups_plan *plan = enquiry->options.plan;
    for (; enquiry->at < plan->order_count; enquiry->at++) {
        int lookup = lookup_at(enquiry);
        struct lookup_batch *batch = lookups_ask(enquiry->lookups, lookup);
        ask_cache(enquiry, batch, now_us);
        if (!batch->open) continue;
        int open = batch->open;
        enquiry->statement =
            lookup_query_format(enquiry->options.queries[lookup], batch, enquiry->lookups->arena);
        enquiry->counts[lookup].missing += (uint64_t)(open - batch->open);
        if (!batch->open) continue;
        enquiry->step = enquiry->open ? STEP_ASK : STEP_BEGIN;
        return true;
    }
    enquiry->step = STEP_END;
    return enquiry->open;
}

static bool send(struct enquiry *enquiry, int64_t now_us, struct error *error) {
    struct connection *connection = enquiry->options.connection;
    const struct lookup_statement *statement = &enquiry->statement;
    enquiry->sent_us = now_us;
    switch (enquiry->step) {
    case STEP_BEGIN: return connection_begin(connection, enquiry->options.statement_timeout_us, error);
    case STEP_ASK:
        return connection_send(connection, statement->sql, statement->parameters, statement->parameter_count,
                               error);
    case STEP_END: return connection_send(connection, "COMMIT", NULL, 0, error);
    case STEP_PREPARE: break;
    }
    return error_set(error, ERROR_FATAL, "lookups: step %d sends nothing", enquiry->step);
}

static enum enquiry_result take_answer(struct enquiry *enquiry, PGresult *result) {
    enquiry->waiting = false;
    FAULT_POINT(enquiry_faults[enquiry->step]);
    if (enquiry->step == STEP_ASK) take_rows(enquiry, result);
    PQclear(result);
    switch (enquiry->step) {
    case STEP_PREPARE: break;
    case STEP_BEGIN:
        enquiry->open = true;
        enquiry->step = STEP_ASK;
        break;
    case STEP_ASK:
        enquiry->at++;
        enquiry->step = STEP_PREPARE;
        break;
    case STEP_END: return ENQUIRY_DONE;
    }
    return ENQUIRY_RUNNING;
}

/* The transaction is gone, and with it nothing but the answer under way. */
static enum enquiry_result fail(struct enquiry *enquiry, struct error *error) {
    const struct lookups_plan *plan = enquiry->options.plan;
    if (enquiry->at < plan->order_count && enquiry->step == STEP_ASK)
        error_prefix(error, "lookup \"%s\"", plan->items[lookup_at(enquiry)].config->name);
    connection_retry(enquiry->options.connection);
    enquiry->waiting = enquiry->open = false;
    if (enquiry->step == STEP_ASK) enquiry->step = STEP_BEGIN;
    if (enquiry->step == STEP_END) enquiry->step = STEP_PREPARE; /* all is answered: done */
    return ENQUIRY_FAILED;
}

enum enquiry_result enquiry_poll(struct enquiry *enquiry, int64_t now_us, struct error *error) {
    PGresult *result = NULL;
    if (enquiry->step == STEP_PREPARE && !prepare(enquiry, now_us)) return ENQUIRY_DONE;
    switch (connection_poll(enquiry->options.connection, &result, error)) {
    case CONNECTION_BUSY: return ENQUIRY_RUNNING;
    case CONNECTION_FAILED: return fail(enquiry, error);
    case CONNECTION_RESULT: return take_answer(enquiry, result);
    case CONNECTION_IDLE: break;
    }
    if (enquiry->waiting) { /* connected anew in between: the answer will never come */
        error_set(error, ERROR_RETRY, "postgres: the connection was lost");
        return fail(enquiry, error);
    }
    if (!send(enquiry, now_us, error)) return fail(enquiry, error);
    enquiry->waiting = true;
    return ENQUIRY_RUNNING;
}
