#include "commands/explain_print.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buffer.h"
#include "commands/time_text.h"
#include "output/json.h"

static double seconds(int64_t us) {
    return (double)us / (double)TIME_SECOND;
}

/* --- for people --- */

static void print_values(char *const *names, const struct value *values, int count) {
    struct buffer text;
    buffer_init(&text);
    for (int i = 0; i < count; i++) {
        buffer_printf(&text, "%s%s=", i ? ", " : "", names[i]);
        json_value(&text, &values[i]);
    }
    fputs(buffer_string(&text), stdout);
    buffer_release(&text);
}

static void print_lateness(const struct explanation *item) {
    if (item->late)
        printf("  late       by %.3f s more than allowed: the watermark of its log was %s before it%s\n",
               seconds(item->late_us), time_text(item->watermark_us).text,
               item->refused_late ? "; it went to the dead letters" : "");
    else if (item->watermark_us == TIME_NONE)
        puts("  late       no: it is the first of its log");
    else
        printf("  late       no: the watermark of its log was %s before it\n",
               time_text(item->watermark_us).text);
}

static void print_final(const struct plan *plan, const struct explanation *item) {
    switch (item->final) {
    case FINAL_NOT_YET:
        printf("  final      not yet: the touches' watermark is not past %s%s\n",
               time_text(item->range.read_by_us).text,
               plan->output->early ? "; until then its row is an early one" : "");
        return;
    case FINAL_BY_TOUCH:
        printf("  final      by the touch at offset %" PRId64 " of \"%s\": the watermark came to %s\n",
               item->final_offset, plan->touches->topic, time_text(item->final_watermark_us).text);
        return;
    case FINAL_BY_MARKER:
        printf("  final      by the marker at offset %" PRId64
               " of \"%s\": all its sources have come to %s\n",
               item->final_offset, plan->touches->topic, time_text(item->final_watermark_us).text);
        return;
    case FINAL_BY_ADVANCE:
        printf("  final      by an idle advance at offset %" PRId64
               " of \"%s\", stored then: the watermark came "
               "to %s\n",
               item->final_offset, plan->touches->topic, time_text(item->final_watermark_us).text);
        return;
    }
}

static void print_conversion(const struct plan *plan, const struct explanation *item) {
    const struct attribute_config *attribute = &plan->pipeline->attribute;
    printf("conversion at partition %d, offset %" PRId64 " of topic \"%s\"\n", item->partition, item->offset,
           plan->conversions->topic);
    if (plan->conversions->repartition.present)
        printf("  source     partition %d, offset %" PRId64 " of topic \"%s\"\n", item->source_partition,
               item->source_offset, plan->conversions->source_topic);
    if (!item->readable) {
        printf("  refused    %s: %s\n", outcome_name(item->refused), item->detail);
        return;
    }
    fputs("  key        ", stdout);
    print_values(attribute->conversion_key, item->key, attribute->key_count);
    puts(item->has_key || item->filtered_by ? "" : " (a part is null: it joins with nothing)");
    printf("  time       %s (record timestamp %s)\n", time_text(item->time_us).text,
           time_text(item->timestamp_us).text);
    if (item->filtered_by) {
        printf("  filtered   by step %d (%s): it gets no row\n", item->filtered_by,
               step_name(plan->conversions->steps->items[item->filtered_by - 1].kind));
        return;
    }
    print_lateness(item);
    if (item->refused_late) return;
    printf("  window     %s to %s, both included\n",
           time_text(time_add(item->time_us, -plan->window.window_us)).text, time_text(item->time_us).text);
    print_final(plan, item);
    printf("  committed  %s\n", item->committed ? "yes" : "not yet");
}

static void print_chosen(const struct plan *plan, const struct explanation *item,
                         const struct explained_touch *touch) {
    bool latest = plan->pipeline->attribute.model == MODEL_LAST;
    if (!touch->number)
        fputs("counts", stdout);
    else if (!plan->shares)
        printf("chosen: the %s that counts", latest ? "latest" : "earliest");
    else
        printf("chosen as number %d of %d, with a credit of %.*s", touch->number, item->chosen_count,
               SPAN_ARGS(touch->credit.text));
}

static void print_verdict(const struct plan *plan, const struct explanation *item,
                          const struct explained_touch *touch) {
    int64_t window_from = time_add(item->time_us, -plan->window.window_us);
    switch (touch->verdict) {
    case TOUCH_COUNTS: print_chosen(plan, item, touch); break;
    case TOUCH_BEFORE_WINDOW:
        printf("does not count: %.3f s before the window", seconds(window_from - touch->time_us));
        break;
    case TOUCH_AFTER_CONVERSION:
        printf("does not count: %.3f s after the conversion", seconds(touch->time_us - item->time_us));
        break;
    case TOUCH_READ_TOO_LATE:
        printf("does not count: the conversion was final when it was read; it came %.3f s too late",
               seconds(touch->watermark_us - item->range.read_by_us));
        break;
    case TOUCH_CAPPED:
        printf("does not count: it was not kept, being more than touch_cap: %" PRId64
               " of its key in a sixteenth of the window",
               plan->pipeline->attribute.touch_cap);
        break;
    case TOUCH_OUT_OF_REACH:
        printf("does not count: more than reach: %" PRId64 " are nearer", plan->pipeline->attribute.reach);
        break;
    case TOUCH_EXPIRED:
        fputs("does not count: the conversion was late, and touches of before ", stdout);
        printf("%s need not be kept any more", time_text(item->range.from_us).text);
        break;
    case TOUCH_VERDICTS: break;
    }
}

static void print_touch(const struct plan *plan, const struct explanation *item,
                        const struct explained_touch *touch) {
    printf("%c %-9" PRId64 " %-27s  %-27s  ", touch->number ? '*' : ' ', touch->offset,
           time_text(touch->time_us).text, time_text(touch->watermark_us).text);
    print_verdict(plan, item, touch);
    if (plan->touch_field_count) {
        fputs("  ", stdout);
        print_values((char *const *)plan->touch_fields, touch->fields, plan->touch_field_count);
    }
    putchar('\n');
}

static void print_touches(const struct plan *plan, const struct explanation *item) {
    printf("\ntouches of its key in topic \"%s\" [%d], as they were read\n", plan->touches->topic,
           item->partition);
    if (item->touch_count) printf("  %-9s %-27s  %s\n", "offset", "time", "watermark before it");
    for (int i = 0; i < item->touch_count; i++) print_touch(plan, item, &item->touches[i]);
    if (!item->touch_count && !item->farther) puts("  none");
    if (item->farther)
        printf("  %" PRIu64 " more, over a window's length away from the window or the conversion\n",
               item->farther);
    if (!item->chosen_count) puts("  no touch counts: the conversion is unattributed");
    if (item->touches_gone)
        printf("  touches before offset %" PRId64 " are gone from the topic: they may have counted\n",
               item->touches_from);
}

static void print_table(const struct plan *plan, const struct explain_result *result) {
    const char *table = plan->output->table;
    switch (result->agreement) {
    case TABLE_UNASKED: printf("\ntable %s: no row is expected\n", table); break;
    case TABLE_AGREES: printf("\ntable %s: agrees\n", table); break;
    case TABLE_UNCERTAIN:
        printf("\ntable %s: the topics no longer reach back far enough to tell what it must hold\n", table);
        break;
    case TABLE_MISSING: printf("\ntable %s: the row is MISSING\n", table); break;
    case TABLE_DIFFERS: printf("\ntable %s: DIFFERS in %s\n", table, result->columns); break;
    }
    if (result->found) printf("  holds      %s\n", result->found);
    if (result->expected) printf("  must hold  %s\n", result->expected);
}

static void print_dead_letters(const struct explain_result *result) {
    for (int i = 0; i < result->dead_count; i++) {
        const struct explained_dead_letter *dead = &result->dead[i];
        printf("\ndead letter: the record at partition %d, offset %" PRId64 " of \"%s\" was refused\n",
               dead->partition, dead->offset, dead->topic);
        printf("  reason     %s: %s\n", outcome_name(dead->reason), dead->detail ? dead->detail : "");
    }
}

static void print_nothing(const struct plan *plan, const struct explain_result *result, const char *what) {
    printf("no conversion %s in topic \"%s\": looked at %" PRIu64 " records of %d partition%s%s\n", what,
           plan->conversions->topic, result->searched, result->partitions, result->partitions == 1 ? "" : "s",
           result->conversions_gone ? ", which no longer reach back to the pipeline's beginning" : "");
    if (!result->dead_count)
        printf("nor in the dead letters, topic \"%s\"\n", plan->pipeline->dead_letter_topic);
}

void explain_print_text(const struct plan *plan, const struct explain_result *result, const char *what) {
    for (int i = 0; i < result->count; i++) {
        if (i) putchar('\n');
        print_conversion(plan, &result->items[i]);
        if (result->items[i].readable && !result->items[i].refused_late && !result->items[i].filtered_by)
            print_touches(plan, &result->items[i]);
    }
    if (!result->count) print_nothing(plan, result, what);
    if (result->count > 1)
        printf("\n%d conversions have this id: of each partition the last one committed stands\n",
               result->count);
    if (result->count || result->found) print_table(plan, result);
    print_dead_letters(result);
}

/* --- for programs --- */

static void json_name(struct buffer *out, const char *name) {
    if (out->len && out->data[out->len - 1] != '{') buffer_byte(out, ',');
    buffer_json(out, span_of(name));
    buffer_byte(out, ':');
}

static void json_number(struct buffer *out, const char *name, int64_t number) {
    json_name(out, name);
    buffer_printf(out, "%" PRId64, number);
}

static void json_flag(struct buffer *out, const char *name, bool flag) {
    json_name(out, name);
    buffer_text(out, flag ? "true" : "false");
}

static void json_text(struct buffer *out, const char *name, const char *text) {
    json_name(out, name);
    if (text)
        buffer_json(out, span_of(text));
    else
        buffer_text(out, "null");
}

static void json_time(struct buffer *out, const char *name, int64_t time_us) {
    json_name(out, name);
    time_text_json(out, time_us);
}

static void json_values(struct buffer *out, const char *name, char *const *names, const struct value *values,
                        int count) {
    json_name(out, name);
    buffer_byte(out, '{');
    for (int i = 0; i < count; i++) {
        json_name(out, names[i]);
        json_value(out, &values[i]);
    }
    buffer_byte(out, '}');
}

/* Of a re-keyed input: where the producer wrote it. */
static void source_json(struct buffer *out, const struct input_config *input, int partition, int64_t offset) {
    if (!input->repartition.present) return;
    json_number(out, "source_partition", partition);
    json_number(out, "source_offset", offset);
}

static void touch_json(struct buffer *out, const struct plan *plan, const struct explained_touch *touch) {
    buffer_byte(out, '{');
    json_number(out, "offset", touch->offset);
    source_json(out, plan->touches, touch->source_partition, touch->source_offset);
    json_time(out, "time", touch->time_us);
    json_time(out, "timestamp", touch->timestamp_us);
    json_time(out, "watermark", touch->watermark_us);
    json_text(out, "verdict", touch_verdict_name(touch->verdict));
    json_flag(out, "chosen", touch->number > 0);
    if (touch->number) {
        json_number(out, "number", touch->number);
        json_name(out, "credit");
        json_value(out, &touch->credit);
    }
    json_values(out, "fields", (char *const *)plan->touch_fields, touch->fields, plan->touch_field_count);
    buffer_byte(out, '}');
}

static void readable_json(struct buffer *out, const struct plan *plan, const struct explanation *item) {
    static const char *const finalities[] = {[FINAL_NOT_YET] = "not_yet",
                                             [FINAL_BY_TOUCH] = "touch",
                                             [FINAL_BY_MARKER] = "marker",
                                             [FINAL_BY_ADVANCE] = "idle_advance"};
    const struct attribute_config *attribute = &plan->pipeline->attribute;
    json_time(out, "time", item->time_us);
    json_values(out, "key", attribute->conversion_key, item->key, attribute->key_count);
    json_time(out, "watermark", item->watermark_us);
    if (item->filtered_by) {
        json_number(out, "filtered_by", item->filtered_by);
        return;
    }
    json_flag(out, "late", item->late);
    json_time(out, "window_from", time_add(item->time_us, -plan->window.window_us));
    json_text(out, "final", finalities[item->final]);
    json_flag(out, "early", plan->output->early && item->final == FINAL_NOT_YET);
    if (item->final != FINAL_NOT_YET) {
        json_number(out, "final_offset", item->final_offset);
        json_time(out, "final_watermark", item->final_watermark_us);
    }
    json_flag(out, "touches_gone", item->touches_gone);
    json_number(out, "touches_farther", (int64_t)item->farther);
    json_name(out, "touches");
    buffer_byte(out, '[');
    for (int i = 0; i < item->touch_count; i++) {
        buffer_text(out, i ? "," : "");
        touch_json(out, plan, &item->touches[i]);
    }
    buffer_byte(out, ']');
}

static void conversion_json(struct buffer *out, const struct plan *plan, const struct explanation *item) {
    buffer_byte(out, '{');
    json_number(out, "partition", item->partition);
    json_number(out, "offset", item->offset);
    source_json(out, plan->conversions, item->source_partition, item->source_offset);
    json_time(out, "timestamp", item->timestamp_us);
    json_flag(out, "committed", item->committed);
    json_text(out, "refused", item->readable ? NULL : outcome_name(item->refused));
    if (item->readable)
        readable_json(out, plan, item);
    else
        json_text(out, "detail", item->detail);
    buffer_byte(out, '}');
}

static void dead_json(struct buffer *out, const struct explained_dead_letter *dead) {
    buffer_byte(out, '{');
    json_number(out, "partition", dead->partition);
    json_number(out, "offset", dead->offset);
    json_text(out, "reason", outcome_name(dead->reason));
    json_text(out, "detail", dead->detail);
    buffer_byte(out, '}');
}

static void table_json(struct buffer *out, const struct plan *plan, const struct explain_result *result) {
    static const char *const agreements[] = {[TABLE_UNASKED] = "unasked",
                                             [TABLE_AGREES] = "agrees",
                                             [TABLE_DIFFERS] = "differs",
                                             [TABLE_MISSING] = "missing",
                                             [TABLE_UNCERTAIN] = "uncertain"};
    const char *const texts[] = {result->columns, result->found, result->expected};
    const char *const names[] = {"columns", "found", "expected"};
    json_name(out, "table");
    buffer_byte(out, '{');
    json_text(out, "name", plan->output->table);
    json_text(out, "agreement", agreements[result->agreement]);
    for (int i = 0; i < 3; i++) {
        json_name(out, names[i]);
        buffer_text(out, texts[i] ? texts[i] : "null");
    }
    buffer_byte(out, '}');
}

void explain_print_json(const struct plan *plan, const struct explain_result *result) {
    struct buffer out;
    buffer_init(&out);
    buffer_byte(&out, '{');
    json_number(&out, "searched", (int64_t)result->searched);
    json_name(&out, "conversions");
    buffer_byte(&out, '[');
    for (int i = 0; i < result->count; i++) {
        buffer_text(&out, i ? "," : "");
        conversion_json(&out, plan, &result->items[i]);
    }
    buffer_byte(&out, ']');
    table_json(&out, plan, result);
    json_name(&out, "dead_letters");
    buffer_byte(&out, '[');
    for (int i = 0; i < result->dead_count; i++) {
        buffer_text(&out, i ? "," : "");
        dead_json(&out, &result->dead[i]);
    }
    buffer_text(&out, "]}");
    puts(buffer_string(&out));
    buffer_release(&out);
}
