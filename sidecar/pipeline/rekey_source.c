#include "pipeline/rekey_source.h"

#include <inttypes.h>
#include <yyjson.h>

static uint64_t count_of(yyjson_val *root, const char *name) {
    yyjson_val *count = yyjson_obj_get(root, name);
    return yyjson_is_uint(count) ? yyjson_get_uint(count) : 0;
}

static void load_metadata(struct rekey_source *source, yyjson_val *root) {
    yyjson_val *time = yyjson_obj_get(root, "time");
    if (yyjson_is_sint(time) || (yyjson_is_uint(time) && yyjson_get_uint(time) <= INT64_MAX))
        source->time.max_time_us = yyjson_get_sint(time);
    source->anchor = anchor_parse(yyjson_get_str(yyjson_obj_get(root, "anchor")));
    source->ledger = (struct rekey_ledger){
        .forwarded = count_of(root, "forwarded"),
        .filtered = count_of(root, "filtered"),
        .dead_letters = count_of(root, "dead_letters"),
    };
}

void rekey_source_load(struct rekey_source *source, int64_t offset, const char *metadata) {
    source->next = source->stored_next = offset;
    source->time = source->told = (struct source_time){.max_time_us = TIME_NONE};
    source->ledger = (struct rekey_ledger){0};
    source->high = -1;
    source->at_end = source->probing = false; /* both are found out anew */
    source->anchor = ANCHOR_NONE;
    yyjson_doc *doc = metadata ? yyjson_read(metadata, strlen(metadata), 0) : NULL;
    load_metadata(source, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    source->stored = source->ledger;
}

void rekey_source_metadata(const struct rekey_source *source, struct buffer *out) {
    char anchor[ANCHOR_TEXT_MAX];
    buffer_text(out, "{\"version\":1");
    if (source->time.max_time_us != TIME_NONE)
        buffer_printf(out, ",\"time\":%" PRId64, source->time.max_time_us);
    if (source->anchor.offset >= 0) {
        anchor_format(&source->anchor, anchor);
        buffer_printf(out, ",\"anchor\":\"%s\"", anchor);
    }
    buffer_printf(out, ",\"forwarded\":%" PRIu64 ",\"filtered\":%" PRIu64 ",\"dead_letters\":%" PRIu64 "}",
                  source->ledger.forwarded, source->ledger.filtered, source->ledger.dead_letters);
}

bool rekey_source_has_news(const struct rekey_source *source) {
    return source->time.max_time_us > source->told.max_time_us || source->time.idle != source->told.idle;
}

bool rekey_source_is_read(const struct rekey_source *source) {
    return source->next >= source->end;
}

int64_t rekey_source_start(const struct rekey_source *source, int64_t low) {
    bool there = source->anchor.offset >= low && source->anchor.offset < source->next;
    return there ? source->anchor.offset : source->next;
}

void rekey_source_pass(struct rekey_source *source, int64_t next) {
    if (next > source->next) source->next = next;
}

void rekey_sources_step(const struct rekey_source *sources, int count, int64_t drift_us, int64_t *until,
                        int inputs) {
    for (int i = 0; i < inputs; i++) until[i] = TIME_END;
    for (int i = 0; i < count; i++) {
        const struct rekey_source *source = &sources[i];
        int64_t *least = &until[source->input];
        if (!source->at_end && !rekey_source_is_read(source) && source->time.max_time_us < *least)
            *least = source->time.max_time_us;
    }
    for (int i = 0; i < inputs; i++) until[i] = time_add(until[i], drift_us);
}
