#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/message.h"
#include "pipeline/rekeyer_internal.h"
#include "telemetry/log.h"
#include "transform/rekey.h"

enum { FULL_MS = 5, PROBE_US = 100 * 1000 };

/* --- reading --- */

static void take_end(struct rekey_source *source, int64_t next) {
    if (next < source->next) return; /* of a fetch that began earlier */
    rekey_source_pass(source, next < source->end ? next : source->end);
    source->at_end = true;
}

static bool judge_anchor(const struct rekeyer *rekeyer, const struct rekey_source *source,
                         const rd_kafka_message_t *message, struct error *error) {
    struct record record = record_of_source(message);
    return record.offset != source->anchor.offset || anchor_matches(&source->anchor, &record) ||
           message_refuse_other(message, rekeyer_input(rekeyer, source)->source_topic, error);
}

/* The key and the time; a record without either goes on as it is, and the join says why it is of no use or
 * counts it as filtered. */
static struct span key_of(struct rekeyer *rekeyer, const struct rekey_source *source,
                          const struct record *record, int64_t *time_us) {
    struct event event;
    enum outcome refused;
    *time_us = TIME_NONE;
    if (!decoder_read(rekeyer->decoders[source->input], record, &event, &refused)) return (struct span){0};
    *time_us = event.time_us;
    if (event.filtered_by) return (struct span){0};
    return rekey_key(&event.fields[0], &rekeyer->key) ? buffer_view(&rekeyer->key) : (struct span){0};
}

/* Into the topic of the input, or the dead letters, or nowhere: as the lookups say. `value`: with what they
 * found. */
static bool send_on(struct rekeyer *rekeyer, struct rekey_source *source, const rd_kafka_message_t *message,
                    struct span key, struct span value, bool *full, struct error *error) {
    struct rekey_lookups *lookups = rekeyer->lookups[source->input];
    const struct lookup_config *missing = lookups ? rekey_lookups_missing(lookups, rekeyer->held_at) : NULL;
    uint64_t *count = &source->ledger.forwarded;
    bool ok = true;
    if (missing && missing->missing == MISSING_DROP) {
        count = &source->ledger.filtered;
    } else if (missing) {
        char why[200];
        snprintf(why, sizeof why, "lookup \"%s\" has no row for it in \"%s\"", missing->name, missing->table);
        count = &source->ledger.dead_letters;
        ok = rekey_writer_bury(rekeyer->writer, source, message, OUTCOME_LOOKUP_MISSING, why, full, error);
    } else {
        ok = rekey_writer_send(rekeyer->writer, source, message, key, value, full, error);
        if (!ok && error->class == ERROR_POISON) { /* larger than any client sends */
            count = &source->ledger.dead_letters;
            ok = rekey_writer_bury(rekeyer->writer, source, message, OUTCOME_MALFORMED, error->message, full,
                                   error);
        }
    }
    if (ok && !*full) ++*count;
    return ok;
}

static bool forward(struct rekeyer *rekeyer, struct rekey_source *source, const rd_kafka_message_t *message,
                    bool *full, struct error *error) {
    struct record record = record_of_source(message);
    if (record.offset < source->next) return judge_anchor(rekeyer, source, message, error);
    if (record.offset >= source->end) {
        rekey_source_pass(source, source->end);
        return true;
    }
    int64_t time_us;
    struct record extended = record;
    struct rekey_lookups *lookups = rekeyer->lookups[source->input];
    struct span value =
        lookups ? rekey_lookups_value(lookups, rekeyer->held_at, record.value) : (struct span){0};
    if (value.data) extended.value = value;
    struct span key = key_of(rekeyer, source, &extended, &time_us);
    if (!send_on(rekeyer, source, message, key, value, full, error)) return false;
    if (*full) return true;
    source->anchor = anchor_of(&record);
    source->time.max_time_us = time_max(source->time.max_time_us, time_us);
    source->active_us = clock_monotonic_us();
    source->at_end = source->time.idle = source->probing = false;
    rekey_source_pass(source, record.offset + 1);
    return true;
}

static bool take(struct rekeyer *rekeyer, struct rekey_source *source, const rd_kafka_message_t *message,
                 bool *full, struct error *error) {
    *full = false;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        take_end(source, message->offset);
        return true;
    }
    if (!message->err) return forward(rekeyer, source, message, full, error);
    source->active_us = clock_monotonic_us();
    source->at_end = source->time.idle = source->probing = false;
    return message_take_error(message, rekeyer_input(rekeyer, source)->source_topic, source->next, error);
}

/* Whether what was looked up for the messages held is there. A database that is away is waited for: the
 * transaction with what came before is committed meanwhile. */
static bool is_answered(struct rekeyer *rekeyer, bool *answered, struct error *error) {
    *answered = true;
    if (rekeyer->held_at == rekeyer->held_count) return true;
    struct rekey_lookups *lookups = rekeyer->lookups[rekeyer->sources[rekeyer->held_source].input];
    if (!lookups || rekey_lookups_poll(lookups, answered, error)) return true;
    if (error->class != ERROR_RETRY) return false;
    log_repeated(LOG_LEVEL_WARN, "rekey_lookups", "worker=%d error=%s", rekeyer->number,
                 LOG_QUOTE(error->message));
    return true;
}

bool rekeyer_take_held(struct rekeyer *rekeyer, bool *full, struct error *error) {
    bool ok, answered;
    if (!is_answered(rekeyer, &answered, error)) return false;
    *full = !answered;
    ok = true;
    while (ok && !*full && rekeyer->held_at < rekeyer->held_count) {
        rd_kafka_message_t *message = rekeyer->held[rekeyer->held_at];
        ok = take(rekeyer, &rekeyer->sources[rekeyer->held_source], message, full, error);
        if (*full) break;
        rd_kafka_message_destroy(message);
        rekeyer->held_at++;
    }
    return ok;
}

static bool read_source(struct rekeyer *rekeyer, int i, bool *full, struct error *error) {
    const struct consumer_partition *at = &rekeyer->assigned[i];
    rekeyer->held_at = 0;
    rekeyer->held_source = i;
    rekeyer->held_count =
        consumer_read(rekeyer->consumer, at->topic, at->partition, rekeyer->held, READ_MESSAGES);
    struct rekey_lookups *lookups = rekeyer->lookups[rekeyer->sources[i].input];
    if (lookups && rekeyer->held_count) rekey_lookups_start(lookups, rekeyer->held, rekeyer->held_count);
    return rekeyer_take_held(rekeyer, full, error);
}

bool rekeyer_read(struct rekeyer *rekeyer, bool *any, struct error *error) {
    bool full;
    int64_t until[REKEYER_INPUTS];
    if (!rekeyer_take_held(rekeyer, &full, error)) return false;
    rekey_sources_step(rekeyer->sources, rekeyer->source_count,
                       rekeyer_pipeline(rekeyer)->attribute.max_drift_us, until, REKEYER_INPUTS);
    for (int i = 0; i < rekeyer->source_count && !full; i++) {
        const struct rekey_source *source = &rekeyer->sources[i];
        if (rekey_source_is_read(source) || source->time.max_time_us > until[source->input]) continue;
        if (!read_source(rekeyer, i, &full, error)) return false;
        *any |= rekeyer->held_count > 0;
    }
    rekey_writer_poll(rekeyer->writer, full ? FULL_MS : 0);
    return true;
}

/* --- idleness --- */

static bool seems_idle(const struct rekeyer *rekeyer, const struct rekey_source *source, int64_t now) {
    int64_t timeout_us = rekeyer_input(rekeyer, source)->idle_timeout_us;
    return timeout_us > 0 && source->at_end && !source->time.idle && !source->probing &&
           now - source->active_us >= timeout_us;
}

static void ask_idle(struct rekeyer *rekeyer, int64_t now) {
    struct probe *probes = memory_zalloc((size_t)rekeyer->source_count, sizeof *probes);
    int count = 0;
    for (int i = 0; i < rekeyer->source_count; i++) {
        struct rekey_source *source = &rekeyer->sources[i];
        if (!seems_idle(rekeyer, source, now)) continue;
        source->probing = true;
        probes[count++] = (struct probe){.topic = rekeyer_input(rekeyer, source)->source_topic,
                                         .partition = source->partition,
                                         .kind = PROBE_HIGH,
                                         .context = (uint64_t)i};
    }
    if (count) prober_ask(rekeyer->prober, PROBE_IDLE, probes, count);
    free(probes);
}

static void judge_idle(struct rekeyer *rekeyer, const struct probe *probe, int64_t now) {
    struct rekey_source *source = &rekeyer->sources[probe->context];
    if (!source->probing) return; /* a record or an error has come since the question */
    source->probing = false;
    source->time.idle = source->at_end && source->next == probe->offset;
    if (source->time.idle)
        log_event(LOG_LEVEL_INFO, "source_idle", "topic=%s partition=%d offset=%" PRId64, probe->topic,
                  probe->partition, probe->offset);
    else
        source->active_us = now;
}

bool rekeyer_serve_idle(struct rekeyer *rekeyer, int64_t now, struct error *error) {
    const struct probe *probes;
    int count;
    bool once = rekeyer->shared->ends[0] || rekeyer->shared->ends[1];
    if (once || now - rekeyer->probed_at_us < PROBE_US) return true;
    rekeyer->probed_at_us = now;
    switch (prober_poll(rekeyer->prober, PROBE_IDLE, &probes, &count, error)) {
    case PROBER_NOTHING: ask_idle(rekeyer, now); return true;
    case PROBER_WAITING: return true;
    case PROBER_FAILED: return false;
    case PROBER_ANSWERED: break;
    }
    for (int i = 0; i < count; i++) judge_idle(rekeyer, &probes[i], now);
    return true;
}
