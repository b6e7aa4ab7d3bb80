/* worker_internal.h: what worker.c (the loop) and worker_gauges.c (what others see of it) share. For these
 * two only. */
#ifndef TRIBUTARY_PIPELINE_WORKER_INTERNAL_H
#define TRIBUTARY_PIPELINE_WORKER_INTERNAL_H

#include "pipeline/acquire.h"
#include "pipeline/allowance.h"
#include "pipeline/batch.h"
#include "pipeline/commit.h"
#include "pipeline/gauges.h"
#include "pipeline/restore.h"
#include "pipeline/slot.h"
#include "pipeline/worker.h"

enum {
    READ_MESSAGES = 500,
    RESTORES = PROBER_SLOTS - PROBER_RESTORES, /* at a time */
};

/* What is counted for the snapshots. */
struct worker_watch {
    uint64_t restores, fenced;
    int64_t restore_us, wait_us[2][WAIT_REASONS];
    int64_t gathered_us, asked_us; /* monotonic: the last snapshot, the last question about the logs' ends */
    int64_t *highs[2];             /* the answers, by side and partition; -1: none yet */
    const char *grown;             /* a topic that has more partitions than when we began; NULL: none */
    int64_t stall_told_us[2];      /* by side: when the log was last told that no markers come; 0: they do */
};

struct worker {
    struct worker_options options;
    struct consumer *consumer;
    struct prober *prober;
    struct connection *connection;
    struct dead_letters *dead_letters;
    struct changelog_writer *changelog;
    struct reader *reader;
    struct acquire *acquire;
    struct restore *restores[RESTORES];
    struct commit *commit;
    struct batch batch;
    struct allowance allowance;
    bool acquiring;        /* the assignment below is not, or no longer, being read */
    int64_t acquire_at_us; /* not before then: the back-off after being fenced */
    int *assigned;         /* the group's assignment */
    int assigned_count;
    bool ever_assigned;
    bool member;        /* the assignment has not been revoked */
    struct slot *slots; /* what is being read */
    int slot_count;
    struct partition **parked; /* held before a rebalance, perhaps to be gone on with */
    int parked_count;
    int64_t committed_at_us, probed_at_us;
    struct worker_watch watch;
    rd_kafka_message_t *messages[READ_MESSAGES];
};

void worker_watch_init(struct worker *worker);
void worker_watch_release(struct worker *worker);
/* With every turn: the loop is alive; and now and then a snapshot. */
void worker_watch_turn(struct worker *worker);
/* False, with a config error, once it is known that a topic has got partitions. */
bool worker_watch_extent(const struct worker *worker, struct error *error) MUST_CHECK;
/* A snapshot at once: the partitions have changed. */
void worker_watch_show(struct worker *worker);

#endif
