#include "inspect/walk.h"

#include "pipeline/message.h"

bool walk_open(struct walk *walk, const struct walk_options *options, struct error *error) {
    *walk = (struct walk){.options = *options, .watermark = WATERMARK_START, .marker = -1};
    walk->scan = inspection_scan(options->inspection, options->input->topic, options->partition,
                                 options->from, options->end, error);
    return walk->scan != NULL;
}

void walk_close(struct walk *walk) {
    scan_free(walk->scan);
    source_log_release(&walk->sources);
    *walk = (struct walk){0};
}

static void apply_advances(struct walk *walk, int64_t offset) {
    const struct advances *stored = walk->options.advances;
    while (walk->applied < stored->count && stored->items[walk->applied].next_offset <= offset)
        watermark_advance(&walk->watermark, stored->items[walk->applied++].watermark_us);
}

int64_t walk_watermark(const struct walk *walk) {
    return watermark_value(&walk->watermark, walk->options.input->time.out_of_order_us);
}

const struct advance *walk_last_advance(const struct walk *walk) {
    return walk->applied ? &walk->options.advances->items[walk->applied - 1] : NULL;
}

static bool take_marker(struct walk *walk, const struct record *record) {
    if (!record->marker || !source_log_take(&walk->sources, record)) return false;
    int64_t before_us = walk->watermark.max_time_us;
    watermark_observe(&walk->watermark, sources_time(&walk->sources.now));
    if (walk->watermark.max_time_us > before_us) walk->marker = record->offset;
    return true;
}

static void decode(struct walk *walk, const struct record *record, struct walked *walked) {
    *walked = (struct walked){.record = *record};
    walked->watermark_us = walk_watermark(walk);
    walked->readable = decoder_read(walk->options.decoder, &walked->record, &walked->event, &walked->refused);
    if (walked->readable && !walk->options.input->repartition.present)
        watermark_observe(&walk->watermark, walked->event.time_us);
    if (!walked->readable) walked->detail = decoder_detail(walk->options.decoder);
}

enum scan_result walk_next(struct walk *walk, struct walked *walked, struct error *error) {
    const rd_kafka_message_t *message;
    enum scan_result result;
    while ((result = scan_next(walk->scan, &message, error)) == SCAN_RECORD) {
        struct record record = record_of_message(message, walk->options.input);
        apply_advances(walk, record.offset);
        if (take_marker(walk, &record)) continue;
        decode(walk, &record, walked);
        return result;
    }
    if (result == SCAN_END) apply_advances(walk, walk->options.end);
    return result;
}
