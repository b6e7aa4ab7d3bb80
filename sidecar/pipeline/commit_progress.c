/* The statements about progress: the lock, what is committed, idle advances. */
#include "base/memory.h"
#include "pipeline/claim.h"
#include "pipeline/commit_internal.h"
#include "postgres/array.h"

struct parameter commit_pipeline_name(const struct commit *commit) {
    return parameter_text(commit->options.plan->pipeline->name);
}

bool commit_send_lock(struct commit *commit, struct error *error) {
    struct buffer *partitions = &commit->arrays[0];
    array_begin(partitions, commit->batch->part_count);
    for (int i = 0; i < commit->batch->part_count; i++)
        array_add_int(partitions, partition_number(commit->batch->parts[i].partition));
    struct parameter parameters[] = {commit_pipeline_name(commit), array_parameter(partitions)};
    return connection_send(commit->options.connection,
                           "SELECT partition, epoch, commit_seq FROM tributary.progress WHERE pipeline = $1"
                           " AND partition = ANY (SELECT n::integer FROM unnest($2::text[]) n)"
                           " ORDER BY partition FOR UPDATE",
                           parameters, 2, error);
}

static void add_time(struct buffer *array, int64_t time_us) {
    if (time_us == TIME_NONE)
        array_add(array, (struct span){0});
    else
        array_add_int(array, time_us);
}

static void add_ledger(struct commit *commit, struct buffer *array, const struct ledger *ledger) {
    struct buffer json;
    buffer_init(&json);
    ledger_json(&json, ledger);
    array_add(array, arena_copy(&commit->batch->arena, buffer_view(&json)));
    buffer_release(&json);
}

static void add_anchor(struct commit *commit, struct buffer *array, const struct anchor *anchor) {
    char *text = arena_bytes(&commit->batch->arena, ANCHOR_TEXT_MAX);
    if (anchor->offset < 0)
        array_add(array, (struct span){0});
    else
        array_add(array, (struct span){text, anchor_format(anchor, text)});
}

static void add_sources(struct commit *commit, struct buffer *array, const struct sources *sources) {
    struct marker marker = {0};
    struct buffer json;
    buffer_init(&json);
    marker_of_sources(&marker, sources);
    marker_write(&marker, &json);
    array_add(array,
              sources->count ? arena_copy(&commit->batch->arena, buffer_view(&json)) : (struct span){0});
    buffer_release(&json);
    marker_release(&marker);
}

static void add_progress(struct commit *commit, const struct batch_part *part) {
    const struct progress *progress = &part->cut.progress;
    struct buffer *at = commit->arrays;
    array_add_int(at++, partition_number(part->partition));
    array_add_int(at++, progress->touch_offset);
    array_add_int(at++, progress->conversion_offset);
    add_time(at++, progress->touch_max_time_us);
    add_time(at++, progress->conversion_max_time_us);
    add_ledger(commit, at++, &progress->touch_ledger);
    add_ledger(commit, at++, &progress->conversion_ledger);
    array_add_int(at++, (int64_t)progress->held.count);
    array_add_int(at++, (int64_t)progress->held.xor);
    add_time(at++, progress->held_from_us);
    array_add_int(at++, (int64_t)progress->generation);
    array_add_int(at++, progress->changelog_from);
    array_add_int(at++, progress->changelog_next);
    add_anchor(commit, at++, &progress->touch_anchor);
    add_anchor(commit, at++, &progress->conversion_anchor);
    array_add(at++, partition_ownership(part->partition)->fingerprint_stored
                        ? (struct span){0}
                        : span_of(commit->options.fingerprint));
    add_sources(commit, at++, part->cut.touch_sources);
    add_sources(commit, at++, part->cut.conversion_sources);
    array_add_int(at++, partition_ownership(part->partition)->epoch);
    array_add_int(at++, partition_ownership(part->partition)->commit_seq);
}

int commit_parts_to_write(const struct commit *commit) {
    int count = 0;
    for (int i = 0; i < commit->batch->part_count; i++) count += !commit->arrived[i];
    return count;
}

bool commit_send_progress(struct commit *commit, struct error *error) {
    int count = commit_parts_to_write(commit);
    for (int a = 0; a < PROGRESS_ARRAYS; a++) array_begin(&commit->arrays[a], count);
    for (int i = 0; i < commit->batch->part_count; i++)
        if (!commit->arrived[i]) add_progress(commit, &commit->batch->parts[i]);
    struct parameter parameters[PROGRESS_ARRAYS + 1] = {commit_pipeline_name(commit)};
    for (int a = 0; a < PROGRESS_ARRAYS; a++) parameters[a + 1] = array_parameter(&commit->arrays[a]);
    return connection_send(
        commit->options.connection,
        "UPDATE tributary.progress p SET commit_seq = p.commit_seq + 1, touch_offset = u.t::bigint,"
        " conversion_offset = u.c::bigint, touch_max_time_us = u.tm::bigint,"
        " conversion_max_time_us = u.cm::bigint, touch_ledger = u.tl::jsonb, conversion_ledger = u.cl::jsonb,"
        " held_count = u.hc::bigint, held_xor = u.hx::bigint, held_from_us = u.hf::bigint,"
        " generation = u.g::bigint, changelog_from = u.lf::bigint, changelog_next = u.ln::bigint,"
        " touch_anchor = u.ta, conversion_anchor = u.ca,"
        " fingerprint = coalesce(u.f::jsonb, p.fingerprint), touch_sources = u.ts::jsonb,"
        " conversion_sources = u.cs::jsonb, updated_at = now()"
        " FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],"
        " $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],"
        " $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[])"
        " u(n, t, c, tm, cm, tl, cl, hc, hx, hf, g, lf, ln, ta, ca, f, ts, cs, e, s)"
        " WHERE p.pipeline = $1 AND p.partition = u.n::integer AND p.epoch = u.e::bigint"
        " AND p.commit_seq = u.s::bigint",
        parameters, PROGRESS_ARRAYS + 1, error);
}

int commit_count_advances(const struct commit *commit) {
    int count = 0;
    for (int i = 0; i < commit->batch->part_count; i++) {
        const struct partition *partition = commit->batch->parts[i].partition;
        if (commit->arrived[i]) continue;
        count += partition_touch_advances(partition).count + partition_conversion_advances(partition).count;
    }
    return count;
}

static void add_advances(struct commit *commit, const char *input, int partition, struct advances advances) {
    for (int i = 0; i < advances.count; i++) {
        array_add(&commit->arrays[0], span_of(input));
        array_add_int(&commit->arrays[1], partition);
        array_add_int(&commit->arrays[2], advances.items[i].next_offset);
        array_add_int(&commit->arrays[3], advances.items[i].watermark_us);
    }
}

bool commit_send_advances(struct commit *commit, struct error *error) {
    const struct plan *plan = commit->options.plan;
    int count = commit_count_advances(commit);
    for (int a = 0; a < ADVANCE_ARRAYS; a++) array_begin(&commit->arrays[a], count);
    for (int i = 0; i < commit->batch->part_count; i++) {
        const struct partition *partition = commit->batch->parts[i].partition;
        if (commit->arrived[i]) continue;
        int number = partition_number(partition);
        add_advances(commit, plan->touches->name, number, partition_touch_advances(partition));
        add_advances(commit, plan->conversions->name, number, partition_conversion_advances(partition));
    }
    struct parameter parameters[ADVANCE_ARRAYS + 1] = {commit_pipeline_name(commit)};
    for (int a = 0; a < ADVANCE_ARRAYS; a++) parameters[a + 1] = array_parameter(&commit->arrays[a]);
    return connection_send(
        commit->options.connection,
        "INSERT INTO tributary.idle_advances AS a (pipeline, input, partition, next_offset, watermark_us)"
        " SELECT $1::text, u.i, u.n::integer, u.o::bigint, u.w::bigint"
        " FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) u(i, n, o, w)"
        " ON CONFLICT (pipeline, input, partition, next_offset)"
        " DO UPDATE SET watermark_us = greatest(a.watermark_us, EXCLUDED.watermark_us)",
        parameters, ADVANCE_ARRAYS + 1, error);
}
