/* store.h: the progress of each partition with its epoch, as the database keeps it, in one file a partition:
 * a line per change, the last one counts, so that the file is its own history. One thread at a time in a
 * process; processes exclude each other by a lock that nobody waits for. */
#ifndef TRIBUTARY_PROTOCOL_STORE_H
#define TRIBUTARY_PROTOCOL_STORE_H

#include <stdbool.h>
#include <stdint.h>

struct store_row {
    int64_t epoch, sequence; /* of the owner; commits since the start */
    int64_t next[2];         /* by side */
};

enum store_result {
    STORE_DONE,
    STORE_BUSY,   /* another process is at it: try again later */
    STORE_FENCED, /* another member has claimed the partition */
};

/* Makes the partition ours: counts its epoch up. `before` is what it was, `row` what it is. */
enum store_result store_claim(const char *folder, int partition, struct store_row *before,
                              struct store_row *row);
/* Sets the offsets, if the epoch is still the row's. */
enum store_result store_commit(const char *folder, int partition, struct store_row *row,
                               const int64_t next[2]);

#endif
