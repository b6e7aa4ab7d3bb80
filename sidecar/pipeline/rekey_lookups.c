#include "pipeline/rekey_lookups.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/derive.h"
#include "pipeline/message.h"
#include "transform/enquiry.h"

struct rekey_lookups {
    const struct pipeline *pipeline;
    struct derive *derive;
    struct lookup_query **queries;
    struct connection *connection;
    struct enquiry *enquiry;
    int *numbers; /* of the batch's messages, in derive */
    int capacity;
    bool begun, done;
    struct buffer value;
};

static bool make_queries(struct rekey_lookups *lookups, const struct surroundings_tables *tables,
                         struct error *error) {
    const struct lookups_plan *plan = derive_plan(lookups->derive);
    lookups->queries = memory_zalloc((size_t)plan->count, sizeof(struct lookup_query *));
    for (int i = 0; i < plan->count; i++) {
        const struct lookup_plan *item = &plan->items[i];
        if (!item->wanted) continue;
        lookups->queries[i] =
            lookup_query_new(item->config, item->columns, item->column_count, tables->lookups[i], error);
        if (!lookups->queries[i]) return false;
    }
    return true;
}

struct rekey_lookups *rekey_lookups_new(const struct pipeline *pipeline, const struct input_config *input,
                                        const struct surroundings_tables *tables, bool *ok,
                                        struct error *error) {
    *ok = true;
    if (!input->repartition.derived_count) return NULL;
    struct rekey_lookups *lookups = memory_zalloc(1, sizeof *lookups);
    lookups->pipeline = pipeline;
    buffer_init(&lookups->value);
    lookups->derive = derive_new(pipeline, input, error);
    if (lookups->derive && make_queries(lookups, tables, error)) {
        lookups->connection = connection_new(&pipeline->postgres, "tributary repartition");
        struct enquiry_options options = {derive_plan(lookups->derive), lookups->connection, lookups->queries,
                                          pipeline->postgres.statement_timeout_us};
        lookups->enquiry = enquiry_new(&options);
        return lookups;
    }
    rekey_lookups_free(lookups);
    *ok = false;
    return NULL;
}

void rekey_lookups_free(struct rekey_lookups *lookups) {
    if (!lookups) return;
    enquiry_free(lookups->enquiry);
    connection_free(lookups->connection);
    for (int i = 0; lookups->queries && i < derive_plan(lookups->derive)->count; i++)
        lookup_query_free(lookups->queries[i]);
    free(lookups->queries);
    derive_free(lookups->derive);
    buffer_release(&lookups->value);
    free(lookups->numbers);
    free(lookups);
}

void rekey_lookups_forget(struct rekey_lookups *lookups) {
    if (lookups->begun && !lookups->done) connection_drop(lookups->connection);
    derive_reset(lookups->derive);
    lookups->begun = lookups->done = false;
}

void rekey_lookups_start(struct rekey_lookups *lookups, rd_kafka_message_t *const *messages, int count) {
    rekey_lookups_forget(lookups);
    if (count > lookups->capacity) {
        lookups->capacity = count;
        lookups->numbers = memory_realloc(lookups->numbers, (size_t)count * sizeof *lookups->numbers);
    }
    for (int i = 0; i < count; i++) {
        struct record record = record_of_source(messages[i]);
        lookups->numbers[i] = messages[i]->err ? -1 : derive_add(lookups->derive, &record);
    }
    enquiry_start(lookups->enquiry, derive_lookups(lookups->derive));
    lookups->begun = true;
}

bool rekey_lookups_poll(struct rekey_lookups *lookups, bool *done, struct error *error) {
    enum enquiry_result result =
        lookups->done ? ENQUIRY_DONE : enquiry_poll(lookups->enquiry, clock_monotonic_us(), error);
    *done = lookups->done = result == ENQUIRY_DONE;
    return result != ENQUIRY_FAILED;
}

bool rekey_lookups_are_done(const struct rekey_lookups *lookups) {
    return lookups->begun && lookups->done;
}

const struct lookup_config *rekey_lookups_missing(const struct rekey_lookups *lookups, int i) {
    return lookups->numbers[i] < 0 ? NULL : derive_missing(lookups->derive, lookups->numbers[i]);
}

struct span rekey_lookups_value(struct rekey_lookups *lookups, int i, struct span value) {
    if (lookups->numbers[i] < 0) return (struct span){0};
    derive_apply(lookups->derive, lookups->numbers[i], value, &lookups->value);
    return buffer_view(&lookups->value);
}
