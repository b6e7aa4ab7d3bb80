#include "pipeline/claim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/memory.h"
#include "postgres/array.h"

void claim_statement_release(struct claim_statement *statement) {
    for (int i = 0; i < 3; i++) buffer_release(&statement->arrays[i]);
    *statement = (struct claim_statement){0};
}

static void partitions_array(struct buffer *array, const int *partitions, int count) {
    array_begin(array, count);
    for (int i = 0; i < count; i++) array_add_int(array, partitions[i]);
}

/* --- claim --- */

void claim_format(struct claim_statement *statement, const struct plan *plan, const int *partitions,
                  int count) {
    partitions_array(&statement->arrays[0], partitions, count);
    statement->sql =
        "WITH claimed AS ("
        " INSERT INTO tributary.progress AS p (pipeline, partition, epoch)"
        " SELECT $1::text, n::integer, (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
        " FROM unnest($2::text[]) n ORDER BY n::integer"
        " ON CONFLICT (pipeline, partition) DO UPDATE SET epoch_before = p.epoch,"
        " epoch = greatest(p.epoch + 1, excluded.epoch), updated_at = now()"
        " RETURNING *)"
        " SELECT partition, epoch, commit_seq, touch_offset, conversion_offset, touch_max_time_us,"
        " conversion_max_time_us, touch_ledger::text, conversion_ledger::text, held_count, held_xor,"
        " held_from_us, generation, changelog_from, changelog_next, touch_anchor, conversion_anchor,"
        " touch_start, conversion_start, fingerprint::text, epoch_before,"
        " touch_sources::text, conversion_sources::text, early::text"
        " FROM claimed ORDER BY partition";
    statement->parameters[0] = parameter_text(plan->pipeline->name);
    statement->parameters[1] = array_parameter(&statement->arrays[0]);
    statement->parameter_count = 2;
}

static int64_t number_at(const PGresult *result, int row, int column, int64_t if_null) {
    return PQgetisnull(result, row, column) ? if_null : strtoll(PQgetvalue(result, row, column), NULL, 10);
}

static const char *text_at(const PGresult *result, int row, int column) {
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

static struct sources sources_parse(const char *json) {
    struct sources sources = {0};
    struct marker marker = {0};
    if (json && marker_parse(&marker, span_of(json))) marker_apply(&marker, &sources);
    marker_release(&marker);
    return sources;
}

void claim_early_parse(const char *json, struct claim *claim) {
    yyjson_doc *doc = json ? yyjson_read(json, strlen(json), 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc), *table = yyjson_obj_get(root, "table");
    yyjson_arr_iter iter = yyjson_arr_iter_with(yyjson_obj_get(root, "offsets"));
    claim->early_table = yyjson_is_str(table) ? memory_strdup(yyjson_get_str(table)) : NULL;
    for (yyjson_val *range; (range = yyjson_arr_iter_next(&iter));)
        offset_ranges_add(&claim->early, yyjson_get_sint(yyjson_arr_get(range, 0)),
                          yyjson_get_sint(yyjson_arr_get(range, 1)));
    yyjson_doc_free(doc);
}

void claim_early_json(struct buffer *out, const struct plan *plan, const struct offset_ranges *early) {
    if (!early->count) return;
    buffer_text(out, "{\"table\":");
    buffer_json(out, span_of(plan->output->table));
    buffer_text(out, ",\"offsets\":[");
    for (int i = 0; i < early->count; i++)
        buffer_printf(out, "%s[%" PRId64 ",%" PRId64 "]", i ? "," : "", early->items[i].first,
                      early->items[i].last);
    buffer_text(out, "]}");
}

static void parse_row(const PGresult *result, int row, struct claim *claim) {
    claim->partition = (int)number_at(result, row, 0, 0);
    claim->ownership =
        (struct ownership){.epoch = number_at(result, row, 1, 0), .commit_seq = number_at(result, row, 2, 0)};
    claim->epoch_before = number_at(result, row, 20, 0);
    claim->located = !PQgetisnull(result, row, 3);
    claim->progress = (struct progress){
        .touch_offset = number_at(result, row, 3, 0),
        .conversion_offset = number_at(result, row, 4, 0),
        .touch_max_time_us = number_at(result, row, 5, TIME_NONE),
        .conversion_max_time_us = number_at(result, row, 6, TIME_NONE),
        .touch_ledger = ledger_parse(PQgetvalue(result, row, 7)),
        .conversion_ledger = ledger_parse(PQgetvalue(result, row, 8)),
        .held = {(uint64_t)number_at(result, row, 9, 0), (uint64_t)number_at(result, row, 10, 0)},
        .held_from_us = number_at(result, row, 11, TIME_NONE),
        .generation = (uint64_t)number_at(result, row, 12, 0),
        .changelog_from = number_at(result, row, 13, 0),
        .changelog_next = number_at(result, row, 14, 0),
        .touch_anchor = anchor_parse(text_at(result, row, 15)),
        .conversion_anchor = anchor_parse(text_at(result, row, 16)),
        .touch_start = number_at(result, row, 17, 0),
        .conversion_start = number_at(result, row, 18, 0),
    };
    const char *fingerprint = text_at(result, row, 19);
    claim->fingerprint = fingerprint ? memory_strdup(fingerprint) : NULL;
    claim->touch_sources = sources_parse(text_at(result, row, 21));
    claim->conversion_sources = sources_parse(text_at(result, row, 22));
    claim_early_parse(text_at(result, row, 23), claim);
}

struct claim *claim_parse(const PGresult *result, int *count) {
    *count = PQntuples(result);
    struct claim *claims = memory_zalloc((size_t)*count, sizeof *claims);
    for (int i = 0; i < *count; i++) parse_row(result, i, &claims[i]);
    return claims;
}

void claims_free(struct claim *claims, int count) {
    for (int i = 0; i < count; i++) {
        free(claims[i].touch_advances.items);
        free(claims[i].conversion_advances.items);
        sources_release(&claims[i].touch_sources);
        sources_release(&claims[i].conversion_sources);
        free(claims[i].fingerprint);
        free(claims[i].early_table);
        offset_ranges_release(&claims[i].early);
    }
    free(claims);
}

/* --- idle advances --- */

void claim_advances_format(struct claim_statement *statement, const struct plan *plan, const int *partitions,
                           int count) {
    partitions_array(&statement->arrays[0], partitions, count);
    statement->sql = "SELECT partition, input = $3, next_offset, watermark_us FROM tributary.idle_advances"
                     " WHERE pipeline = $1 AND partition = ANY (SELECT n::integer FROM unnest($2::text[]) n)"
                     " AND input IN ($3, $4) ORDER BY partition, input, next_offset";
    statement->parameters[0] = parameter_text(plan->pipeline->name);
    statement->parameters[1] = array_parameter(&statement->arrays[0]);
    statement->parameters[2] = parameter_text(plan->touches->name);
    statement->parameters[3] = parameter_text(plan->conversions->name);
    statement->parameter_count = 4;
}

static void append_advance(struct advances *advances, struct advance advance) {
    if (advances->count == advances->capacity) {
        advances->capacity = advances->capacity ? advances->capacity * 2 : 8;
        advances->items =
            memory_realloc(advances->items, (size_t)advances->capacity * sizeof *advances->items);
    }
    advances->items[advances->count++] = advance;
}

void claim_advances_parse(const PGresult *result, struct claim *claims, int count) {
    for (int row = 0; row < PQntuples(result); row++) {
        int partition = (int)number_at(result, row, 0, 0);
        bool touches = PQgetvalue(result, row, 1)[0] == 't';
        struct advance advance = {number_at(result, row, 2, 0), number_at(result, row, 3, 0)};
        for (int i = 0; i < count; i++)
            if (claims[i].partition == partition)
                append_advance(touches ? &claims[i].touch_advances : &claims[i].conversion_advances, advance);
    }
}

static void add_lows(struct claim_statement *statement, const char *input, bool touches,
                     const struct claim *claims, int count) {
    for (int i = 0; i < count; i++) {
        array_add(&statement->arrays[0], span_of(input));
        array_add_int(&statement->arrays[1], claims[i].partition);
        array_add_int(&statement->arrays[2], claims[i].low[touches]);
    }
}

void claim_prune_format(struct claim_statement *statement, const struct plan *plan,
                        const struct claim *claims, int count) {
    for (int a = 0; a < 3; a++) array_begin(&statement->arrays[a], count * 2);
    add_lows(statement, plan->touches->name, true, claims, count);
    add_lows(statement, plan->conversions->name, false, claims, count);
    statement->sql =
        "DELETE FROM tributary.idle_advances a"
        " USING unnest($2::text[], $3::text[], $4::text[]) u(i, n, low)"
        " WHERE a.pipeline = $1 AND a.input = u.i AND a.partition = u.n::integer AND a.next_offset <"
        " (SELECT max(b.next_offset) FROM tributary.idle_advances b WHERE b.pipeline = $1 AND b.input = u.i"
        " AND b.partition = u.n::integer AND b.next_offset <= u.low::bigint)";
    statement->parameters[0] = parameter_text(plan->pipeline->name);
    for (int a = 0; a < 3; a++) statement->parameters[a + 1] = array_parameter(&statement->arrays[a]);
    statement->parameter_count = 4;
}

/* --- locate --- */

void claim_locate_format(struct claim_statement *statement, const struct plan *plan,
                         const struct claim *claims, int count) {
    int fresh = 0;
    for (int i = 0; i < count; i++) fresh += !claims[i].located;
    for (int a = 0; a < 3; a++) array_begin(&statement->arrays[a], fresh);
    for (int i = 0; i < count; i++) {
        if (claims[i].located) continue;
        array_add_int(&statement->arrays[0], claims[i].partition);
        array_add_int(&statement->arrays[1], claims[i].progress.touch_offset);
        array_add_int(&statement->arrays[2], claims[i].progress.conversion_offset);
    }
    /* A row that another worker has claimed meanwhile already has, or will get, its start from that worker.
     */
    statement->sql =
        "UPDATE tributary.progress p SET touch_offset = u.t::bigint, conversion_offset = u.c::bigint,"
        " touch_start = u.t::bigint, conversion_start = u.c::bigint"
        " FROM unnest($2::text[], $3::text[], $4::text[]) u(n, t, c)"
        " WHERE p.pipeline = $1 AND p.partition = u.n::integer AND p.touch_offset IS NULL";
    statement->parameters[0] = parameter_text(plan->pipeline->name);
    for (int a = 0; a < 3; a++) statement->parameters[a + 1] = array_parameter(&statement->arrays[a]);
    statement->parameter_count = 4;
}

/* --- ledgers --- */

void ledger_json(struct buffer *out, const struct ledger *ledger) {
    char separator = '{';
    for (enum outcome i = 0; i < OUTCOME_COUNT; i++) {
        if (!ledger->count[i]) continue;
        buffer_printf(out, "%c\"%s\":%" PRIu64, separator, outcome_name(i), ledger->count[i]);
        separator = ',';
    }
    buffer_text(out, separator == '{' ? "{}" : "}");
}

struct ledger ledger_parse(const char *json) {
    struct ledger ledger = {{0}};
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    yyjson_obj_iter iter = yyjson_obj_iter_with(yyjson_doc_get_root(doc));
    for (yyjson_val *name; (name = yyjson_obj_iter_next(&iter));) {
        enum outcome outcome = outcome_of_name((struct span){yyjson_get_str(name), yyjson_get_len(name)});
        if (outcome < OUTCOME_COUNT) ledger.count[outcome] = yyjson_get_uint(yyjson_obj_iter_get_val(name));
    }
    yyjson_doc_free(doc);
    return ledger;
}
