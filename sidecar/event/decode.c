#include "event/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yyjson.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/time.h"
#include "base/utf8.h"
#include "event/excerpt.h"
#include "event/key.h"
#include "event/timestamp.h"

enum {
    POOLED_RECORD_MAX = 256 * 1024, /* larger records are parsed into memory that is freed afterwards */
    POOLED_RECORD_MIN = 4 * 1024,
    NAME_HEADS = 128,
    DETAIL_MAX = 1024,
};

static const yyjson_read_flag read_flags = YYJSON_READ_NUMBER_AS_RAW;

/* A field that is wanted: as an output, for the key, as the time, or several of these. */
struct slot {
    char *name;
    size_t len;
    int next; /* the next slot with the same name_hash, or -1 */
};

struct decoder {
    struct slot *slots; /* the fields asked for, then key fields and the time where they are not among them */
    int slot_count, field_count, key_count, time_slot;
    int *key_slots;
    struct decoder_hook hook;
    int *hook_slots;
    int heads[NAME_HEADS]; /* name_hash -> first slot, or -1 */

    yyjson_val **found; /* per slot, of the present record; NULL for a field that is not there */
    struct value *values;
    struct value *key_values;

    char *pool;
    size_t pool_size;
    yyjson_doc *large; /* the present record, when it is too large for the pool */
    struct arena json; /* texts of arrays and objects */
    struct buffer key;

    const struct time_config *time;
    struct zone *zone;
    uint64_t key_seed;
    char detail[DETAIL_MAX];
};

/* Names are told apart by length, first and last byte before they are compared. */
static inline unsigned name_hash(const char *name, size_t len) {
    unsigned first = len ? (unsigned char)name[0] : 0, last = len ? (unsigned char)name[len - 1] : 0;
    return ((unsigned)len * 7 + first * 3 + last) % NAME_HEADS;
}

static int find_slot(const struct decoder *decoder, const char *name, size_t len) {
    int slot = decoder->heads[name_hash(name, len)];
    while (slot >= 0 &&
           (decoder->slots[slot].len != len || memcmp(decoder->slots[slot].name, name, len) != 0))
        slot = decoder->slots[slot].next;
    return slot;
}

static int add_slot(struct decoder *decoder, const char *name) {
    size_t len = strlen(name);
    int slot = find_slot(decoder, name, len);
    if (slot >= 0) return slot;
    int *head = &decoder->heads[name_hash(name, len)];
    slot = decoder->slot_count++;
    decoder->slots[slot] = (struct slot){memory_strndup(name, len), len, *head};
    *head = slot;
    return slot;
}

static void add_slots(struct decoder *decoder, const struct decoder_options *options) {
    size_t most =
        (size_t)options->field_count + (size_t)options->key_count + 1 + (size_t)options->hook.field_count;
    decoder->slots = memory_zalloc(most, sizeof *decoder->slots);
    for (int i = 0; i < NAME_HEADS; i++) decoder->heads[i] = -1;
    decoder->field_count = options->field_count;
    for (int i = 0; i < options->field_count; i++) add_slot(decoder, options->fields[i]);
    decoder->key_count = options->key_count;
    decoder->key_slots = memory_zalloc((size_t)options->key_count, sizeof *decoder->key_slots);
    for (int i = 0; i < options->key_count; i++)
        decoder->key_slots[i] = add_slot(decoder, options->key_fields[i]);
    decoder->time_slot = add_slot(decoder, options->time->field);
    decoder->hook_slots = memory_zalloc((size_t)options->hook.field_count, sizeof *decoder->hook_slots);
    for (int i = 0; i < options->hook.field_count; i++)
        decoder->hook_slots[i] = add_slot(decoder, options->hook.fields[i]);
    decoder->found = memory_zalloc((size_t)decoder->slot_count, sizeof(void *));
    decoder->values = memory_zalloc((size_t)decoder->slot_count, sizeof *decoder->values);
    decoder->key_values = memory_zalloc((size_t)options->key_count, sizeof *decoder->key_values);
}

struct decoder *decoder_new(const struct decoder_options *options, struct error *error) {
    struct zone *zone = zone_load(options->time->zone, error);
    if (!zone) {
        if (options->hook.free) options->hook.free(options->hook.context);
        return NULL;
    }
    struct decoder *decoder = memory_zalloc(1, sizeof *decoder);
    decoder->zone = zone;
    decoder->time = options->time;
    decoder->key_seed = options->key_seed;
    decoder->hook = options->hook;
    arena_init(&decoder->json);
    buffer_init(&decoder->key);
    add_slots(decoder, options);
    return decoder;
}

void decoder_free(struct decoder *decoder) {
    if (!decoder) return;
    for (int i = 0; i < decoder->slot_count; i++) free(decoder->slots[i].name);
    free(decoder->slots);
    free(decoder->key_slots);
    free(decoder->hook_slots);
    if (decoder->hook.free) decoder->hook.free(decoder->hook.context);
    free(decoder->found);
    free(decoder->values);
    free(decoder->key_values);
    free(decoder->pool);
    yyjson_doc_free(decoder->large);
    arena_release(&decoder->json);
    buffer_release(&decoder->key);
    zone_free(decoder->zone);
    free(decoder);
}

const char *decoder_detail(const struct decoder *decoder) {
    return decoder->detail;
}

/* Notes the detail; returns `outcome`. */
static __attribute__((format(printf, 3, 4))) enum outcome
refuse(struct decoder *decoder, enum outcome outcome, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(decoder->detail, sizeof decoder->detail, format, args);
    va_end(args);
    return outcome;
}

/* The steps below return the outcome of a refusal, or OUTCOME_COUNT to go on. */

/* -- parsing -- */

static void *large_malloc(void *context, size_t size) {
    (void)context;
    return memory_alloc(size);
}

static void *large_realloc(void *context, void *old, size_t old_size, size_t size) {
    (void)context;
    (void)old_size;
    return memory_realloc(old, size);
}

static void large_free(void *context, void *old) {
    (void)context;
    free(old);
}

static yyjson_doc *read_large(struct decoder *decoder, struct span record, yyjson_read_err *error) {
    const yyjson_alc allocator = {large_malloc, large_realloc, large_free, NULL};
    decoder->large = yyjson_read_opts((char *)record.data, record.len, read_flags, &allocator, error);
    return decoder->large;
}

static void grow_pool(struct decoder *decoder, size_t record_len) {
    size_t len = POOLED_RECORD_MIN;
    while (len < record_len) len *= 2;
    size_t size = yyjson_read_max_memory_usage(len, read_flags);
    if (size <= decoder->pool_size) return;
    free(decoder->pool);
    decoder->pool = memory_alloc(size);
    decoder->pool_size = size;
}

static yyjson_doc *read_pooled(struct decoder *decoder, struct span record, yyjson_read_err *error) {
    yyjson_alc allocator;
    if (yyjson_read_max_memory_usage(record.len, read_flags) > decoder->pool_size)
        grow_pool(decoder, record.len);
    yyjson_alc_pool_init(&allocator, decoder->pool, decoder->pool_size);
    return yyjson_read_opts((char *)record.data, record.len, read_flags, &allocator, error);
}

static enum outcome refuse_unreadable(struct decoder *decoder, struct span record,
                                      const yyjson_read_err *error) {
    char shown[EXCERPT_MAX];
    size_t valid = utf8_valid_prefix(record);
    struct span rest = {record.data + valid, record.len - valid};
    if (error->code == YYJSON_READ_ERROR_EMPTY_CONTENT)
        return refuse(decoder, OUTCOME_EMPTY, "the record holds nothing but blanks");
    if (valid < record.len)
        return refuse(decoder, OUTCOME_ENCODING, "not UTF-8 at byte %zu: %s", valid,
                      excerpt_quoted(rest, shown));
    const char *nul = memchr(record.data, 0, record.len);
    if (nul == record.data)
        return refuse(decoder, OUTCOME_NUL,
                      "a NUL at byte 0: the record is not plain JSON, perhaps Avro, "
                      "Protobuf or the framing of a schema registry");
    if (nul) return refuse(decoder, OUTCOME_NUL, "a NUL at byte %zu", (size_t)(nul - record.data));
    if (record.len >= 3 && memcmp(record.data, "\xef\xbb\xbf", 3) == 0)
        return refuse(decoder, OUTCOME_MALFORMED, "not JSON: it starts with a byte order mark (BOM)");
    size_t from = error->pos > 20 ? error->pos - 20 : 0;
    while (from && ((unsigned char)record.data[from] & 0xc0) == 0x80) from--;
    rest = (struct span){record.data + from, record.len - from};
    return refuse(decoder, OUTCOME_MALFORMED, "not JSON at byte %zu: %s, near %s", error->pos, error->msg,
                  excerpt_quoted(rest, shown));
}

/* Whether the text of valid JSON spells a NUL. Backslashes begin an escape there and stand nowhere else, so
 * going from one to the next tells \u0000 from \\u0000. */
static const char *find_nul_escape(struct span json) {
    const char *end = json.data + json.len, *at = json.data;
    while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        if (at[1] == 'u' && memcmp(at + 2, "0000", 4) == 0) return at;
        at += 2;
    }
    return NULL;
}

static const char *kind_of_json(yyjson_val *value) {
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_NULL: return "null";
    case YYJSON_TYPE_BOOL: return "a boolean";
    case YYJSON_TYPE_STR: return "a string";
    case YYJSON_TYPE_ARR: return "an array";
    case YYJSON_TYPE_OBJ: return "an object";
    default: return "a number";
    }
}

static enum outcome refuse_large(struct decoder *decoder, const struct record *record) {
    return refuse(decoder, OUTCOME_MALFORMED, "the record has %zu bytes%s; no more than %d are read",
                  record->key.len + record->value.len, record->key.len ? " with its key" : "",
                  DECODER_RECORD_MAX);
}

static enum outcome parse(struct decoder *decoder, struct span record, yyjson_val **root) {
    yyjson_read_err error = {0};
    yyjson_doc *document = NULL;
    if (!record.data) return refuse(decoder, OUTCOME_EMPTY, "the record is a tombstone: it has no value");
    if (!record.len) return refuse(decoder, OUTCOME_EMPTY, "the record is empty");
    if (record.len <= POOLED_RECORD_MAX) document = read_pooled(decoder, record, &error);
    if (record.len > POOLED_RECORD_MAX || error.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        document = read_large(decoder, record, &error);
    if (!document) return refuse_unreadable(decoder, record, &error);
    const char *nul = find_nul_escape(record);
    if (nul)
        return refuse(decoder, OUTCOME_NUL, "a NUL, written as \\u0000, at byte %zu",
                      (size_t)(nul - record.data));
    *root = yyjson_doc_get_root(document);
    if (yyjson_is_obj(*root)) return OUTCOME_COUNT;
    return refuse(decoder, OUTCOME_NOT_AN_OBJECT, "the record is %s, not an object", kind_of_json(*root));
}

/* -- fields -- */

static void find_fields(struct decoder *decoder, yyjson_val *root) {
    yyjson_obj_iter members = yyjson_obj_iter_with(root);
    yyjson_val *name;
    for (int i = 0; i < decoder->slot_count; i++) decoder->found[i] = NULL;
    while ((name = yyjson_obj_iter_next(&members))) {
        int slot = find_slot(decoder, yyjson_get_str(name), yyjson_get_len(name));
        if (slot >= 0) decoder->found[slot] = yyjson_obj_iter_get_val(name);
    }
}

static void *json_malloc(void *arena, size_t size) {
    return arena_alloc(arena, size);
}

static void *json_realloc(void *arena, void *old, size_t old_size, size_t size) {
    if (size <= old_size) return old;
    void *copy = arena_alloc(arena, size);
    memcpy(copy, old, old_size);
    return copy;
}

static void json_free(void *arena, void *old) {
    (void)arena;
    (void)old;
}

static struct value json_value(struct decoder *decoder, yyjson_val *found) {
    const yyjson_alc allocator = {json_malloc, json_realloc, json_free, &decoder->json};
    struct value value = {.type = VALUE_JSON};
    value.text.data = yyjson_val_write_opts(found, YYJSON_WRITE_NOFLAG, &allocator, &value.text.len, NULL);
    return value;
}

static struct value value_of(struct decoder *decoder, yyjson_val *found) {
    switch (yyjson_get_type(found)) {
    case YYJSON_TYPE_RAW: return (struct value){VALUE_NUMBER, {yyjson_get_raw(found), yyjson_get_len(found)}};
    case YYJSON_TYPE_STR: return (struct value){VALUE_STRING, {yyjson_get_str(found), yyjson_get_len(found)}};
    case YYJSON_TYPE_BOOL:
        return (struct value){VALUE_BOOL, span_of(yyjson_get_bool(found) ? "true" : "false")};
    case YYJSON_TYPE_ARR:
    case YYJSON_TYPE_OBJ: return json_value(decoder, found);
    default: return (struct value){.type = VALUE_NULL};
    }
}

static void convert_fields(struct decoder *decoder) {
    for (int i = 0; i < decoder->slot_count; i++) decoder->values[i] = value_of(decoder, decoder->found[i]);
}

/* -- time -- */

static const char *unit_of(enum time_format format) {
    switch (format) {
    case TIME_FORMAT_EPOCH_S: return "seconds";
    case TIME_FORMAT_EPOCH_MS: return "milliseconds";
    case TIME_FORMAT_EPOCH_US: return "microseconds";
    case TIME_FORMAT_ISO: break;
    }
    return "iso";
}

static const char *format_name(enum time_format format) {
    switch (format) {
    case TIME_FORMAT_EPOCH_S: return "epoch_s";
    case TIME_FORMAT_EPOCH_MS: return "epoch_ms";
    case TIME_FORMAT_EPOCH_US: return "epoch_us";
    case TIME_FORMAT_ISO: break;
    }
    return "iso";
}

static const char *why_null(const struct decoder *decoder, int slot) {
    yyjson_val *found = decoder->found[slot];
    if (!found) return decoder->hook.apply ? "missing or made null by a step" : "missing";
    return yyjson_is_null(found) ? "null" : "made null by a step";
}

static enum outcome refuse_time(struct decoder *decoder) {
    const struct time_config *time = decoder->time;
    struct value value = decoder->values[decoder->time_slot];
    char name[EXCERPT_MAX], shown[EXCERPT_MAX];
    excerpt_quoted(span_of(time->field), name);
    if (value.type == VALUE_NULL)
        return refuse(decoder, OUTCOME_TIME_INVALID, "field %s, the event time, is %s", name,
                      why_null(decoder, decoder->time_slot));
    if (value.type != VALUE_STRING && value.type != VALUE_NUMBER)
        return refuse(decoder, OUTCOME_TIME_INVALID, "field %s is %s, not a time", name, value_kind(value));
    bool is_text = value.type == VALUE_STRING, wants_text = time->format == TIME_FORMAT_ISO;
    if (is_text)
        excerpt_quoted(value.text, shown);
    else
        excerpt_plain(value.text, shown);
    if (!wants_text)
        return refuse(decoder, OUTCOME_TIME_INVALID,
                      "field %s: %s is not a time in %s since 1970; is \"format\" (%s) right?", name, shown,
                      unit_of(time->format), format_name(time->format));
    return refuse(decoder, OUTCOME_TIME_INVALID, "field %s: %s is not a time%s", name, shown,
                  is_text ? "" : "; is \"format\" (iso) right?");
}

/* "73 years": the largest unit of which there are at least two. */
static void describe_span(int64_t span_us, char *text, size_t size) {
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"years", 31556952}, {"days", 86400}, {"hours", 3600}, {"minutes", 60}, {"seconds", 1}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        int64_t count = span_us / (units[i].seconds * TIME_SECOND);
        if (count < 2) continue;
        snprintf(text, size, "%lld %s", (long long)count, units[i].name);
        return;
    }
    snprintf(text, size, "%lld milliseconds", (long long)(span_us / 1000));
}

/* What may be set up wrongly, depending on what the time was read with. */
static void describe_doubt(const struct decoder *decoder, char *text, size_t size) {
    const struct time_config *time = decoder->time;
    struct civil_time civil;
    char zone[EXCERPT_MAX];
    if (time->format != TIME_FORMAT_ISO)
        snprintf(text, size, "is \"format\" (%s) right?", format_name(time->format));
    else if (timestamp_parse_civil(decoder->values[decoder->time_slot].text, &civil) && civil.has_zone)
        snprintf(text, size, "it names its own zone; is the producer's clock right?");
    else
        snprintf(text, size, "is \"zone\" (%s) right?", excerpt_plain(span_of(time->zone), zone));
}

static enum outcome refuse_future(struct decoder *decoder, int64_t time_us, int64_t timestamp_us) {
    char time[TIMESTAMP_TEXT_MAX], span[64], doubt[EXCERPT_MAX + 64];
    size_t len = timestamp_format_iso(time_us, time);
    int64_t ahead_us;
    if (__builtin_sub_overflow(time_us, timestamp_us, &ahead_us)) ahead_us = INT64_MAX;
    describe_span(ahead_us, span, sizeof span);
    describe_doubt(decoder, doubt, sizeof doubt);
    return refuse(decoder, OUTCOME_TIME_IN_FUTURE,
                  "the event time %.*s lies %s after the record's timestamp; %s", (int)len, time, span,
                  doubt);
}

static enum outcome read_time(struct decoder *decoder, int64_t timestamp_us, struct event *event) {
    const struct time_config *time = decoder->time;
    struct value value = decoder->values[decoder->time_slot];
    if (!timestamp_parse(value, time->format, decoder->zone, &event->time_us)) return refuse_time(decoder);
    if (timestamp_us != TIME_NONE && event->time_us > time_add(timestamp_us, time->max_future_us))
        return refuse_future(decoder, event->time_us, timestamp_us);
    return OUTCOME_COUNT;
}

/* -- key -- */

static enum outcome read_key(struct decoder *decoder, struct event *event) {
    int bad = 0;
    char name[EXCERPT_MAX];
    event->has_key = false;
    event->key = (struct hash128){0};
    if (!decoder->key_count || event->filtered_by) return OUTCOME_COUNT;
    for (int i = 0; i < decoder->key_count; i++)
        decoder->key_values[i] = decoder->values[decoder->key_slots[i]];
    switch (key_hash(decoder->key_values, decoder->key_count, decoder->key_seed, &decoder->key, &event->key,
                     &bad)) {
    case KEY_OK: event->has_key = true; return OUTCOME_COUNT;
    case KEY_NULL: return OUTCOME_COUNT;
    case KEY_INVALID: break;
    }
    int slot = decoder->key_slots[bad];
    return refuse(decoder, OUTCOME_KEY_INVALID, "key field %s is %s; a key is a string, number or boolean",
                  excerpt_quoted(span_of(decoder->slots[slot].name), name),
                  value_kind(decoder->values[slot]));
}

/* -- hook -- */

/* What is kept of a touch, and what is read of a conversion, has the bound that records have. */
static enum outcome check_size(struct decoder *decoder) {
    size_t total = 0;
    for (int i = 0; i < decoder->slot_count; i++) total += decoder->values[i].text.len;
    if (total <= DECODER_RECORD_MAX) return OUTCOME_COUNT;
    return refuse(decoder, OUTCOME_STEP_FAILED,
                  "the fields have %zu bytes after the steps; no more than %d are taken", total,
                  DECODER_RECORD_MAX);
}

/* Of its own function, so that what others read costs a glance at the pointer and no more. */
static __attribute__((noinline)) enum outcome run_hook(struct decoder *decoder, struct event *event) {
    enum outcome outcome = decoder->hook.apply(decoder->hook.context, decoder->values, decoder->hook_slots,
                                               &event->filtered_by, decoder->detail, sizeof decoder->detail);
    return outcome == OUTCOME_COUNT || outcome == OUTCOME_FILTERED ? check_size(decoder) : outcome;
}

static enum outcome read_record(struct decoder *decoder, const struct record *record, struct event *event) {
    yyjson_val *root = NULL;
    if (record->key.len + record->value.len > DECODER_RECORD_MAX) return refuse_large(decoder, record);
    enum outcome outcome = parse(decoder, record->value, &root);
    if (outcome != OUTCOME_COUNT) return outcome;
    find_fields(decoder, root);
    convert_fields(decoder);
    event->filtered_by = 0;
    if (decoder->hook.apply) outcome = run_hook(decoder, event);
    if (outcome != OUTCOME_COUNT) return outcome;
    /* Of a filtered event too: its time is what others are measured by. */
    outcome = read_time(decoder, record->timestamp_us, event);
    return outcome == OUTCOME_COUNT ? read_key(decoder, event) : outcome;
}

/* Memory of the previous record goes back only now: its event was a view into it. */
static void forget_last(struct decoder *decoder) {
    decoder->detail[0] = '\0';
    if (decoder->json.used) arena_reset(&decoder->json);
    if (!decoder->large) return;
    yyjson_doc_free(decoder->large);
    decoder->large = NULL;
}

bool decoder_read(struct decoder *decoder, const struct record *record, struct event *event,
                  enum outcome *refused) {
    forget_last(decoder);
    enum outcome outcome = read_record(decoder, record, event);
    event->fields = decoder->values;
    if (outcome == OUTCOME_COUNT) return true;
    *refused = outcome;
    return false;
}
