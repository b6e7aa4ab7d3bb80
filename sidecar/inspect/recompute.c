#include "inspect/recompute.h"

#include <inttypes.h>
#include <string.h>

#include "pipeline/message.h"

enum { BATCH_ROWS = 2000, WARM_UP_RECORDS = 1000 };

/* --- where to begin --- */

/* The greatest event time among the first records of what is left of a log; TIME_NONE without any. */
static bool first_times(const struct inspection *inspection, const struct input_config *input, int partition,
                        int64_t from, int64_t end, struct decoder *decoder, int64_t *max_us,
                        struct error *error) {
    const rd_kafka_message_t *message;
    enum scan_result result = SCAN_END;
    *max_us = TIME_NONE;
    if (end > from + WARM_UP_RECORDS) end = from + WARM_UP_RECORDS;
    struct scan *scan = inspection_scan(inspection, input->topic, partition, from, end, error);
    if (!scan) return false;
    while ((result = scan_next(scan, &message, error)) == SCAN_RECORD) {
        struct record record = record_of_message(message, input);
        struct event event;
        enum outcome refused;
        if (decoder_read(decoder, &record, &event, &refused)) *max_us = time_max(*max_us, event.time_us);
    }
    scan_free(scan);
    return result == SCAN_END;
}

/* What an unknown part of a log may have had as its greatest event time. */
static int64_t unseen_max(int64_t first_us, int64_t bound_us, int64_t stored_max_us) {
    int64_t likely = time_add(first_us, bound_us);
    return first_us == TIME_NONE || likely > stored_max_us ? stored_max_us : likely;
}

/* Touches that are gone may have counted for conversions up to one window after the last of them. */
static bool judge_touches(const struct recompute_options *options, struct recompute_start *start,
                          struct error *error) {
    const struct plan *plan = options->join->plan;
    const struct progress *progress = &options->partition->stored.progress;
    int64_t first;
    if (!first_times(options->inspection, plan->touches, options->partition->stored.partition,
                     start->touch_offset, progress->touch_offset, options->join->touches, &first, error))
        return false;
    int64_t unseen = unseen_max(first, plan->touches->time.out_of_order_us, progress->touch_max_time_us);
    /* And where touches are capped, for one that they have left without room in their bucket. */
    if (plan->pipeline->attribute.touch_cap) unseen = time_add(unseen, plan->window.bucket_us);
    start->certain_from_us =
        time_max(start->certain_from_us, time_add(time_add(unseen, plan->window.window_us), 1));
    return true;
}

/* By conversions that are gone a later one may have been late. */
static bool judge_conversions(const struct recompute_options *options, struct recompute_start *start,
                              struct error *error) {
    const struct plan *plan = options->join->plan;
    const struct progress *progress = &options->partition->stored.progress;
    int64_t bound = plan->conversions->time.out_of_order_us, first;
    if (!first_times(options->inspection, plan->conversions, options->partition->stored.partition,
                     start->conversion_offset, options->conversion_end, options->join->conversions, &first,
                     error))
        return false;
    int64_t unseen = unseen_max(first, bound, progress->conversion_max_time_us);
    start->certain_from_us =
        time_max(start->certain_from_us, time_add(unseen, -bound - plan->window.lateness_us));
    return true;
}

/* `began` is -1 where the pipeline's beginning is not on record: then it was the topic's. */
static int64_t begin_at(int64_t began, int64_t low, bool *gone) {
    *gone = low > (began < 0 ? 0 : began);
    return *gone ? low : began < 0 ? 0 : began;
}

bool recompute_locate(const struct recompute_options *options, struct recompute_start *start,
                      struct error *error) {
    const struct inspected *partition = options->partition;
    const struct progress *progress = &partition->stored.progress;
    *start = (struct recompute_start){.certain_from_us = TIME_NONE};
    start->touch_offset = begin_at(progress->touch_start, partition->touches.low, &start->touches_gone);
    start->conversion_offset =
        begin_at(progress->conversion_start, partition->conversions.low, &start->conversions_gone);
    if (start->touches_gone && !judge_touches(options, start, error)) return false;
    return !start->conversions_gone || judge_conversions(options, start, error);
}

static uint64_t distance(int64_t from, int64_t to) {
    return to > from ? (uint64_t)(to - from) : 0;
}

uint64_t recompute_size(const struct recompute_options *options, const struct recompute_start *start) {
    return distance(start->touch_offset, options->partition->stored.progress.touch_offset) +
           distance(start->conversion_offset, options->conversion_end);
}

/* --- reading --- */

struct side {
    struct scan *scan;
    const struct input_config *input;
    int64_t end;
    bool ended;
};

struct recompute {
    const struct recompute_options *options;
    struct partition *partition;
    struct batch batch;
    struct side touches, conversions;
    uint64_t records;
};

static bool open_side(struct recompute *recompute, struct side *side, const struct input_config *input,
                      int64_t from, int64_t end, struct error *error) {
    *side = (struct side){.input = input, .end = end > from ? end : from};
    side->scan = inspection_scan(recompute->options->inspection, input->topic,
                                 partition_number(recompute->partition), from, side->end, error);
    return side->scan != NULL;
}

static bool too_short(const struct recompute *recompute, const struct side *side, struct error *error) {
    return error_set(error, ERROR_CONFIG,
                     "topic \"%s\" [%d] ends at offset %" PRId64 ", but the pipeline has read it to %" PRId64
                     ": it was deleted and made anew, or has lost records",
                     side->input->topic, partition_number(recompute->partition), scan_position(side->scan),
                     side->end);
}

static bool read_side(struct recompute *recompute, struct side *side,
                      void (*give)(struct partition *, const struct record *),
                      void (*skip)(struct partition *, int64_t), struct error *error) {
    const rd_kafka_message_t *message;
    struct record record;
    switch (scan_next(side->scan, &message, error)) {
    case SCAN_FAILED: return false;
    case SCAN_RECORD:
        record = record_of_message(message, side->input);
        give(recompute->partition, &record);
        recompute->records++;
        return true;
    case SCAN_END:
        if (scan_position(side->scan) < side->end) return too_short(recompute, side, error);
        side->ended = true;
        skip(recompute->partition, side->end);
        return true;
    }
    return false;
}

static bool read_one(struct recompute *recompute, struct error *error) {
    bool touch = recompute->conversions.ended ||
                 (!recompute->touches.ended && partition_touch_lags(recompute->partition));
    return touch ? read_side(recompute, &recompute->touches, partition_touch, partition_touch_skip, error)
                 : read_side(recompute, &recompute->conversions, partition_conversion,
                             partition_conversion_skip, error);
}

/* --- writing --- */

static bool flush(struct recompute *recompute, struct error *error) {
    const struct recompute_options *options = recompute->options;
    struct batch *batch = &recompute->batch;
    while (batch_take(batch, &recompute->partition, 1, BATCH_ROWS)) {
        if (!options->look_up(options->context, batch, error)) return false;
        batch_build(batch, options->check);
        if (!options->take(options->context, batch, recompute->records, error)) return false;
        batch_commit(batch);
        batch_reset(batch);
    }
    return true;
}

static bool all_read(const struct recompute *recompute) {
    return recompute->conversions.ended &&
           (recompute->touches.ended || !partition_waits_for_touches(recompute->partition));
}

static bool read_all(struct recompute *recompute, struct error *error) {
    while (!all_read(recompute)) {
        if (!read_one(recompute, error)) return false;
        if (recompute->records % BATCH_ROWS == 0 && !flush(recompute, error)) return false;
    }
    return flush(recompute, error);
}

static bool open_sides(struct recompute *recompute, const struct recompute_start *start,
                       struct error *error) {
    const struct recompute_options *options = recompute->options;
    const struct plan *plan = options->join->plan;
    return open_side(recompute, &recompute->touches, plan->touches, start->touch_offset,
                     options->partition->stored.progress.touch_offset, error) &&
           open_side(recompute, &recompute->conversions, plan->conversions, start->conversion_offset,
                     options->conversion_end, error);
}

static uint64_t count_undecided(const struct recompute *recompute) {
    int64_t committed = recompute->options->partition->stored.progress.conversion_offset;
    uint64_t end = partition_pending_end(recompute->partition), count = 0;
    for (uint64_t n = end - partition_pending(recompute->partition); n < end; n++)
        count += partition_pending_at(recompute->partition, n)->record.offset < committed;
    return count;
}

bool recompute_run(const struct recompute_options *options, const struct recompute_start *start,
                   uint64_t *undecided, struct error *error) {
    const struct claim *stored = &options->partition->stored;
    struct recompute recompute = {.options = options};
    recompute.partition = partition_new(options->join, stored->partition,
                                        &PROGRESS_START(start->touch_offset, start->conversion_offset),
                                        &stored->touch_advances, &stored->conversion_advances);
    batch_init(&recompute.batch, options->join->plan);
    bool ok = open_sides(&recompute, start, error) && read_all(&recompute, error);
    *undecided = ok ? count_undecided(&recompute) : 0;
    if (ok && partition_pending(recompute.partition)) {
        partition_advance_touches(recompute.partition);
        ok = flush(&recompute, error);
    }
    batch_release(&recompute.batch);
    scan_free(recompute.touches.scan);
    scan_free(recompute.conversions.scan);
    partition_free(recompute.partition);
    return ok;
}
