/* plans.h: what the tests of pipeline/ share: plans from a few lines of YAML. */
#ifndef TRIBUTARY_TESTS_PIPELINE_PLANS_H
#define TRIBUTARY_TESTS_PIPELINE_PLANS_H

#include "../suite.h"
#include "base/buffer.h"
#include "pipeline/plan.h"

struct planned {
    struct pipeline *pipeline;
    struct plan *plan;
};

/* Joins input c to input t by user within 1h; `model` is more of `attribute`, ", model: linear"; `rest` the
 * YAML of lookups and outputs. */
static inline struct planned plan_with(const char *model, const char *rest) {
    struct planned planned;
    struct buffer yaml;
    buffer_init(&yaml);
    buffer_text(&yaml,
                "version: 1\npipeline: p\nkafka: {brokers: b}\n"
                "defaults: {time: {field: at, format: epoch_s}}\n"
                "inputs: {t: {kafka: {topic: tt}}, c: {kafka: {topic: cc}}}\n"
                "attribute: {conversions: c, touches: t, key: [user], window: 1h, allowed_lateness: 5m");
    buffer_printf(&yaml, "%s}\n%s", model, rest);
    planned.pipeline = pipeline_parse(yaml.data, yaml.len, "test.yaml", stderr);
    buffer_release(&yaml);
    ck_assert_ptr_nonnull(planned.pipeline);
    planned.plan = plan_new(planned.pipeline);
    return planned;
}

static inline struct planned plan_of(const char *rest) {
    return plan_with("", rest);
}

static inline void planned_free(struct planned *planned) {
    plan_free(planned->plan);
    pipeline_free(planned->pipeline);
}

#endif
