#include <string.h>

#include "config/quantity.h"
#include "testing/case_reader.h"
#include "testing/case_value.h"

/* What an event may have beside its input, and the keys of the forms that have no input as a key. */
static const char *const record_keys[] = {"partition", "timestamp", "key"};
static const char *const broken_keys[] = {"input",     "raw",       "base64", "tombstone",
                                          "partition", "timestamp", "key"};
enum { RECORD_KEYS = 3, BROKEN_KEYS = 7 };

static int side_of(const struct case_reader *reader, const char *name) {
    for (int side = CASE_TOUCHES; side <= CASE_CONVERSIONS; side++)
        if (strcmp(reader->inputs[side], name) == 0) return side;
    return -1;
}

/* --- the record's own --- */

static void read_partition(struct case_reader *reader, const struct node *event, int partitions,
                           struct case_event *out) {
    const struct node *node = node_find(event, "partition");
    int64_t number = 0;
    if (!node) return;
    if (!case_integer(reader, node, "\"partition\"", 0, CASE_PARTITIONS_MAX - 1, &number)) return;
    if (number >= partitions) {
        problems_add(reader->problems, node->position, "there is no partition %d: the case has %d",
                     (int)number, partitions);
        problems_hint(reader->problems, "give the case \"partitions: %d\"; they count from 0",
                      (int)number + 1);
        return;
    }
    out->partition = (int)number;
}

static void read_timestamp(struct case_reader *reader, const struct node *event, struct case_event *out) {
    const struct node *node = node_find(event, "timestamp");
    const char *text = node ? case_text(reader, node, "\"timestamp\"") : NULL;
    if (!text || quantity_instant(text, &out->record.timestamp_us) == QUANTITY_OK) return;
    problems_add(reader->problems, node->position, "\"timestamp\" must be a time, not %s",
                 node_describe(node, reader->arena));
    problems_hint(reader->problems, "for example: timestamp: \"2024-06-17T05:00:00Z\"");
}

static void read_key(struct case_reader *reader, const struct node *event, struct case_event *out) {
    const struct node *node = node_find(event, "key");
    if (!node || node_is_nothing(node)) return;
    if (node->kind == NODE_SCALAR && node->text)
        out->record.key = span_of(node->text);
    else
        case_text(reader, node, "\"key\"");
}

static void read_own(struct case_reader *reader, const struct node *event, int partitions,
                     struct case_event *out) {
    read_partition(reader, event, partitions, out);
    read_timestamp(reader, event, out);
    read_key(reader, event, out);
}

/* --- {clicks: {field: value, …}} --- */

static void field_json(struct buffer *json, const struct node *field) {
    if (json->data[json->len - 1] != '{') buffer_byte(json, ',');
    buffer_json(json, span_of(field->written));
    buffer_byte(json, ':');
    case_value_json(json, field->value);
}

static struct span event_json(struct case_reader *reader, const struct node *defaults,
                              const struct node *fields) {
    struct buffer json;
    buffer_init(&json);
    buffer_byte(&json, '{');
    for (const struct node *field = defaults ? defaults->first : NULL; field; field = field->next)
        if (!node_find(fields, field->written)) field_json(&json, field);
    for (const struct node *field = fields->first; field; field = field->next) field_json(&json, field);
    buffer_byte(&json, '}');
    struct span copy = arena_copy(reader->arena, buffer_view(&json));
    buffer_release(&json);
    return copy;
}

static void check_record_keys(struct case_reader *reader, const struct node *event, const char *input) {
    const char *known[RECORD_KEYS + 1] = {input};
    memcpy(known + 1, record_keys, sizeof record_keys);
    for (const struct node *key = event->first; key; key = key->next)
        if (strcmp(key->written, input) != 0 && side_of(reader, key->written) >= 0) {
            problems_add(reader->problems, key->position, "one event with two inputs, \"%s\" and \"%s\"",
                         input, key->written);
            problems_hint(reader->problems, "each event has a line of its own, beginning with \"- \"");
            return;
        }
    case_check_keys(reader, event, known, RECORD_KEYS + 1);
}

static void read_fields(struct case_reader *reader, const struct node *event, const struct node *key,
                        struct case_event *out) {
    out->side = (enum case_side)side_of(reader, key->written);
    check_record_keys(reader, event, key->written);
    if (key->value->kind != NODE_MAP) {
        if (key->value->kind == NODE_SCALAR && !key->value->text) return; /* has been reported */
        problems_add(reader->problems, key->value->position, "\"%s\" must be a map of fields, not %s",
                     key->written, node_describe(key->value, reader->arena));
        problems_hint(reader->problems, "a record that is no JSON object is written {input: %s, raw: \"…\"}",
                      key->written);
        return;
    }
    out->record.value = event_json(reader, reader->defaults[out->side], key->value);
}

/* --- {input: clicks, raw: …} --- */

static void read_raw(struct case_reader *reader, const struct node *node, struct case_event *out) {
    if (node->kind == NODE_SCALAR && node->text && !node_is_nothing(node)) {
        out->record.value = span_of(node->text);
        return;
    }
    if (node->kind == NODE_SCALAR && !node->text) return; /* has been reported */
    problems_add(reader->problems, node->position, "\"raw\" must be a text, not %s",
                 node_describe(node, reader->arena));
    problems_hint(reader->problems, "put it in quotes: raw: '{\"id\": 1}'");
}

static void read_base64(struct case_reader *reader, const struct node *node, struct case_event *out) {
    const char *text = case_text(reader, node, "\"base64\"");
    if (!text || case_value_base64(text, reader->arena, &out->record.value)) return;
    problems_add(reader->problems, node->position, "\"base64\" is not base64: %s",
                 node_describe(node, reader->arena));
}

static void read_tombstone(struct case_reader *reader, const struct node *node) {
    bool flag;
    if (case_flag(reader, node, "\"tombstone\"", &flag) && !flag)
        problems_add(reader->problems, node->position, "\"tombstone\" can only be true");
}

static void read_content(struct case_reader *reader, const struct node *event, struct case_event *out) {
    const struct node *raw = node_find(event, "raw"), *base64 = node_find(event, "base64");
    const struct node *tombstone = node_find(event, "tombstone");
    if ((raw != NULL) + (base64 != NULL) + (tombstone != NULL) != 1) {
        problems_add(reader->problems, event->position,
                     "an event with \"input\" needs one of \"raw\", \"base64\" and \"tombstone\"");
        problems_hint(reader->problems, "an event that is whole is written {%s: {field: value}}",
                      reader->inputs[CASE_TOUCHES]);
        return;
    }
    if (raw) read_raw(reader, raw, out);
    if (base64) read_base64(reader, base64, out);
    if (tombstone) read_tombstone(reader, tombstone);
}

static void read_broken(struct case_reader *reader, const struct node *event, struct case_event *out) {
    int side = case_word(reader, node_find(event, "input"), "input", reader->inputs, 2);
    if (side >= 0) out->side = (enum case_side)side;
    case_check_keys(reader, event, broken_keys, BROKEN_KEYS);
    read_content(reader, event, out);
}

/* --- any of them --- */

static void read_advance(struct case_reader *reader, const struct node *event, struct case_event *out) {
    static const char *const known[] = {"advance"};
    const struct node *node = node_find(event, "advance");
    const char *text = case_text(reader, node, "\"advance\"");
    case_check_keys(reader, event, known, 1);
    if (!text || (quantity_duration(text, &out->advance_us) == QUANTITY_OK && out->advance_us > 0)) return;
    problems_add(reader->problems, node->position, "\"advance\" must be a duration, not %s",
                 node_describe(node, reader->arena));
    problems_hint(reader->problems, "for example: advance: 31s");
}

/* The key that is an input's name; fields tell it from one of our own words of the same spelling. */
static const struct node *input_key(const struct case_reader *reader, const struct node *event) {
    const struct node *found = NULL;
    for (const struct node *key = event->first; key; key = key->next) {
        if (side_of(reader, key->written) < 0) continue;
        if (key->value->kind == NODE_MAP) return key;
        if (!found) found = key;
    }
    return found;
}

static void report_no_input(struct case_reader *reader, const struct node *event) {
    const char *known[] = {reader->inputs[0], reader->inputs[1], "advance", "input",
                           "partition",       "timestamp",       "key",     "raw",
                           "base64",          "tombstone"};
    int problems = reader->problems->count;
    for (const struct node *key = event->first; key; key = key->next)
        if (key->value->kind == NODE_MAP)
            case_unknown(reader, key->position, "input", key->written, reader->inputs, 2);
    if (reader->problems->count == problems) case_check_keys(reader, event, known, 10);
    if (reader->problems->count > problems) return;
    problems_add(reader->problems, event->position, "an event without an input");
    problems_hint(reader->problems, "for example: - %s: {field: value}", reader->inputs[CASE_TOUCHES]);
}

static void read_event(struct case_reader *reader, const struct node *event, int partitions,
                       struct case_event *out) {
    *out = (struct case_event){.record = {.timestamp_us = TIME_NONE}};
    if (!case_expect_map(reader, event, "an event")) return;
    const struct node *key = input_key(reader, event);
    bool has_fields = key && key->value->kind == NODE_MAP;
    if (!has_fields && node_find(event, "advance")) {
        read_advance(reader, event, out);
        return;
    }
    if (!has_fields && node_find(event, "input"))
        read_broken(reader, event, out);
    else if (key)
        read_fields(reader, event, key, out);
    else
        report_no_input(reader, event);
    read_own(reader, event, partitions, out);
}

void case_read_events(struct case_reader *reader, const struct node *list, struct test_case *test) {
    int64_t next[2][CASE_PARTITIONS_MAX] = {{0}};
    if (!case_expect_list(reader, list, "\"events\"")) return;
    test->events = arena_alloc(reader->arena, (size_t)list->count * sizeof *test->events);
    for (const struct node *node = list->first; node; node = node->next) {
        struct case_event *event = &test->events[test->event_count++];
        read_event(reader, node, test->partitions, event);
        if (!event->advance_us) event->record.offset = next[event->side][event->partition]++;
    }
}
