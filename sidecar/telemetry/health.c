#include "telemetry/health.h"

#include <inttypes.h>

#include "base/time.h"

static bool conclude(struct buffer *why, size_t before) {
    if (why->len > before) return false;
    buffer_text(why, "ok\n");
    return true;
}

static void judge_turns_of(const char *what, const struct health_worker *workers, int count, int64_t now_us,
                           struct buffer *why) {
    for (int i = 0; i < count; i++) {
        int64_t turned = workers[i].turned_us;
        if (turned && now_us - turned > HEALTH_SILENT_US)
            buffer_printf(why, "%s %d: its loop has not turned for %" PRId64 " s\n", what, i,
                          (now_us - turned) / TIME_SECOND);
    }
}

static void judge_turns(const struct health *health, int64_t now_us, struct buffer *why) {
    judge_turns_of("worker", health->workers, health->count, now_us, why);
    judge_turns_of("re-keyer", health->rekeyers, health->rekeyer_count, now_us, why);
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

static void judge_rekeyer(const struct health_worker *rekeyer, int number, struct buffer *why) {
    if (!rekeyer->turned_us || !rekeyer->member)
        buffer_printf(why, "re-keyer %d: the consumer group has not assigned partitions to it\n", number);
    else if (rekeyer->reading < rekeyer->assigned)
        buffer_printf(why, "re-keyer %d: it has not committed yet since it was given its %d partitions\n",
                      number, rekeyer->assigned);
}

static void judge_start(const struct health *health, struct buffer *why) {
    if (health->count || (health->rekeys_only && health->rekeyer_count)) return;
    if (health->rekeyer_count)
        buffer_text(why, "re-keying comes first: the join has not begun\n");
    else
        buffer_text(why, "starting: topics and tables are being looked at\n");
}

bool health_is_ready(const struct health *health, int64_t now_us, struct buffer *why) {
    size_t before = why->len;
    if (health->stopping) buffer_text(why, "stopping\n");
    judge_start(health, why);
    if (health->refused) buffer_printf(why, "the brokers refuse this process: %s\n", health->refused);
    judge_turns(health, now_us, why);
    for (int i = 0; i < health->count; i++) judge_worker(&health->workers[i], i, why);
    for (int i = 0; i < health->rekeyer_count; i++) judge_rekeyer(&health->rekeyers[i], i, why);
    return conclude(why, before);
}
