/* restore.h: fills the stores of newly assigned partitions again, one partition after the other and a slice
 * at a time, while the others are at work. Each is read from the changelog; when that does not give what the
 * progress describes, or the pipeline needs more than it holds, the touch topic itself is read again. It ends
 * with exactly the touches of the progress, or with an error that says why that cannot be. One thread at a
 * time. */
#ifndef TRIBUTARY_PIPELINE_RESTORE_H
#define TRIBUTARY_PIPELINE_RESTORE_H

#include "kafka/prober.h"
#include "kafka/reader.h"
#include "pipeline/partition.h"

struct restore;

struct restore_options {
    const struct plan *plan;
    struct reader *reader;
    struct prober *prober;
    int prober_slot;
};

struct restore *restore_new(const struct restore_options *options);
void restore_free(struct restore *restore);

enum restore_result {
    RESTORE_RUNNING,
    RESTORE_DONE,   /* the partition is ready */
    RESTORE_FAILED, /* *error: the touches it needs are nowhere any more */
};

/* Goes on with restoring this partition for some milliseconds, beginning if it was not under way. *any says
 * whether there was something to read. */
enum restore_result restore_poll(struct restore *restore, struct partition *partition, bool *any,
                                 struct error *error);
/* The one being restored, or NULL. */
const struct partition *restore_partition(const struct restore *restore);
/* The partition is no longer ours. */
void restore_cancel(struct restore *restore);

#endif
