#include "inspect/tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "pipeline/surroundings.h"

static void relax(struct tables *tables, const struct pipeline *original) {
    size_t size = (size_t)original->lookup_count * sizeof *original->lookups;
    tables->original = original;
    tables->pipeline = *original;
    tables->pipeline.lookups = memory_alloc(size);
    if (size) memcpy(tables->pipeline.lookups, original->lookups, size);
    for (int i = 0; i < original->lookup_count; i++) tables->pipeline.lookups[i].missing = MISSING_KEEP;
    tables->plan = plan_new(&tables->pipeline);
}

static bool open_lookup(struct tables *tables, int number, struct connection *connection,
                        struct error *error) {
    const struct lookup_plan *lookup = &tables->plan->lookups[number];
    struct catalogue_table *table = surroundings_lookup(tables->plan, number, connection, error);
    if (table)
        tables->lookups[number] =
            lookup_query_new(lookup->config, lookup->columns, lookup->column_count, table, error);
    catalogue_free(table);
    return tables->lookups[number] != NULL;
}

bool tables_open(struct tables *tables, const struct inspection *inspection, struct error *error) {
    relax(tables, inspection->pipeline);
    tables->lookups = memory_zalloc((size_t)tables->plan->lookup_count, sizeof(struct lookup_query *));
    tables->table =
        catalogue_load(inspection->connection, tables->plan->output->table, SURROUNDINGS_TIMEOUT_MS, error);
    if (!tables->table) return error_prefix(error, "output");
    tables->output = postgres_output_new(tables->plan->output, tables->table, error);
    bool ok = tables->output != NULL;
    for (int i = 0; ok && i < tables->plan->lookup_count; i++)
        ok = open_lookup(tables, i, inspection->connection, error);
    return ok;
}

void tables_close(struct tables *tables) {
    for (int i = 0; tables->lookups && i < tables->plan->lookup_count; i++)
        lookup_query_free(tables->lookups[i]);
    free(tables->lookups);
    postgres_output_free(tables->output);
    catalogue_free(tables->table);
    plan_free(tables->plan);
    free(tables->pipeline.lookups);
    *tables = (struct tables){0};
}

static bool answer(const struct tables *tables, const struct inspection *inspection, int number,
                   struct batch *batch, struct error *error) {
    struct lookup_query *query = tables->lookups[number];
    struct lookup_batch *questions = lookups_ask(&batch->lookups, number);
    struct lookup_statement statement = lookup_query_format(query, questions, &batch->arena);
    if (!questions->open) return true;
    PGresult *result =
        inspection_query(inspection, statement.sql, statement.parameters, statement.parameter_count, error);
    if (result) lookup_query_parse(query, result, questions, &batch->arena);
    PQclear(result);
    return result != NULL;
}

bool tables_look_up(const struct tables *tables, const struct inspection *inspection, struct batch *batch,
                    struct error *error) {
    const struct lookups_plan *asking = tables->plan->asking;
    for (int i = 0; i < asking->order_count; i++)
        if (!answer(tables, inspection, asking->order[i], batch, error)) return false;
    return true;
}

bool tables_row_is_optional(const struct tables *tables, const struct batch *batch, uint64_t number) {
    for (int i = 0; i < tables->plan->lookup_count; i++)
        if (tables->original->lookups[i].missing != MISSING_KEEP &&
            !lookups_result(&batch->lookups, batch->events[number], i))
            return true;
    return false;
}
