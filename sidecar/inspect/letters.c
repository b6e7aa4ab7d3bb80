#include "inspect/letters.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"

enum { DETAIL_BYTES = 500, ORIGIN_MAX = 400 };

struct reading {
    struct letters *letters;
    const struct letters_filter *filter;
    void (*passed)(void *, uint64_t, uint64_t);
    void *context;
};

static int topic_of(struct letters *letters, struct span name) {
    for (int i = 0; i < letters->topic_count; i++)
        if (span_is(name, letters->topics[i])) return i;
    letters->topics = memory_realloc(letters->topics, (size_t)(letters->topic_count + 1) * sizeof(char *));
    letters->topics[letters->topic_count] = memory_strndup(name.len ? name.data : "", name.len);
    return letters->topic_count++;
}

static bool is_wanted(const struct letters_filter *filter, const struct dead_letter_found *found) {
    return (!filter->reasons || filter->reasons & UINT64_C(1) << found->reason) &&
           (!filter->topic || span_is(found->topic, filter->topic)) && found->time_us >= filter->since_us &&
           found->time_us < filter->until_us;
}

static struct span shortened(struct arena *arena, struct span text) {
    if (text.len > DETAIL_BYTES) text.len = DETAIL_BYTES;
    return arena_copy(arena, text);
}

static bool take(void *context, const struct dead_letter_found *found, struct error *error) {
    (void)error;
    struct reading *reading = context;
    struct letters *letters = reading->letters;
    if (!is_wanted(reading->filter, found)) return true;
    if (letters->count == letters->capacity) {
        letters->capacity = letters->capacity ? letters->capacity * 2 : 64;
        letters->items = memory_realloc(letters->items, letters->capacity * sizeof *letters->items);
    }
    letters->items[letters->count++] = (struct letter){
        .origin = {topic_of(letters, found->topic), found->partition, found->offset},
        .reason = found->reason,
        .partition = found->message->partition,
        .offset = found->message->offset,
        .time_us = found->time_us,
        .timestamp_us = found->timestamp_us,
        .value_hash = hash_bytes(found->value.data, found->value.len),
        .length = found->length,
        .reason_text = shortened(&letters->arena, dead_letter_header(found->message, "reason")),
        .detail = shortened(&letters->arena, found->detail),
    };
    return true;
}

/* The number behind the last '-' of the text, which is cut off there; -1 for anything else. */
static int64_t cut_number(char *text, int64_t max) {
    char *dash = strrchr(text, '-'), *end;
    if (!dash || !isdigit((unsigned char)dash[1])) return -1;
    errno = 0;
    int64_t number = strtoll(dash + 1, &end, 10);
    *dash = '\0';
    return *end || errno || number > max ? -1 : number;
}

/* "topic-partition-offset"; a topic's name may have a '-' itself. False for anything else. */
static bool parse_origin(struct letters *letters, struct span line, struct letter_origin *origin) {
    char text[ORIGIN_MAX];
    if (line.len >= sizeof text || memchr(line.data, '\0', line.len)) return false;
    memcpy(text, line.data, line.len);
    text[line.len] = '\0';
    origin->offset = cut_number(text, INT64_MAX);
    origin->partition = (int)cut_number(text, INT_MAX);
    if (origin->offset < 0 || origin->partition < 0 || !*text) return false;
    origin->topic = topic_of(letters, span_of(text));
    return true;
}

static void add_redriven(struct letters *letters, struct letter_origin origin) {
    if (letters->redriven_count == letters->redriven_capacity) {
        letters->redriven_capacity = letters->redriven_capacity ? letters->redriven_capacity * 2 : 64;
        letters->redriven =
            memory_realloc(letters->redriven, letters->redriven_capacity * sizeof *letters->redriven);
    }
    letters->redriven[letters->redriven_count++] = origin;
}

static bool take_redriven(void *context, struct span origins, struct error *error) {
    (void)error;
    struct reading *reading = context;
    while (origins.len) {
        const char *end = memchr(origins.data, '\n', origins.len);
        struct span line = {origins.data, end ? (size_t)(end - origins.data) : origins.len};
        struct letter_origin origin;
        if (parse_origin(reading->letters, line, &origin)) add_redriven(reading->letters, origin);
        size_t step = line.len + (end != NULL);
        origins = (struct span){origins.data + step, origins.len - step};
    }
    return true;
}

static void passed(void *context, uint64_t done, uint64_t total) {
    const struct reading *reading = context;
    if (reading->passed) reading->passed(reading->context, done, total);
}

static int compare_numbers(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

static int compare_origins(const struct letter_origin *a, const struct letter_origin *b) {
    if (a->topic != b->topic) return compare_numbers(a->topic, b->topic);
    if (a->partition != b->partition) return compare_numbers(a->partition, b->partition);
    return compare_numbers(a->offset, b->offset);
}

static int by_origin(const void *left, const void *right) {
    const struct letter *a = left, *b = right;
    int order = compare_origins(&a->origin, &b->origin);
    if (!order) order = compare_numbers(a->partition, b->partition);
    return order ? order : compare_numbers(a->offset, b->offset);
}

static int redriven_order(const void *left, const void *right) {
    return compare_origins(left, right);
}

/* Both lists are in the order of origins. */
static void mark(struct letters *letters) {
    size_t at = 0;
    for (size_t i = 0; i < letters->count; i++) {
        struct letter *letter = &letters->items[i];
        letter->copy = i && compare_origins(&letter->origin, &letters->items[i - 1].origin) == 0;
        while (at < letters->redriven_count && compare_origins(&letters->redriven[at], &letter->origin) < 0)
            at++;
        letter->redriven =
            at < letters->redriven_count && compare_origins(&letters->redriven[at], &letter->origin) == 0;
    }
}

static bool topic_exists(const struct inspection *inspection, struct error *error) {
    int count;
    struct extent *extents =
        inspection_extents(inspection, inspection->pipeline->dead_letter_topic, &count, error);
    free(extents);
    if (!extents) return false;
    return count || error_set(error, ERROR_CONFIG,
                              "there is no topic \"%s\"\nhint: it is made by \"tributary init\" and at the "
                              "first run; are `dead_letters.topic` and `kafka.brokers` right?",
                              inspection->pipeline->dead_letter_topic);
}

bool letters_read(struct letters *letters, const struct inspection *inspection,
                  const struct letters_filter *filter, void (*on_passed)(void *, uint64_t, uint64_t),
                  void *context, struct error *error) {
    struct reading reading = {letters, filter, on_passed, context};
    struct dead_letter_visitor visitor = {take, take_redriven, passed, &reading};
    *letters = (struct letters){0};
    arena_init(&letters->arena);
    if (!topic_exists(inspection, error) || !dead_letter_visit(inspection, &visitor, error)) return false;
    if (letters->count) qsort(letters->items, letters->count, sizeof *letters->items, by_origin);
    if (letters->redriven_count)
        qsort(letters->redriven, letters->redriven_count, sizeof *letters->redriven, redriven_order);
    mark(letters);
    return true;
}

void letters_release(struct letters *letters) {
    for (int i = 0; i < letters->topic_count; i++) free(letters->topics[i]);
    free(letters->topics);
    free(letters->items);
    free(letters->redriven);
    arena_release(&letters->arena);
    *letters = (struct letters){0};
}

const char *letters_input(const struct letters *letters, const struct pipeline *pipeline, int topic) {
    for (int i = 0; i < pipeline->input_count; i++)
        if (strcmp(pipeline->inputs[i].source_topic, letters->topics[topic]) == 0)
            return pipeline->inputs[i].name;
    return letters->topics[topic];
}
