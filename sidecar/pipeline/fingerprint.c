#include "pipeline/fingerprint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/hash.h"
#include "config/options.h"
#include "config/quantity.h"
#include "state/block.h"

enum { FINGERPRINT_VERSION = 1 };

/* --- writing --- */

static void add_name(struct buffer *json, const char *name) {
    buffer_printf(json, ",\"%s\":", name);
}

static void add_text(struct buffer *json, const char *name, const char *text) {
    add_name(json, name);
    buffer_json(json, span_of(text));
}

static void add_duration(struct buffer *json, const char *name, int64_t us) {
    char text[QUANTITY_TEXT_MAX];
    add_text(json, name, quantity_duration_text(us, text));
}

static const char *word(enum section section, const char *option, int index) {
    return options_find(section, option)->words[index];
}

static void add_item(struct buffer *json, const char *text) {
    if (json->data[json->len - 1] != '[') buffer_byte(json, ',');
    buffer_json(json, span_of(text));
}

static void add_key(struct buffer *json, char *const *fields, int count) {
    add_name(json, "key");
    buffer_byte(json, '[');
    for (int i = 0; i < count; i++) add_item(json, fields[i]);
    buffer_byte(json, ']');
}

/* How an event's time is read, and which records are refused for it. */
static void add_time(struct buffer *json, const struct time_config *time) {
    add_text(json, "time_field", time->field);
    add_text(json, "time_format", word(SECTION_TIME, "format", (int)time->format));
    add_text(json, "time_zone", time->zone);
    add_duration(json, "out_of_order", time->out_of_order_us);
    add_duration(json, "max_future", time->max_future_us);
}

/* Only of an input that is re-keyed: what is stored of others has no such members. */
static void add_repartition(struct buffer *json, const struct plan *plan, const struct input_config *input) {
    const struct source *by = &input->repartition.by;
    if (!input->repartition.present) return;
    add_text(json, "source_topic", input->source_topic);
    add_name(json, "rekeyed_by");
    buffer_byte(json, '[');
    if (by->kind == SOURCE_LOOKUP) add_item(json, plan->pipeline->lookups[by->lookup].name);
    add_item(json, by->field);
    buffer_byte(json, ']');
    add_name(json, "looked_up");
    buffer_byte(json, '[');
    for (int i = 0; i < input->repartition.derived_count; i++) {
        const struct source *derived = &input->repartition.derived[i];
        add_item(json, plan->pipeline->lookups[derived->lookup].name);
        add_item(json, derived->field);
    }
    buffer_byte(json, ']');
}

static void add_input(struct buffer *json, const struct plan *plan, const char *role,
                      const struct input_config *input, char *const *key, int key_count) {
    add_name(json, role);
    buffer_text(json, "{\"name\":");
    buffer_json(json, span_of(input->name));
    add_text(json, "topic", input->topic);
    add_repartition(json, plan, input);
    add_time(json, &input->time);
    add_key(json, key, key_count);
    buffer_byte(json, '}');
}

/* In the order in which the store has them. */
static void add_kept(struct buffer *json, const struct plan *plan) {
    add_name(json, "kept");
    buffer_byte(json, '[');
    for (int i = 0; i < plan->touch_field_count; i++) add_item(json, plan->touch_fields[i]);
    if (plan->keeps_timestamp) add_item(json, "_timestamp");
    if (plan->keeps_key) add_item(json, "_key");
    if (plan->touch_source >= 0) add_item(json, "_source");
    buffer_byte(json, ']');
}

/* Only where touches are capped: what is stored of others has no such member. Which touches are kept depends
 * on the buckets as well. */
static void add_cap(struct buffer *json, const struct plan *plan) {
    int64_t cap = plan->pipeline->attribute.touch_cap;
    if (!cap) return;
    add_name(json, "touch_cap");
    buffer_printf(json, "{\"touches\":%" PRId64, cap);
    add_duration(json, "per", plan->window.bucket_us);
    buffer_byte(json, '}');
}

void fingerprint_format(struct buffer *json, const struct plan *plan, const char *cluster_id,
                        int partitions) {
    const struct attribute_config *attribute = &plan->pipeline->attribute;
    buffer_printf(json, "{\"version\":%d", FINGERPRINT_VERSION);
    add_text(json, "cluster", cluster_id);
    buffer_printf(json, ",\"partitions\":%d", partitions);
    add_input(json, plan, "touches", plan->touches, attribute->touch_key, attribute->key_count);
    add_input(json, plan, "conversions", plan->conversions, attribute->conversion_key, attribute->key_count);
    add_kept(json, plan);
    add_cap(json, plan);
    add_duration(json, "window", attribute->window_us);
    add_duration(json, "allowed_lateness", attribute->allowed_lateness_us);
    add_text(json, "late", word(SECTION_ATTRIBUTE, "late", (int)attribute->late));
    buffer_byte(json, '}');
}

uint64_t fingerprint_generation(const struct plan *plan, uint64_t key_seed) {
    const struct attribute_config *attribute = &plan->pipeline->attribute;
    struct buffer json;
    buffer_init(&json);
    buffer_printf(&json, "{\"block\":%d,\"seed\":%" PRIu64, BLOCK_VERSION, key_seed);
    add_key(&json, attribute->touch_key, attribute->key_count);
    add_kept(&json, plan);
    add_cap(&json, plan);
    add_time(&json, &plan->touches->time);
    buffer_byte(&json, '}');
    uint64_t generation = hash_bytes(json.data, json.len);
    buffer_release(&json);
    return generation;
}

/* --- comparing --- */

struct member {
    const char *path, *what;
    enum fingerprint_verdict verdict;
    const char *hint; /* for a stop */
};

#define BEGIN_ANEW "\"tributary reset FILE\" or another pipeline name begins anew"
#define MORE_PARTITIONS                                                                                      \
    "a conversion may now lie in another partition than its touches. Best is a new topic with more "         \
    "partitions, once \"tributary run FILE --once --close\" has drained the old one; " BEGIN_ANEW
#define PUT_BACK "put it back to go on; " BEGIN_ANEW

static const struct member members[] = {
    {"/cluster", "the cluster id", FINGERPRINT_STOP,
     "offsets of one cluster mean nothing in another; " BEGIN_ANEW},
    {"/partitions", "the number of partitions", FINGERPRINT_STOP, MORE_PARTITIONS},
    {"/touches/name", "the input of the touches", FINGERPRINT_STOP, PUT_BACK},
    {"/conversions/name", "the input of the conversions", FINGERPRINT_STOP, PUT_BACK},
    {"/touches/topic", "the topic of the touches", FINGERPRINT_STOP, PUT_BACK},
    {"/conversions/topic", "the topic of the conversions", FINGERPRINT_STOP, PUT_BACK},
    {"/touches/source_topic", "the topic that the touches are copied from", FINGERPRINT_STOP, PUT_BACK},
    {"/conversions/source_topic", "the topic that the conversions are copied from", FINGERPRINT_STOP,
     PUT_BACK},
    {"/touches/rekeyed_by", "what the touches are re-keyed by", FINGERPRINT_STOP, PUT_BACK},
    {"/conversions/rekeyed_by", "what the conversions are re-keyed by", FINGERPRINT_STOP, PUT_BACK},
    {"/touches/looked_up", "what is looked up for the key of the touches", FINGERPRINT_STOP, PUT_BACK},
    {"/conversions/looked_up", "what is looked up for the key of the conversions", FINGERPRINT_STOP,
     PUT_BACK},
    {"/touches/time_field", "the time field of the touches", FINGERPRINT_STOP, PUT_BACK},
    {"/conversions/time_field", "the time field of the conversions", FINGERPRINT_STOP, PUT_BACK},
    {"/touches/time_format", "the time format of the touches", FINGERPRINT_STOP, PUT_BACK},
    {"/conversions/time_format", "the time format of the conversions", FINGERPRINT_STOP, PUT_BACK},
    {"/touches/time_zone", "the time zone of the touches", FINGERPRINT_STOP, PUT_BACK},
    {"/conversions/time_zone", "the time zone of the conversions", FINGERPRINT_STOP, PUT_BACK},
    {"/touches/key", "the key of the touches", FINGERPRINT_REBUILD, NULL},
    {"/kept", "what is kept of a touch", FINGERPRINT_REBUILD, NULL},
    {"/touch_cap", "touch_cap", FINGERPRINT_REBUILD, NULL},
    {"/touches/out_of_order", "out_of_order of the touches", FINGERPRINT_REBUILD, NULL},
    {"/touches/max_future", "max_future of the touches", FINGERPRINT_REBUILD, NULL},
    {"/conversions/key", "the key of the conversions", FINGERPRINT_GOES_ON, NULL},
    {"/conversions/out_of_order", "out_of_order of the conversions", FINGERPRINT_GOES_ON, NULL},
    {"/conversions/max_future", "max_future of the conversions", FINGERPRINT_GOES_ON, NULL},
    {"/window", "the window", FINGERPRINT_GOES_ON, NULL},
    {"/allowed_lateness", "allowed_lateness", FINGERPRINT_GOES_ON, NULL},
    {"/late", "late", FINGERPRINT_GOES_ON, NULL},
};
enum { MEMBERS = sizeof members / sizeof *members };

static void add_line(struct buffer *explanation) {
    if (explanation->len) buffer_byte(explanation, '\n');
}

static void add_value(struct buffer *explanation, const yyjson_val *value) {
    char *text = value ? yyjson_val_write(value, 0, NULL) : NULL;
    buffer_text(explanation, text ? text : "nothing");
    free(text);
}

static enum fingerprint_verdict compare_members(yyjson_val *stored, yyjson_val *current,
                                                struct buffer *explanation) {
    const struct member *gravest = NULL;
    for (const struct member *member = members; member < members + MEMBERS; member++) {
        yyjson_val *was = yyjson_ptr_get(stored, member->path);
        yyjson_val *is = yyjson_ptr_get(current, member->path);
        if ((!was && !is) || yyjson_equals(was, is)) continue;
        add_line(explanation);
        buffer_printf(explanation, "%s was ", member->what);
        add_value(explanation, was);
        buffer_text(explanation, ", is now ");
        add_value(explanation, is);
        if (!gravest || member->verdict > gravest->verdict) gravest = member;
    }
    if (gravest && gravest->hint) buffer_printf(explanation, "\nhint: %s", gravest->hint);
    return gravest ? gravest->verdict : FINGERPRINT_SAME;
}

static enum fingerprint_verdict refuse(struct buffer *explanation, const char *why, const char *hint) {
    add_line(explanation);
    buffer_printf(explanation, "%s\nhint: %s", why, hint);
    return FINGERPRINT_STOP;
}

static enum fingerprint_verdict compare(yyjson_val *stored, yyjson_val *current, struct buffer *explanation) {
    yyjson_val *version = yyjson_obj_get(stored, "version");
    if (!yyjson_is_uint(version))
        return refuse(explanation, "what the stored state was computed under cannot be read", BEGIN_ANEW);
    if (yyjson_get_uint(version) > FINGERPRINT_VERSION)
        return refuse(explanation, "the stored state was made by a newer version of tributary",
                      "run that version or a newer one; " BEGIN_ANEW);
    return compare_members(stored, current, explanation);
}

bool fingerprint_refuse_growth(const char *topic, int partitions_before, struct error *error) {
    return error_set(error, ERROR_CONFIG,
                     "topic \"%s\" has more partitions than the %d that it had when this process "
                     "began\nhint: " MORE_PARTITIONS,
                     topic, partitions_before);
}

enum fingerprint_verdict fingerprint_compare(const char *stored_json, const char *current_json,
                                             struct buffer *explanation) {
    yyjson_doc *stored = yyjson_read(stored_json, strlen(stored_json), 0);
    yyjson_doc *current = yyjson_read(current_json, strlen(current_json), 0);
    enum fingerprint_verdict verdict =
        compare(yyjson_doc_get_root(stored), yyjson_doc_get_root(current), explanation);
    yyjson_doc_free(stored);
    yyjson_doc_free(current);
    return verdict;
}
