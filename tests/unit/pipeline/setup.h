/* setup.h: the settings that a worker runs under, as numbers and as a compiled pipeline. */
#ifndef TRIBUTARY_TESTS_PIPELINE_SETUP_H
#define TRIBUTARY_TESTS_PIPELINE_SETUP_H

#include "base/buffer.h"
#include "logs.h"
#include "pipeline/partition.h"

/* Which columns of a row come from the touch, beside its offset. */
enum kept { KEPT_NOTHING, KEPT_ID, KEPT_NOTE, KEPT_SEVERAL, KEPT_COUNT };

struct settings {
    int64_t bound_s[2]; /* by side */
    int64_t window_s, lateness_s, drift_s, grace_s;
    bool attribute_late, early;
    enum kept kept;
    enum model model;
    int reach, cap; /* 0: none */
};

struct setup {
    struct settings settings;
    struct pipeline *pipeline;
    struct plan *plan;
    struct join join;
};

static inline int64_t draw_of(struct random *random, const int *values, int count) {
    return values[random_below(random, count)];
}
#define DRAW_OF(random, ...)                                                                                 \
    draw_of(random, (const int[]){__VA_ARGS__}, COUNT_OF(((const int[]){__VA_ARGS__})))

/* The bounds stay as they are given: they cannot change without a new beginning. */
static inline struct settings settings_draw(struct random *random, const int64_t *bound_s, int64_t grace_s) {
    return (struct settings){.bound_s = {bound_s[TOUCHES], bound_s[CONVERSIONS]},
                             .window_s = DRAW_OF(random, 1, 5, 16, 20, 60),
                             .lateness_s = DRAW_OF(random, 0, 0, 5),
                             .drift_s = DRAW_OF(random, 2, 10, 60),
                             .grace_s = grace_s,
                             .attribute_late = random_below(random, 4) == 0,
                             .kept = (enum kept)random_below(random, KEPT_COUNT),
                             .model = (enum model)random_below(random, MODEL_TIME_DECAY + 1),
                             .reach = (int)DRAW_OF(random, 0, 0, 0, 1, 2, 5),
                             .cap = (int)DRAW_OF(random, 0, 0, 0, 1, 2)};
}

static inline void setup_yaml(struct buffer *yaml, const struct settings *settings) {
    static const char *const columns[KEPT_COUNT] = {
        [KEPT_NOTHING] = "",
        [KEPT_ID] = ", kept: t.id",
        [KEPT_NOTE] = ", kept: t.note",
        [KEPT_SEVERAL] = ", kept: t.note, other: t.id, stamp: t._timestamp, record_key: t._key"};
    buffer_printf(yaml,
                  "version: 1\npipeline: p\nkafka: {brokers: b}\nchangelog: {tombstone_grace: %" PRId64 "s}\n"
                  "defaults: {time: {field: at, format: epoch_s, max_future: %ds}}\n",
                  settings->grace_s, MAX_FUTURE_S);
    buffer_printf(yaml,
                  "inputs:\n  t: {kafka: {topic: t}, time: {out_of_order: %" PRId64 "s}}\n"
                  "  c: {kafka: {topic: c}, time: {out_of_order: %" PRId64 "s}}\n",
                  settings->bound_s[TOUCHES], settings->bound_s[CONVERSIONS]);
    static const char *const models[] = {"first", "last", "linear", "position", "time_decay"};
    bool shares = model_shares(settings->model);
    buffer_printf(yaml,
                  "attribute: {conversions: c, touches: t, key: [user], window: %" PRId64 "s, model: %s,",
                  settings->window_s, models[settings->model]);
    if (settings->reach) buffer_printf(yaml, " reach: %d,", settings->reach);
    if (settings->cap) buffer_printf(yaml, " touch_cap: %d,", settings->cap);
    buffer_printf(yaml, " allowed_lateness: %" PRId64 "s, late: %s, max_drift: %" PRId64 "s, emit: %s}\n",
                  settings->lateness_s, settings->attribute_late ? "attribute" : "dead_letter",
                  settings->drift_s, settings->early ? "early" : "final");
    buffer_printf(
        yaml,
        "outputs:\n  - postgres: {table: r, write: upsert, primary_key: [id%s],"
        " columns: [id, touch: t._offset%s, n: attribution.touch_number, of: attribution.touch_count,"
        " credit: attribution.credit]}\n",
        shares ? ", n" : "", columns[settings->kept]);
}

static inline struct setup *setup_new(const struct settings *settings) {
    struct setup *setup = memory_zalloc(1, sizeof *setup);
    struct buffer yaml;
    struct error error;
    buffer_init(&yaml);
    setup->settings = *settings;
    setup_yaml(&yaml, settings);
    setup->pipeline = pipeline_parse(yaml.data, yaml.len, "test.yaml", stderr);
    ck_assert_ptr_nonnull(setup->pipeline);
    buffer_release(&yaml);
    setup->plan = plan_new(setup->pipeline);
    ck_assert(join_init(&setup->join, setup->plan, 1, &error));
    setup->join.logged = true;
    setup->join.early = settings->early;
    return setup;
}

static inline void setup_free(struct setup *setup) {
    join_release(&setup->join);
    plan_free(setup->plan);
    pipeline_free(setup->pipeline);
    free(setup);
}

#endif
