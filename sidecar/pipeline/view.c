#include "pipeline/view.h"

#include <stdlib.h>
#include <time.h>
#include <yyjson.h>

#include "base/time.h"

const char *view_state_name(enum partition_state state) {
    static const char *const names[PARTITION_STATES] = {"assigned", "restoring", "running"};
    return names[state];
}

const char *view_wait_name(enum wait_reason reason) {
    static const char *const names[WAIT_REASONS] = {"drift", "memory"};
    return names[reason];
}

const char *view_phase_name(enum rekey_phase phase) {
    static const char *const names[] = {"unassigned", "fetching_offsets", "locating", "running"};
    return names[phase];
}

static int64_t lag_of(int64_t high, int64_t next) {
    if (high < 0) return -1;
    return high > next ? high - next : 0; /* the end may be some seconds old */
}

int64_t view_lag(const struct partition_gauges *partition, int side) {
    return lag_of(partition->high[side], partition->next[side]);
}

int64_t view_source_lag(const struct rekey_source_gauges *source) {
    return lag_of(source->high, source->next);
}

/* --- the status, as JSON --- */

static void add_time(yyjson_mut_doc *doc, yyjson_mut_val *map, const char *name, int64_t time_us) {
    char text[40];
    struct tm utc;
    time_t seconds = (time_t)(time_us / TIME_SECOND);
    if (time_us == TIME_NONE || time_us == TIME_END || !gmtime_r(&seconds, &utc)) {
        yyjson_mut_obj_add_null(doc, map, name);
        return;
    }
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    yyjson_mut_obj_add_strcpy(doc, map, name, text);
}

static yyjson_mut_val *side_of(const struct view *view, const struct partition_gauges *partition, int side,
                               yyjson_mut_doc *doc) {
    yyjson_mut_val *map = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, map, "input", view->inputs[side]);
    yyjson_mut_obj_add_sint(doc, map, "next_offset", partition->next[side]);
    yyjson_mut_obj_add_sint(doc, map, "committed_offset", partition->committed[side]);
    if (partition->high[side] >= 0) {
        yyjson_mut_obj_add_sint(doc, map, "high_watermark_offset", partition->high[side]);
        yyjson_mut_obj_add_sint(doc, map, "lag_records", view_lag(partition, side));
    }
    add_time(doc, map, "watermark", partition->watermark_us[side]);
    yyjson_mut_obj_add_bool(doc, map, "idle", partition->idle[side]);
    if (view->rekeyed[side]) yyjson_mut_obj_add_bool(doc, map, "stalled", partition->stalled[side]);
    for (enum wait_reason reason = 0; reason < WAIT_REASONS; reason++)
        if (partition->waits[side][reason])
            yyjson_mut_obj_add_str(doc, map, "waiting_because_of", view_wait_name(reason));
    return map;
}

static yyjson_mut_val *partition_of(const struct view *view, const struct partition_gauges *partition,
                                    yyjson_mut_doc *doc) {
    yyjson_mut_val *map = yyjson_mut_obj(doc), *logs;
    yyjson_mut_obj_add_int(doc, map, "partition", partition->number);
    yyjson_mut_obj_add_str(doc, map, "state", view_state_name(partition->state));
    if (partition->state == PARTITION_ASSIGNED) return map;
    yyjson_mut_obj_add_uint(doc, map, "touches_held", partition->touches);
    yyjson_mut_obj_add_uint(doc, map, "touches_held_bytes", partition->touch_bytes);
    yyjson_mut_obj_add_uint(doc, map, "conversions_pending", partition->pending);
    logs = yyjson_mut_obj_add_arr(doc, map, "inputs");
    for (int side = 0; side < 2; side++) yyjson_mut_arr_append(logs, side_of(view, partition, side, doc));
    return map;
}

static yyjson_mut_val *worker_of(const struct view *view, int number, yyjson_mut_doc *doc) {
    const struct worker_gauges *worker = &view->workers[number];
    const struct health_worker *health = &view->health.workers[number];
    yyjson_mut_val *map = yyjson_mut_obj(doc), *partitions;
    yyjson_mut_obj_add_int(doc, map, "worker", number);
    yyjson_mut_obj_add_bool(doc, map, "in_group", worker->member);
    yyjson_mut_obj_add_bool(doc, map, "claiming", worker->claiming);
    if (health->turned_us)
        yyjson_mut_obj_add_real(doc, map, "turn_age_seconds",
                                (double)time_max(view->now_us - health->turned_us, 0) / 1e6);
    add_time(doc, map, "last_commit", worker->commits.last_us ? worker->commits.last_us : TIME_NONE);
    yyjson_mut_obj_add_uint(doc, map, "commits", worker->commits.commits);
    yyjson_mut_obj_add_uint(doc, map, "rows_written", worker->commits.rows);
    yyjson_mut_obj_add_uint(doc, map, "early_rows_written", worker->commits.early[EARLY_WRITTEN]);
    yyjson_mut_obj_add_uint(doc, map, "early_rows_corrected", worker->commits.early[EARLY_CORRECTED]);
    yyjson_mut_obj_add_sint(doc, map, "memory_held_bytes", worker->held);
    yyjson_mut_obj_add_sint(doc, map, "memory_share_bytes", worker->share);
    partitions = yyjson_mut_obj_add_arr(doc, map, "partitions");
    for (int i = 0; i < view->partition_count; i++)
        if (view->partitions[i]->worker == number)
            yyjson_mut_arr_append(partitions, partition_of(view, view->partitions[i], doc));
    return map;
}

/* --- re-keying --- */

static yyjson_mut_val *source_of(const struct view *view, const struct rekey_source_gauges *source,
                                 yyjson_mut_doc *doc) {
    yyjson_mut_val *map = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, map, "input", view->inputs[source->side]);
    yyjson_mut_obj_add_int(doc, map, "partition", source->partition);
    yyjson_mut_obj_add_str(doc, map, "phase", view_phase_name(source->phase));
    if (source->phase != PHASE_RUNNING) return map;
    yyjson_mut_obj_add_sint(doc, map, "next_offset", source->next);
    if (source->committed >= 0) yyjson_mut_obj_add_sint(doc, map, "committed_offset", source->committed);
    if (source->high >= 0) {
        yyjson_mut_obj_add_sint(doc, map, "high_watermark_offset", source->high);
        yyjson_mut_obj_add_sint(doc, map, "lag_records", view_source_lag(source));
    }
    add_time(doc, map, "watermark", source->max_time_us);
    yyjson_mut_obj_add_bool(doc, map, "idle", source->idle);
    yyjson_mut_obj_add_uint(doc, map, "forwarded", source->records.forwarded);
    yyjson_mut_obj_add_uint(doc, map, "filtered", source->records.filtered);
    yyjson_mut_obj_add_uint(doc, map, "dead_letters", source->records.dead_letters);
    return map;
}

static yyjson_mut_val *rekeyer_of(const struct view *view, int number, yyjson_mut_doc *doc) {
    const struct rekeyer_gauges *rekeyer = &view->rekeyers[number];
    const struct health_worker *health = &view->health.rekeyers[number];
    yyjson_mut_val *map = yyjson_mut_obj(doc), *sources;
    yyjson_mut_obj_add_int(doc, map, "worker", number);
    yyjson_mut_obj_add_bool(doc, map, "in_group", rekeyer->member);
    yyjson_mut_obj_add_bool(doc, map, "begun", rekeyer->begun);
    if (health->turned_us)
        yyjson_mut_obj_add_real(doc, map, "turn_age_seconds",
                                (double)time_max(view->now_us - health->turned_us, 0) / 1e6);
    yyjson_mut_obj_add_uint(doc, map, "transactions_committed", rekeyer->transactions.committed);
    yyjson_mut_obj_add_uint(doc, map, "transactions_aborted", rekeyer->transactions.aborted);
    sources = yyjson_mut_obj_add_arr(doc, map, "sources");
    for (int i = 0; i < view->source_count; i++)
        if (view->sources[i]->worker == number)
            yyjson_mut_arr_append(sources, source_of(view, view->sources[i], doc));
    return map;
}

/* Only where an input is re-keyed; an empty list where other processes do it. */
static void add_repartition(const struct view *view, yyjson_mut_doc *doc, yyjson_mut_val *root) {
    if (!view->rekeyed[0] && !view->rekeyed[1]) return;
    yyjson_mut_val *rekeyers = yyjson_mut_obj_add_arr(doc, root, "repartition");
    for (int r = 0; r < view->rekeyer_count; r++) yyjson_mut_arr_append(rekeyers, rekeyer_of(view, r, doc));
}

/* --- the whole --- */

static void add_last_error(const struct view *view, yyjson_mut_doc *doc, yyjson_mut_val *root) {
    static const char *const sources[ERRORS_SOURCES] = {"postgres", "kafka"};
    if (!view->errors->last_us) {
        yyjson_mut_obj_add_null(doc, root, "last_error");
        return;
    }
    yyjson_mut_val *map = yyjson_mut_obj_add_obj(doc, root, "last_error");
    yyjson_mut_obj_add_str(doc, map, "source", sources[view->errors->last_source]);
    yyjson_mut_obj_add_str(doc, map, "code", view->errors->last_code);
    add_time(doc, map, "at", view->errors->last_us);
}

static void add_health(const struct view *view, yyjson_mut_doc *doc, yyjson_mut_val *root) {
    struct buffer why;
    buffer_init(&why);
    yyjson_mut_obj_add_bool(doc, root, "alive", health_is_alive(&view->health, view->now_us, &why));
    yyjson_mut_obj_add_bool(doc, root, "ready", health_is_ready(&view->health, view->now_us, &why));
    buffer_release(&why);
    if (view->health.refused)
        yyjson_mut_obj_add_str(doc, root, "refused", view->health.refused);
    else
        yyjson_mut_obj_add_null(doc, root, "refused");
}

void view_status(const struct view *view, struct buffer *out) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "version", TRIBUTARY_VERSION);
    yyjson_mut_obj_add_str(doc, root, "pipeline", view->pipeline);
    if (view->process.started_us > 0)
        yyjson_mut_obj_add_real(doc, root, "uptime_seconds",
                                (double)time_max(view->wall_us - view->process.started_us, 0) / 1e6);
    add_health(view, doc, root);
    add_last_error(view, doc, root);
    yyjson_mut_val *workers = yyjson_mut_obj_add_arr(doc, root, "workers");
    for (int w = 0; w < view->worker_count; w++) yyjson_mut_arr_append(workers, worker_of(view, w, doc));
    add_repartition(view, doc, root);
    size_t len;
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_PRETTY, &len);
    if (text) buffer_append(out, text, len);
    buffer_byte(out, '\n');
    free(text);
    yyjson_mut_doc_free(doc);
}
