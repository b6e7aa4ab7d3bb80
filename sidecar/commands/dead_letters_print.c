#include "commands/dead_letters_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "commands/time_text.h"
#include "event/excerpt.h"
#include "output/dead_letter_json.h"

/* The letters of one input and reason. */
struct group {
    int topic;
    const struct letter *example; /* the latest */
    int64_t first_us;
    size_t letters, redriven;
};

struct groups {
    struct group *items;
    int count;
    size_t letters, copies;
};

static struct group *group_of(struct groups *groups, const struct letter *letter) {
    for (int i = 0; i < groups->count; i++)
        if (groups->items[i].topic == letter->origin.topic &&
            span_equal(groups->items[i].example->reason_text, letter->reason_text))
            return &groups->items[i];
    groups->items = memory_realloc(groups->items, (size_t)(groups->count + 1) * sizeof *groups->items);
    groups->items[groups->count] =
        (struct group){.topic = letter->origin.topic, .example = letter, .first_us = letter->time_us};
    return &groups->items[groups->count++];
}

static struct groups count(const struct letters *letters) {
    struct groups groups = {0};
    for (size_t i = 0; i < letters->count; i++) {
        const struct letter *letter = &letters->items[i];
        groups.copies += letter->copy;
        if (letter->copy) continue;
        struct group *group = group_of(&groups, letter);
        groups.letters++;
        group->letters++;
        group->redriven += letter->redriven;
        if (letter->time_us < group->first_us) group->first_us = letter->time_us;
        if (letter->time_us > group->example->time_us) group->example = letter;
    }
    return groups;
}

/* What came from outside, so that a terminal can bear it. */
static void print_excerpt(struct span text) {
    char excerpt[EXCERPT_MAX];
    fputs(excerpt_plain(text, excerpt), stdout);
}

static void print_group(const struct group *group, const char *input) {
    const struct letter *example = group->example;
    char reason[EXCERPT_MAX];
    printf("%-16s %-16s %9zu %9zu  %s  %s\n", input, excerpt_plain(example->reason_text, reason),
           group->letters, group->redriven, time_text(group->first_us).text,
           time_text(example->time_us).text);
    printf("    %d:%" PRId64 "  ", example->partition, example->offset);
    print_excerpt(example->detail);
    putchar('\n');
}

void dead_letters_print_counts(const struct letters *letters, const struct pipeline *pipeline) {
    struct groups groups = count(letters);
    printf("%zu dead letter%s in \"%s\"", groups.letters, groups.letters == 1 ? "" : "s",
           pipeline->dead_letter_topic);
    if (groups.copies) printf(", %zu of which lie there once more", groups.copies);
    putchar('\n');
    if (groups.count)
        printf("\n%-16s %-16s %9s %9s  %-27s  %s\n", "INPUT", "REASON", "LETTERS", "REDRIVEN", "FIRST",
               "LAST");
    for (int i = 0; i < groups.count; i++)
        print_group(&groups.items[i], letters_input(letters, pipeline, groups.items[i].topic));
    free(groups.items);
}

/* --- JSON --- */

static void member(struct buffer *out, const char *name) {
    char last = out->len ? out->data[out->len - 1] : '{';
    if (last != '{' && last != '[') buffer_byte(out, ',');
    buffer_printf(out, "\"%s\":", name);
}

static void member_text(struct buffer *out, const char *name, struct span text) {
    member(out, name);
    if (text.data && utf8_valid_prefix(text) == text.len)
        buffer_json(out, text);
    else
        dead_letter_bytes_json(out, text);
}

static void member_number(struct buffer *out, const char *name, int64_t number) {
    member(out, name);
    buffer_printf(out, "%" PRId64, number);
}

static void member_time(struct buffer *out, const char *name, int64_t time_us) {
    member(out, name);
    time_text_json(out, time_us);
}

static void print_line(struct buffer *out) {
    buffer_byte(out, '\n');
    fwrite(out->data, 1, out->len, stdout);
    buffer_clear(out);
}

static void group_json(struct buffer *out, const struct group *group, const char *input) {
    const struct letter *example = group->example;
    if (out->data[out->len - 1] != '[') buffer_byte(out, ',');
    buffer_byte(out, '{');
    member_text(out, "input", span_of(input));
    member_text(out, "reason", example->reason_text);
    member_text(out, "class", span_of(outcome_class(example->reason)));
    member_number(out, "letters", (int64_t)group->letters);
    member_number(out, "redriven", (int64_t)group->redriven);
    member_time(out, "first", group->first_us);
    member_time(out, "last", example->time_us);
    buffer_printf(out, ",\"example\":{\"partition\":%d,\"offset\":%" PRId64, example->partition,
                  example->offset);
    member_text(out, "detail", example->detail);
    buffer_text(out, "}}");
}

void dead_letters_print_counts_json(const struct letters *letters, const struct pipeline *pipeline) {
    struct groups groups = count(letters);
    struct buffer out;
    buffer_init(&out);
    buffer_byte(&out, '{');
    member_text(&out, "topic", span_of(pipeline->dead_letter_topic));
    member_number(&out, "letters", (int64_t)groups.letters);
    member_number(&out, "copies", (int64_t)groups.copies);
    buffer_text(&out, ",\"groups\":[");
    for (int i = 0; i < groups.count; i++)
        group_json(&out, &groups.items[i], letters_input(letters, pipeline, groups.items[i].topic));
    buffer_text(&out, "]}");
    print_line(&out);
    buffer_release(&out);
    free(groups.items);
}

/* --- the list --- */

void dead_letters_print_list(const struct letters *letters, const struct pipeline *pipeline) {
    for (size_t i = 0; i < letters->count; i++) {
        const struct letter *letter = &letters->items[i];
        char reason[EXCERPT_MAX];
        printf("%d:%" PRId64 "  %s  %s %d:%" PRId64 "  %s  ", letter->partition, letter->offset,
               time_text(letter->time_us).text, letters_input(letters, pipeline, letter->origin.topic),
               letter->origin.partition, letter->origin.offset, excerpt_plain(letter->reason_text, reason));
        print_excerpt(letter->detail);
        printf("%s%s\n", letter->redriven ? "  (redriven)" : "", letter->copy ? "  (copy)" : "");
    }
}

void dead_letters_print_list_json(const struct letters *letters, const struct pipeline *pipeline) {
    struct buffer out;
    buffer_init(&out);
    for (size_t i = 0; i < letters->count; i++) {
        const struct letter *letter = &letters->items[i];
        buffer_byte(&out, '{');
        member_number(&out, "partition", letter->partition);
        member_number(&out, "offset", letter->offset);
        member_time(&out, "time", letter->time_us);
        member_text(&out, "input", span_of(letters_input(letters, pipeline, letter->origin.topic)));
        member_text(&out, "reason", letter->reason_text);
        member_text(&out, "class", span_of(outcome_class(letter->reason)));
        member_text(&out, "detail", letter->detail);
        buffer_printf(&out, ",\"origin\":{\"topic\":\"%s\",\"partition\":%d,\"offset\":%" PRId64 "}",
                      letters->topics[letter->origin.topic], letter->origin.partition, letter->origin.offset);
        buffer_printf(&out, ",\"redriven\":%s,\"copy\":%s}", letter->redriven ? "true" : "false",
                      letter->copy ? "true" : "false");
        print_line(&out);
    }
    buffer_release(&out);
}

/* --- one --- */

/* The i-th header; false behind the last one. */
static bool header_at(const rd_kafka_message_t *message, size_t i, const char **name, struct span *value) {
    rd_kafka_headers_t *headers;
    const void *data;
    if (rd_kafka_message_headers(message, &headers) ||
        rd_kafka_header_get_all(headers, i, name, &data, &value->len))
        return false;
    value->data = data;
    return true;
}

/* As it is where a terminal can show it, otherwise escaped as JSON. */
static void print_bytes(struct span bytes) {
    bool plain = bytes.data && utf8_valid_prefix(bytes) == bytes.len;
    for (size_t i = 0; plain && i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        plain = c != 0x7f && (c >= 0x20 || c == '\n' || c == '\t');
    }
    struct buffer out;
    buffer_init(&out);
    if (plain)
        buffer_span(&out, bytes);
    else
        dead_letter_bytes_json(&out, bytes);
    print_line(&out);
    buffer_release(&out);
}

static void print_headers(const rd_kafka_message_t *message) {
    const char *name;
    struct span value;
    for (size_t i = 0; header_at(message, i, &name, &value); i++) {
        printf("  %-10s ", name);
        print_bytes(value);
    }
}

void dead_letters_print_one(const rd_kafka_message_t *letter, const rd_kafka_message_t *origin) {
    printf("dead letter %d:%" PRId64 "\n", letter->partition, letter->offset);
    print_headers(letter);
    printf("headers of its record:%s\n", origin ? "" : " unknown, it is gone from its topic");
    if (origin) print_headers(origin);
    printf("value:\n");
    const rd_kafka_message_t *whole = origin ? origin : letter;
    print_bytes((struct span){whole->payload, whole->len});
}

static void headers_json(struct buffer *out, const rd_kafka_message_t *message) {
    const char *name;
    struct span value;
    buffer_byte(out, '[');
    for (size_t i = 0; header_at(message, i, &name, &value); i++) {
        if (i) buffer_byte(out, ',');
        buffer_byte(out, '{');
        member_text(out, "name", span_of(name));
        member_text(out, "value", value);
        buffer_byte(out, '}');
    }
    buffer_byte(out, ']');
}

void dead_letters_print_one_json(const rd_kafka_message_t *letter, const rd_kafka_message_t *origin) {
    const rd_kafka_message_t *whole = origin ? origin : letter;
    struct dead_letter_found found = dead_letter_parse(letter);
    struct buffer out;
    buffer_init(&out);
    buffer_byte(&out, '{');
    member_number(&out, "partition", letter->partition);
    member_number(&out, "offset", letter->offset);
    member_time(&out, "time", found.time_us);
    member_text(&out, "reason", dead_letter_header(letter, "reason"));
    member_text(&out, "class", span_of(outcome_class(found.reason)));
    member_text(&out, "detail", found.detail);
    buffer_text(&out, ",\"letter_headers\":");
    headers_json(&out, letter);
    buffer_printf(&out,
                  ",\"origin\":{\"topic\":\"%.*s\",\"partition\":%d,\"offset\":%" PRId64 ",\"there\":%s",
                  SPAN_ARGS(found.topic), found.partition, found.offset, origin ? "true" : "false");
    buffer_text(&out, ",\"headers\":");
    if (origin)
        headers_json(&out, origin);
    else
        buffer_text(&out, "null");
    buffer_byte(&out, '}');
    member_time(&out, "timestamp", found.timestamp_us);
    member_text(&out, "key",
                origin ? (struct span){origin->key, origin->key_len} : dead_letter_header(letter, "key"));
    member_text(&out, "value", (struct span){whole->payload, whole->len});
    buffer_byte(&out, '}');
    print_line(&out);
    buffer_release(&out);
}

/* --- a redrive --- */

static size_t count_of(const struct redrive_plan *plan, int topic) {
    size_t number = 0;
    for (size_t i = 0; i < plan->count; i++) number += plan->items[i]->origin.topic == topic;
    return number;
}

static void print_left_out(size_t number, const char *why) {
    if (number) printf("left out: %zu %s\n", number, why);
}

void dead_letters_print_plan(const struct redrive_plan *plan, const struct pipeline *pipeline) {
    const char *conversions = pipeline->inputs[pipeline->attribute.conversions].source_topic;
    const struct letters *letters = plan->letters;
    for (int i = 0; i < letters->topic_count; i++) {
        size_t number = count_of(plan, i);
        if (!number) continue;
        printf("%zu record%s to be sent to topic \"%s\" again\n", number, number == 1 ? " is" : "s are",
               letters->topics[i]);
        if (strcmp(letters->topics[i], conversions) == 0 && pipeline->attribute.late == LATE_DEAD_LETTER)
            printf(
                "Conversions behind the watermark by more than `allowed_lateness` when they are read will be "
                "late.\n");
    }
    if (!plan->count) printf("nothing is to be sent again\n");
    print_left_out(plan->redriven, "sent again already (--again sends them once more)");
    print_left_out(plan->late,
                   "that came too late and would be late again (--reason late sends them all the same)");
    print_left_out(plan->foreign, "from a topic that is no input of this pipeline");
}
