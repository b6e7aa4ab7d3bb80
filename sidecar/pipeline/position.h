/* position.h: how far one log of a partition has been read: the next offset, the watermark there, and the
 * idle advances that raised it, stored ones and those made in this life. Used by partition*.c only; one
 * thread. */
#ifndef TRIBUTARY_PIPELINE_POSITION_H
#define TRIBUTARY_PIPELINE_POSITION_H

#include "attribution/watermark.h"
#include "pipeline/anchor.h"
#include "pipeline/source_log.h"

/* An idle advance: at this position of its log the watermark was raised to this. */
struct advance {
    int64_t next_offset, watermark_us;
};

struct advances {
    struct advance *items; /* ascending */
    int count, capacity;
};

struct log_position {
    int64_t next; /* offset */
    bool rekeyed; /* only markers move the watermark */
    struct source_log sources;
    struct watermark watermark;
    struct advances stored; /* of an earlier life, applied as their offsets are passed */
    int stored_applied;
    struct advances made; /* in this life, not yet committed */
    int made_cut;         /* how many of them are in the open cut */
    struct anchor anchor;
};

/* `stored` is copied; NULL: none. */
void position_init(struct log_position *log, int64_t next, int64_t max_time_us,
                   const struct advances *stored);
void position_release(struct log_position *log);

/* Everything before `next` has been read. */
void position_pass(struct log_position *log, int64_t next);
/* An event of the log has this time. */
void position_observe(struct log_position *log, int64_t time_us);
/* Whether the record is a marker, which is taken and passed. */
bool position_take_marker(struct log_position *log, const struct record *record);

/* Raises the watermark, if it is not there yet, and remembers that. */
void position_advance(struct log_position *log, int64_t to_us);
/* The offset at which an advance beyond this time was first made; INT64_MAX without one. */
int64_t position_advanced_beyond(const struct log_position *log, int64_t time_us);
/* The open cut takes what was made so far; these. */
void position_cut(struct log_position *log);
struct advances position_in_cut(const struct log_position *log);
/* The cut is in the database: its advances are stored ones. They are remembered only where somebody asks for
 * them (position_advanced_beyond). */
void position_committed(struct log_position *log, bool remember);

#endif
