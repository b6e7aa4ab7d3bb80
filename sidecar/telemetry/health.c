#include "telemetry/health.h"

#include <inttypes.h>

#include "base/time.h"

static bool conclude(struct buffer *why, size_t before) {
    if (why->len > before) return false;
    buffer_text(why, "ok\n");
    return true;
}

static void judge_turns(const struct health *health, int64_t now_us, struct buffer *why) {
    for (int i = 0; i < health->count; i++) {
        int64_t turned = health->workers[i].turned_us;
        if (turned && now_us - turned > HEALTH_SILENT_US)
            buffer_printf(why, "worker %d: its loop has not turned for %" PRId64 " s\n", i,
                          (now_us - turned) / TIME_SECOND);
    }
}

bool health_is_alive(const struct health *health, int64_t now_us, struct buffer *why) {
    size_t before = why->len;
    judge_turns(health, now_us, why);
    return conclude(why, before);
}

static void judge_worker(const struct health_worker *worker, int number, struct buffer *why) {
    if (!worker->turned_us || !worker->member)
        buffer_printf(why, "worker %d: the consumer group has not assigned partitions to it\n", number);
    else if (worker->claiming || worker->reading < worker->assigned)
        buffer_printf(why, "worker %d: %d partitions are being claimed\n", number, worker->assigned);
    else if (worker->restoring)
        buffer_printf(why, "worker %d: %d of %d partitions are being restored\n", number, worker->restoring,
                      worker->assigned);
}

bool health_is_ready(const struct health *health, int64_t now_us, struct buffer *why) {
    size_t before = why->len;
    if (health->stopping) buffer_text(why, "stopping\n");
    if (!health->count) buffer_text(why, "starting: topics and tables are being looked at\n");
    judge_turns(health, now_us, why);
    for (int i = 0; i < health->count; i++) judge_worker(&health->workers[i], i, why);
    return conclude(why, before);
}
