#include "transform/marker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <yyjson.h>

#include "base/memory.h"

void marker_release(struct marker *marker) {
    free(marker->entries);
    *marker = (struct marker){0};
}

void marker_begin(struct marker *marker, int sources) {
    marker->sources = sources;
    marker->count = 0;
}

void marker_add(struct marker *marker, int source, struct source_time time) {
    if (marker->count == marker->capacity) {
        marker->capacity = marker->capacity ? marker->capacity * 2 : 8;
        marker->entries = memory_realloc(marker->entries, (size_t)marker->capacity * sizeof *marker->entries);
    }
    marker->entries[marker->count++] = (struct marker_entry){source, time};
}

void marker_write(const struct marker *marker, struct buffer *out) {
    buffer_printf(out, "{\"sources\":%d,\"at\":[", marker->sources);
    for (int i = 0; i < marker->count; i++) {
        const struct marker_entry *entry = &marker->entries[i];
        buffer_printf(out, "%s[%d,", i ? "," : "", entry->source);
        if (entry->time.max_time_us == TIME_NONE)
            buffer_text(out, "null");
        else
            buffer_printf(out, "%" PRId64, entry->time.max_time_us);
        buffer_text(out, entry->time.idle ? ",true]" : ",false]");
    }
    buffer_text(out, "]}");
}

static bool is_time(yyjson_val *time) {
    return yyjson_is_null(time) || yyjson_is_sint(time) ||
           (yyjson_is_uint(time) && yyjson_get_uint(time) <= INT64_MAX);
}

static bool parse_entry(struct marker *marker, yyjson_val *item) {
    yyjson_val *source = yyjson_arr_get(item, 0), *time = yyjson_arr_get(item, 1),
               *idle = yyjson_arr_get(item, 2);
    if (!yyjson_is_uint(source) || yyjson_get_uint(source) >= (uint64_t)marker->sources) return false;
    if (!is_time(time) || !yyjson_is_bool(idle)) return false;
    int64_t max_time_us = yyjson_is_null(time) ? TIME_NONE : yyjson_get_sint(time);
    marker_add(marker, (int)yyjson_get_uint(source),
               (struct source_time){max_time_us, yyjson_get_bool(idle)});
    return true;
}

static bool parse_all(struct marker *marker, yyjson_val *root) {
    yyjson_val *sources = yyjson_obj_get(root, "sources"), *at = yyjson_obj_get(root, "at"), *item;
    if (!yyjson_is_uint(sources) || yyjson_get_uint(sources) > SOURCES_MAX || !yyjson_is_arr(at))
        return false;
    marker->sources = (int)yyjson_get_uint(sources);
    yyjson_arr_iter iter = yyjson_arr_iter_with(at);
    while ((item = yyjson_arr_iter_next(&iter)))
        if (!parse_entry(marker, item)) return false;
    return true;
}

bool marker_parse(struct marker *marker, struct span json) {
    marker_begin(marker, 0);
    yyjson_doc *doc = json.data ? yyjson_read(json.data, json.len, 0) : NULL;
    bool ok = doc && parse_all(marker, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    if (!ok) marker_begin(marker, 0);
    return ok;
}

void marker_of_sources(struct marker *marker, const struct sources *sources) {
    marker_begin(marker, sources->count);
    for (int i = 0; i < sources->count; i++)
        if (sources->items[i].max_time_us != TIME_NONE || sources->items[i].idle)
            marker_add(marker, i, sources->items[i]);
}

void marker_apply(const struct marker *marker, struct sources *sources) {
    sources_grow(sources, marker->sources);
    for (int i = 0; i < marker->count; i++)
        sources_set(sources, marker->entries[i].source, marker->entries[i].time);
}

size_t marker_source_format(int32_t partition, int64_t offset, char *text) {
    return (size_t)snprintf(text, MARKER_SOURCE_MAX, "%" PRId32 "/%" PRId64, partition, offset);
}

/* A number of digits alone, up to `max`. */
static bool parse_number(const char **at, const char *end, int64_t max, int64_t *number) {
    const char *start = *at;
    for (*number = 0; *at < end && **at >= '0' && **at <= '9'; ++*at) {
        if (*number > (max - (**at - '0')) / 10) return false;
        *number = *number * 10 + (**at - '0');
    }
    return *at > start;
}

bool marker_source_parse(struct span text, int32_t *partition, int64_t *offset) {
    const char *at = text.data, *end = at + text.len;
    int64_t number;
    if (!at || !parse_number(&at, end, INT32_MAX, &number) || at == end || *at++ != '/') return false;
    *partition = (int32_t)number;
    return parse_number(&at, end, INT64_MAX, offset) && at == end;
}
