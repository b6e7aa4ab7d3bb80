/* The join of one partition against its definition: thousands of random histories, with commits, restarts
 * that fill the store again by reading touches from an earlier offset, and idle advances. Every history must
 * end with exactly the rows of the definition, each released once and in offset order. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "pipeline/batch.h"

enum { TOUCHES_MAX = 90, CONVERSIONS_MAX = 70, STEPS = 500, HISTORIES = 3000, BASE_S = 1700000000 };

struct random {
    uint64_t state;
};

static uint64_t next_random(struct random *random) {
    uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int below(struct random *random, int n) {
    return (int)(next_random(random) % (uint64_t)n);
}

struct log_event {
    int64_t time; /* seconds after BASE_S */
    int key;
};

enum row_kind { ROW_NONE, ROW_LATE, ROW_UNATTRIBUTED, ROW_TOUCH };

struct result {
    enum row_kind kind;
    int touch; /* offset */
};

struct history {
    struct random random;
    int bound, window, lateness; /* seconds */
    bool wild, attribute_late;
    struct log_event touches[TOUCHES_MAX], conversions[CONVERSIONS_MAX];
    int touch_count, conversion_count;
    /* what the "database" holds */
    struct progress progress;
    struct advance touch_advances[STEPS * 2];
    int touch_advance_count;
    struct result rows[CONVERSIONS_MAX];
    int released; /* rows before this conversion offset have been written */
};

/* --- the definition --- */

static int64_t touch_watermark_before(const struct history *history, int offset) {
    int64_t watermark = INT64_MIN;
    for (int i = 0; i < offset; i++)
        if (history->touches[i].time - history->bound > watermark)
            watermark = history->touches[i].time - history->bound;
    watermark = watermark == INT64_MIN ? watermark : (watermark + BASE_S) * 1000000;
    for (int i = 0; i < history->touch_advance_count; i++)
        if (history->touch_advances[i].next_offset <= offset &&
            history->touch_advances[i].watermark_us > watermark)
            watermark = history->touch_advances[i].watermark_us;
    return watermark;
}

static bool counts(const struct history *history, const struct log_event *conversion, int64_t late_floor,
                   int touch) {
    const struct log_event *event = &history->touches[touch];
    return event->key == conversion->key && event->time <= conversion->time &&
           event->time >= conversion->time - history->window &&
           (late_floor == INT64_MIN || event->time + history->window >= late_floor - history->lateness) &&
           touch_watermark_before(history, touch) <=
               (conversion->time + history->lateness + BASE_S) * INT64_C(1000000);
}

static struct result define(const struct history *history, int offset) {
    int64_t watermark = INT64_MIN;
    for (int i = 0; i < offset; i++)
        if (history->conversions[i].time - history->bound > watermark)
            watermark = history->conversions[i].time - history->bound;
    const struct log_event *conversion = &history->conversions[offset];
    bool late = watermark != INT64_MIN && conversion->time < watermark - history->lateness;
    if (late && !history->attribute_late) return (struct result){ROW_LATE, 0};
    struct result best = {ROW_UNATTRIBUTED, 0};
    for (int i = 0; i < history->touch_count; i++)
        if (counts(history, conversion, watermark, i) &&
            (best.kind != ROW_TOUCH || history->touches[i].time < history->touches[best.touch].time))
            best = (struct result){ROW_TOUCH, i};
    return best;
}

/* --- the real thing --- */

struct machine {
    struct history *history;
    const struct plan *plan;
    struct join join;
    struct partition *partition;
    struct batch batch;
};

static void read_record(struct machine *machine, bool touch, int offset) {
    const struct log_event *event =
        touch ? &machine->history->touches[offset] : &machine->history->conversions[offset];
    char json[200];
    int len = snprintf(json, sizeof json, "{\"id\": \"%s%d\", \"user\": %d, \"at\": %" PRId64 "}",
                       touch ? "t" : "c", offset, event->key, BASE_S + event->time);
    struct record record = {.offset = offset,
                            .timestamp_us = (BASE_S + event->time) * INT64_C(1000000),
                            .value = {json, (size_t)len}};
    if (touch)
        partition_touch(machine->partition, &record);
    else
        partition_conversion(machine->partition, &record);
}

static void read_touch(struct machine *machine) {
    int64_t next = partition_touch_next(machine->partition);
    if (next < machine->history->touch_count) read_record(machine, true, (int)next);
}

static void read_conversion(struct machine *machine) {
    int64_t next = partition_conversion_next(machine->partition);
    if (next < machine->history->conversion_count && !partition_is_rebuilding(machine->partition))
        read_record(machine, false, (int)next);
}

static void release(struct machine *machine, const struct cut *cut) {
    struct history *history = machine->history;
    for (uint64_t n = cut->from; n < cut->to; n++) {
        const struct pending *pending = partition_pending_at(machine->partition, n);
        ck_assert_int_eq(pending->record.offset, history->released); /* in order, nothing twice */
        struct result *row = &history->rows[history->released++];
        if (pending->outcome == OUTCOME_LATE) *row = (struct result){ROW_LATE, 0};
        if (pending->outcome == OUTCOME_UNATTRIBUTED) *row = (struct result){ROW_UNATTRIBUTED, 0};
        if (pending->outcome == OUTCOME_ATTRIBUTED)
            *row = (struct result){ROW_TOUCH, (int)pending->touch.offset};
    }
}

/* The worker reads on while the database works. */
static void read_meanwhile(struct machine *machine) {
    for (int i = below(&machine->history->random, 8); i > 0; i--)
        switch (below(&machine->history->random, 5)) {
        case 0: partition_advance_touches(machine->partition); break;
        case 1:
        case 2: read_touch(machine); break;
        default: read_conversion(machine);
        }
}

static void commit(struct machine *machine, bool crash) {
    struct history *history = machine->history;
    uint64_t max_rows = (uint64_t)below(&history->random, 6) + 1;
    if (!batch_take(&machine->batch, &machine->partition, 1, max_rows)) return;
    batch_build(&machine->batch, NULL);
    if (!crash) {
        const struct cut *cut = &machine->batch.parts[0].cut;
        struct advances advances = partition_touch_advances(machine->partition);
        release(machine, cut);
        history->progress = cut->progress;
        for (int i = 0; i < advances.count; i++)
            history->touch_advances[history->touch_advance_count++] = advances.items[i];
        read_meanwhile(machine);
        batch_commit(&machine->batch);
    }
    batch_reset(&machine->batch);
}

/* A restart with nothing but what the database holds. */
static void restart(struct machine *machine) {
    struct history *history = machine->history;
    partition_free(machine->partition);
    struct advances advances = {history->touch_advances, history->touch_advance_count, 0};
    machine->partition = partition_new(&machine->join, 0, &history->progress, &advances, NULL);
    int64_t watermark = partition_conversion_watermark(machine->partition);
    if (partition_is_whole(machine->partition)) return;
    /* the first record with a timestamp that may still matter; here record time is event time */
    int from = 0;
    int64_t wanted = watermark == TIME_NONE ? INT64_MIN
                                            : watermark - machine->plan->window.lateness_us -
                                                  17 * machine->plan->window.bucket_us;
    while (from < history->touch_count && (history->touches[from].time + BASE_S) * INT64_C(1000000) < wanted)
        from++;
    partition_rebuild_from(machine->partition, from);
    while (partition_is_rebuilding(machine->partition)) read_touch(machine);
    ck_assert(partition_is_whole(machine->partition));
}

static void step(struct machine *machine) {
    struct random *random = &machine->history->random;
    int x = below(random, 100);
    if (x < 42)
        read_touch(machine);
    else if (x < 82)
        read_conversion(machine);
    else if (x < 92)
        commit(machine, false);
    else if (x < 94)
        partition_advance_touches(machine->partition);
    else if (x < 97)
        commit(machine, true), restart(machine);
    else
        restart(machine);
}

static void finish(struct machine *machine) {
    struct history *history = machine->history;
    while (partition_touch_next(machine->partition) < history->touch_count) read_touch(machine);
    while (partition_conversion_next(machine->partition) < history->conversion_count)
        read_conversion(machine);
    partition_advance_touches(machine->partition);
    while (history->released < history->conversion_count) commit(machine, false);
    commit(machine, false); /* what only moved the positions */
}

/* --- histories --- */

static int make_log(struct history *history, struct log_event *events, int max) {
    static const int gaps[] = {0, 0, 1, 2, 7};
    int count = below(&history->random, max + 1);
    int64_t time = 0;
    for (int i = 0; i < count; i++) {
        time += gaps[below(&history->random, 5)];
        events[i].time = time;
        if (below(&history->random, 10) < 4) events[i].time -= below(&history->random, history->bound + 1);
        if (history->wild && below(&history->random, 20) == 0) events[i].time -= below(&history->random, 41);
        events[i].key = below(&history->random, 3) + 1;
    }
    return count;
}

static struct pipeline *make_pipeline(const struct history *history) {
    struct buffer yaml;
    buffer_init(&yaml);
    buffer_printf(&yaml,
                  "version: 1\npipeline: p\nkafka: {brokers: b}\n"
                  "defaults: {time: {field: at, format: epoch_s, out_of_order: %ds}}\n"
                  "inputs: {t: {kafka: {topic: t}}, c: {kafka: {topic: c}}}\n"
                  "attribute: {conversions: c, touches: t, key: [user], window: %ds, model: first,"
                  " allowed_lateness: %ds, late: %s}\n"
                  "outputs:\n  - postgres: {table: r, write: upsert, primary_key: [id],"
                  " columns: [id, touch: t.id]}\n",
                  history->bound, history->window, history->lateness,
                  history->attribute_late ? "attribute" : "dead_letter");
    struct pipeline *pipeline = pipeline_parse(yaml.data, yaml.len, "test.yaml", stderr);
    buffer_release(&yaml);
    ck_assert_ptr_nonnull(pipeline);
    return pipeline;
}

static void begin(struct history *history, uint64_t seed) {
    static const int bounds[] = {0, 3, 10}, windows[] = {5, 20, 60}, latenesses[] = {0, 0, 5};
    *history = (struct history){.random = {seed}};
    history->bound = bounds[below(&history->random, 3)];
    history->window = windows[below(&history->random, 3)];
    history->lateness = latenesses[below(&history->random, 3)];
    history->wild = below(&history->random, 10) < 7;
    history->attribute_late = below(&history->random, 4) == 0;
    history->touch_count = make_log(history, history->touches, TOUCHES_MAX);
    history->conversion_count = make_log(history, history->conversions, CONVERSIONS_MAX);
    history->progress = PROGRESS_START(0, 0);
}

static void compare(const struct history *history, uint64_t seed) {
    for (int i = 0; i < history->conversion_count; i++) {
        struct result want = define(history, i), got = history->rows[i];
        ck_assert_msg(want.kind == got.kind && want.touch == got.touch,
                      "seed %" PRIu64 ": conversion %d at %" PRId64
                      ": want kind %d touch %d, got kind %d touch %d",
                      seed, i, history->conversions[i].time, want.kind, want.touch, got.kind, got.touch);
    }
    ck_assert_uint_eq(ledger_total(&history->progress.touch_ledger), (uint64_t)history->touch_count);
    ck_assert_uint_eq(ledger_total(&history->progress.conversion_ledger),
                      (uint64_t)history->conversion_count);
}

static void run_history(uint64_t seed) {
    static struct history history;
    begin(&history, seed);
    struct pipeline *pipeline = make_pipeline(&history);
    struct plan *plan = plan_new(pipeline);
    struct machine machine = {.history = &history, .plan = plan};
    struct error error;
    ck_assert(join_init(&machine.join, plan, seed, &error));
    machine.partition = partition_new(&machine.join, 0, &history.progress, NULL, NULL);
    batch_init(&machine.batch, plan);
    for (int i = 0; i < STEPS; i++) step(&machine);
    finish(&machine);
    compare(&history, seed);
    batch_release(&machine.batch);
    partition_free(machine.partition);
    join_release(&machine.join);
    plan_free(plan);
    pipeline_free(pipeline);
}

START_TEST(histories_agree_with_the_definition) {
    const char *given = getenv("TRIBUTARY_HISTORIES");
    int count = given ? atoi(given) : HISTORIES;
    for (int seed = 1; seed <= count; seed++) run_history((uint64_t)seed);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("partition");
    TCase *property = tcase_create("property");
    tcase_set_timeout(property, 600);
    tcase_add_test(property, histories_agree_with_the_definition);
    suite_add_tcase(suite, property);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
