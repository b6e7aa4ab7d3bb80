#include "pipeline/restore.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"
#include "kafka/client.h"
#include "pipeline/message.h"
#include "telemetry/errors.h"
#include "telemetry/log.h"

enum {
    SLICE_US = 5 * 1000,
    BATCH_MESSAGES = 64,
    SHORT_WAIT_US = 5 * 1000 * 1000, /* for a new leader that does not know yet how far the log reaches */
    REPORT_US = 5 * 1000 * 1000,
};

enum step { STEP_NONE, STEP_END, STEP_CHANGELOG, STEP_START, STEP_FIRST, STEP_TOUCHES };
enum { FOR_LOW, FOR_TIME };

struct restore {
    struct restore_options options;
    struct partition *partition;
    enum step step;
    bool asked; /* the prober */
    struct reader_partition *reading;
    int64_t next, to;    /* offsets of the log being read */
    bool ended;          /* its end has been seen … */
    int64_t ended_at_us; /* … then, for the first time */
    bool gone;           /* records were deleted before they were read */
    bool reaches_back;   /* the touch log still has every touch that is needed */
    int64_t low, from;   /* where it begins, and where reading it has to */
    int64_t started_us, reported_us;
    uint64_t records, damaged;
};

struct restore *restore_new(const struct restore_options *options) {
    struct restore *restore = memory_zalloc(1, sizeof *restore);
    restore->options = *options;
    return restore;
}

void restore_cancel(struct restore *restore) {
    if (restore->asked) prober_withdraw(restore->options.prober, restore->options.prober_slot);
    reader_close(restore->reading);
    struct restore_options options = restore->options;
    *restore = (struct restore){.options = options};
}

void restore_free(struct restore *restore) {
    if (!restore) return;
    restore_cancel(restore);
    free(restore);
}

static const struct progress *progress_of(const struct restore *restore) {
    return partition_progress(restore->partition);
}

static int number_of(const struct restore *restore) {
    return partition_number(restore->partition);
}

static const char *topic_of(const struct restore *restore) {
    const struct plan *plan = restore->options.plan;
    return restore->step == STEP_CHANGELOG ? plan->pipeline->changelog_topic : plan->touches->topic;
}

static bool open_log(struct restore *restore, enum step step, int64_t from, int64_t to, struct error *error) {
    restore->step = step;
    restore->next = from;
    restore->to = to;
    restore->ended = restore->gone = false;
    restore->reading =
        reader_open(restore->options.reader, topic_of(restore), number_of(restore), from, error);
    return restore->reading != NULL;
}

static void close_log(struct restore *restore) {
    reader_close(restore->reading);
    restore->reading = NULL;
}

const struct partition *restore_partition(const struct restore *restore) {
    return restore->partition;
}

static void begin(struct restore *restore, struct partition *partition) {
    restore->partition = partition;
    restore->started_us = restore->reported_us = clock_monotonic_us();
    partition_restore_begin(partition, RESTORE_CHANGELOG);
    restore->step = progress_of(restore)->changelog_next ? STEP_END : STEP_START;
}

static void ask(struct restore *restore, const struct probe *probes, int count) {
    if (!restore->asked) prober_ask(restore->options.prober, restore->options.prober_slot, probes, count);
    restore->asked = true;
}

static enum prober_state answers(struct restore *restore, const struct probe **probes, int *count,
                                 struct error *error) {
    enum prober_state state =
        prober_poll(restore->options.prober, restore->options.prober_slot, probes, count, error);
    if (state != PROBER_WAITING) restore->asked = false;
    return state;
}

/* --- how far the changelog reaches --- */

/* Read to the end that it has after the claim: so every block in it is known, and can be deleted one day. */
static enum restore_result begin_changelog(struct restore *restore, int64_t end, struct error *error) {
    const struct progress *progress = progress_of(restore);
    if (end < progress->changelog_next) {
        log_event(LOG_LEVEL_WARN, "changelog_shorter", "partition=%d end=%" PRId64 " was=%" PRId64,
                  number_of(restore), end, progress->changelog_next);
        partition_restore_shorter(restore->partition, end);
        restore->step = STEP_START;
        return RESTORE_RUNNING;
    }
    bool ok = open_log(restore, STEP_CHANGELOG, progress->changelog_from, end, error);
    return ok ? RESTORE_RUNNING : RESTORE_FAILED;
}

static enum restore_result poll_end(struct restore *restore, struct error *error) {
    struct probe question = {.topic = restore->options.plan->pipeline->changelog_topic,
                             .partition = number_of(restore),
                             .kind = PROBE_HIGH};
    const struct probe *probes;
    int count;
    ask(restore, &question, 1);
    switch (answers(restore, &probes, &count, error)) {
    case PROBER_NOTHING:
    case PROBER_WAITING: return RESTORE_RUNNING;
    case PROBER_FAILED: error_prefix(error, "changelog"); return RESTORE_FAILED;
    case PROBER_ANSWERED: break;
    }
    return begin_changelog(restore, probes[0].offset, error);
}

/* --- what is read --- */

static void judge_first(struct restore *restore, int64_t timestamp_us) {
    int64_t needed_us = time_add(partition_needed_from(restore->partition),
                                 -restore->options.plan->touches->time.max_future_us);
    restore->reaches_back = timestamp_us != TIME_NONE && timestamp_us < needed_us;
}

static void take_block(struct restore *restore, const rd_kafka_message_t *message) {
    struct error error;
    struct span key = {message->key, message->key_len}, value = {message->payload, message->len};
    if (partition_restore_block(restore->partition, key, value, message->offset, &error)) return;
    if (!restore->damaged++)
        log_repeated(LOG_LEVEL_WARN, "changelog_damaged", "partition=%d offset=%" PRId64 " error=%s",
                     number_of(restore), message->offset, LOG_QUOTE(error.message));
}

static void take_end(struct restore *restore, int64_t offset) {
    if (!restore->ended) restore->ended_at_us = clock_monotonic_us();
    restore->ended = true;
    if (offset > restore->next) restore->next = offset;
}

/* What is gone from the changelog is gone; what is gone from the touch log since it was asked is asked anew.
 */
static bool take_error(struct restore *restore, const rd_kafka_message_t *message, struct error *error) {
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        restore->gone = true;
        take_end(restore, restore->next);
        return true;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: take_end(restore, restore->next); return true;
    default: break;
    }
    if (client_error_class(message->err) != ERROR_RETRY)
        return client_error(error, message->err, "topic \"%s\" [%d]", topic_of(restore), number_of(restore));
    errors_count(ERRORS_KAFKA, rd_kafka_err2name(message->err), rd_kafka_err2name(message->err));
    log_repeated(LOG_LEVEL_WARN, "fetch", "topic=%s partition=%d error=%s", topic_of(restore),
                 number_of(restore), LOG_QUOTE(rd_kafka_message_errstr(message)));
    return true;
}

static bool take_message(struct restore *restore, const rd_kafka_message_t *message, struct error *error) {
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        take_end(restore, message->offset);
        return true;
    }
    if (message->err) return take_error(restore, message, error);
    restore->records++;
    restore->ended = false;
    restore->next = message->offset + 1;
    if (restore->step == STEP_CHANGELOG) {
        take_block(restore, message);
        return true;
    }
    struct record record = record_of_message(message, restore->options.plan->touches);
    if (restore->step == STEP_FIRST)
        judge_first(restore, record.timestamp_us);
    else
        partition_restore_touch(restore->partition, &record);
    return true;
}

/* Read by position; a log that ends before that may be the view of a new leader, for a moment. */
static bool log_is_read(const struct restore *restore) {
    return restore->next >= restore->to ||
           (restore->ended && clock_monotonic_us() - restore->ended_at_us > SHORT_WAIT_US);
}

/* One block is a lot of work, one touch is not. */
static bool read_slice(struct restore *restore, bool *any, struct error *error) {
    int64_t until = clock_monotonic_us() + SLICE_US;
    rd_kafka_message_t *messages[BATCH_MESSAGES];
    int max = restore->step == STEP_TOUCHES ? BATCH_MESSAGES : 1;
    bool ok = true;
    for (int count = 1; ok && count && !log_is_read(restore) && clock_monotonic_us() < until;) {
        count = reader_read(restore->reading, 0, messages, max);
        for (int i = 0; i < count; i++) {
            ok = ok && take_message(restore, messages[i], error);
            rd_kafka_message_destroy(messages[i]);
        }
        *any |= count > 0;
    }
    if (ok && !restore->ended && reader_missing(restore->reading)) take_end(restore, restore->next);
    return ok;
}

static void report(struct restore *restore) {
    int64_t now = clock_monotonic_us();
    if (now - restore->reported_us < REPORT_US) return;
    restore->reported_us = now;
    log_event(LOG_LEVEL_INFO, "restoring",
              "partition=%d topic=%s records=%" PRIu64 " next=%" PRId64 " to=%" PRId64 " touches=%" PRIu64,
              number_of(restore), topic_of(restore), restore->records, restore->next, restore->to,
              partition_held(restore->partition));
}

/* --- the ends --- */

static void report_done(const struct restore *restore, const char *source) {
    log_event(LOG_LEVEL_INFO, "restored",
              "partition=%d source=%s touches=%" PRIu64 " records=%" PRIu64 " restore_seconds=%.3f",
              number_of(restore), source, partition_held(restore->partition), restore->records,
              (double)(clock_monotonic_us() - restore->started_us) / 1e6);
}

static enum restore_result done(struct restore *restore, const char *source) {
    report_done(restore, source);
    FAULT_POINT("restore.done");
    restore_cancel(restore);
    return RESTORE_DONE;
}

static void report_incomplete(const struct restore *restore, const struct store_held *found) {
    const struct store_held *wanted = &progress_of(restore)->held;
    if (partition_needs_touches(restore->partition))
        log_event(LOG_LEVEL_INFO, "rebuilding", "partition=%d reason=\"the settings have changed\"",
                  number_of(restore));
    else
        log_event(LOG_LEVEL_WARN, "changelog_incomplete",
                  "partition=%d found=%" PRIu64 " wanted=%" PRIu64 " damaged=%" PRIu64, number_of(restore),
                  found->count, wanted->count, restore->damaged);
}

static enum restore_result end_changelog(struct restore *restore) {
    struct store_held found = {0};
    close_log(restore);
    FAULT_POINT("restore.changelog");
    if (!partition_needs_touches(restore->partition) && partition_restore_end(restore->partition, &found))
        return done(restore, "changelog");
    report_incomplete(restore, &found);
    restore->step = STEP_START;
    return RESTORE_RUNNING;
}

static bool refuse(const struct restore *restore, const struct store_held *found, struct error *error) {
    const struct progress *progress = progress_of(restore);
    const char *topic = restore->options.plan->touches->topic;
    if (!restore->reaches_back)
        return error_set(
            error, ERROR_CONFIG,
            "topic \"%s\" [%d] begins at offset %" PRId64
            ": touches that the pipeline needs are gone from it, and the changelog does not have them "
            "either\nhint: give the topic more retention than window and lateness together; "
            "`tributary reset` begins anew with what is there",
            topic, number_of(restore), restore->low);
    return error_set(
        error, ERROR_CONFIG,
        "the touches that partition %d needs cannot be found again: topic \"%s\" gives %" PRIu64
        ", the progress says %" PRIu64
        ", or they are others\nhint: records are gone from the topic, or it is not the topic that was "
        "read; `tributary reset` begins anew with what is there",
        number_of(restore), topic, found->count, progress->held.count);
}

static enum restore_result end_touches(struct restore *restore, struct error *error) {
    struct store_held found = {0};
    bool must_reach_back = partition_needs_touches(restore->partition);
    close_log(restore);
    FAULT_POINT("restore.touches");
    if (restore->gone) {
        restore->step = STEP_START;
        return RESTORE_RUNNING;
    }
    bool whole = restore->next >= restore->to && partition_restore_end(restore->partition, &found);
    if (whole && (restore->reaches_back || !must_reach_back)) return done(restore, "touches");
    refuse(restore, &found, error);
    return RESTORE_FAILED;
}

/* --- where to begin with the touches --- */

/* Every touch that a conversion to come may need has a record timestamp of at least its event time less
 * max_future. */
static void ask_start(struct restore *restore) {
    const struct input_config *touches = restore->options.plan->touches;
    int64_t needed_us = partition_needed_from(restore->partition);
    struct probe probes[] = {
        {.topic = touches->topic, .partition = number_of(restore), .kind = PROBE_LOW, .context = FOR_LOW},
        {.topic = touches->topic, .partition = number_of(restore), .kind = PROBE_LOW, .context = FOR_TIME}};
    if (needed_us != TIME_NONE) {
        probes[1].kind = PROBE_TIME;
        probes[1].time_us = needed_us - touches->time.max_future_us;
    }
    ask(restore, probes, 2);
}

static void take_answers(struct restore *restore, const struct probe *probes, int count) {
    int64_t start = progress_of(restore)->touch_start;
    for (int i = 0; i < count; i++) {
        if (probes[i].context == FOR_LOW) restore->low = probes[i].offset;
        if (probes[i].context == FOR_TIME) restore->from = probes[i].offset;
    }
    restore->reaches_back = restore->low <= start;
    if (restore->from < start) restore->from = start;
}

/* Where nothing else can tell, the first record there is must be older than what is needed. That reading
 * begins behind the first offset says nothing: the log may begin with offsets that have no record, after
 * transactions. */
static bool must_see_first(const struct restore *restore) {
    return partition_needs_touches(restore->partition) && !restore->reaches_back &&
           restore->low < restore->from;
}

static enum restore_result begin_touches(struct restore *restore, struct error *error) {
    int64_t to = progress_of(restore)->touch_offset;
    log_event(LOG_LEVEL_INFO, "rereading", "partition=%d topic=%s from=%" PRId64 " to=%" PRId64,
              number_of(restore), restore->options.plan->touches->topic, restore->from, to);
    partition_restore_begin(restore->partition, RESTORE_TOUCHES);
    restore->records = 0;
    if (restore->from < to) {
        FAULT_POINT("restore.touches_begin");
        return open_log(restore, STEP_TOUCHES, restore->from, to, error) ? RESTORE_RUNNING : RESTORE_FAILED;
    }
    restore->step = STEP_TOUCHES;
    restore->next = restore->to = to;
    restore->gone = false;
    return end_touches(restore, error);
}

static enum restore_result end_first(struct restore *restore, struct error *error) {
    close_log(restore);
    return begin_touches(restore, error);
}

static enum restore_result poll_start(struct restore *restore, struct error *error) {
    const struct probe *probes;
    int count;
    ask_start(restore);
    switch (answers(restore, &probes, &count, error)) {
    case PROBER_NOTHING:
    case PROBER_WAITING: return RESTORE_RUNNING;
    case PROBER_FAILED: return RESTORE_FAILED;
    case PROBER_ANSWERED: break;
    }
    take_answers(restore, probes, count);
    if (!must_see_first(restore)) return begin_touches(restore, error);
    return open_log(restore, STEP_FIRST, restore->low, restore->low + 1, error) ? RESTORE_RUNNING
                                                                                : RESTORE_FAILED;
}

enum restore_result restore_poll(struct restore *restore, struct partition *partition, bool *any,
                                 struct error *error) {
    switch (restore->step) {
    case STEP_NONE: begin(restore, partition); return RESTORE_RUNNING;
    case STEP_END: return poll_end(restore, error);
    case STEP_START: return poll_start(restore, error);
    case STEP_CHANGELOG:
    case STEP_FIRST:
    case STEP_TOUCHES: break;
    }
    if (!read_slice(restore, any, error)) return RESTORE_FAILED;
    report(restore);
    if (!log_is_read(restore)) return RESTORE_RUNNING;
    if (restore->step == STEP_CHANGELOG) return end_changelog(restore);
    return restore->step == STEP_FIRST ? end_first(restore, error) : end_touches(restore, error);
}
