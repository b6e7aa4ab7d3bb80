/* explain.h: why a conversion got the touch it has: it is looked for in its topic, then every touch of the
 * same key is judged, as the definition of the result has it, and the row in the table compared with what
 * follows. Blocks; one thread. */
#ifndef TRIBUTARY_INSPECT_EXPLAIN_H
#define TRIBUTARY_INSPECT_EXPLAIN_H

#include "attribution/window.h"
#include "base/arena.h"
#include "base/hash.h"
#include "event/outcome.h"
#include "event/value.h"
#include "inspect/difference.h"
#include "pipeline/plan.h"

enum touch_verdict {
    TOUCH_COUNTS,
    TOUCH_BEFORE_WINDOW,
    TOUCH_AFTER_CONVERSION,
    TOUCH_READ_TOO_LATE, /* the conversion was final by then */
    TOUCH_CAPPED,        /* others of its key and bucket were read before: it was not kept */
    TOUCH_OUT_OF_REACH,  /* it would count, but `reach` others are nearer */
    TOUCH_EXPIRED,       /* inside the window of a conversion that was late, but perhaps dropped by then */
    TOUCH_VERDICTS,
};
/* "counts", "before_window", "after_conversion", "read_too_late", "capped", "out_of_reach", "expired". */
const char *touch_verdict_name(enum touch_verdict verdict);

struct explained_touch {
    int64_t offset, time_us, timestamp_us;
    int64_t source_offset; /* of a re-keyed input: where the producer wrote it; otherwise the offset … */
    int64_t watermark_us;  /* before it */
    int source_partition;  /* … and the partition */
    enum touch_verdict verdict;
    int number;           /* among those chosen, from 1 on; 0: it is not chosen */
    struct value credit;  /* of one that is */
    struct value *fields; /* plan.touch_field_count */
};

enum finality {
    FINAL_NOT_YET,    /* by the touches that are in the topic now */
    FINAL_BY_TOUCH,   /* reading this one moved the watermark past it */
    FINAL_BY_MARKER,  /* of a re-keyed input: this one said that all sources have come past it */
    FINAL_BY_ADVANCE, /* silence, or the end of a run with --close, did */
};

struct explanation {
    int64_t offset, timestamp_us;
    const char *detail; /* of one that is not readable */
    /* From here on only of a readable one, but for the marks below. */
    int64_t time_us;
    int64_t watermark_us; /* of its own log, before it */
    int64_t late_us;      /* by how much more than the allowed lateness it is late; otherwise 0 */
    struct value *key;    /* the parts of the join key */
    struct hash128 hash;  /* of the key */
    struct window_range range;
    struct explained_touch *touches; /* of its key and near it, in offset order */
    uint64_t farther;                /* further touches of the key, at other times */
    int64_t touches_from;            /* where reading them began */
    int64_t final_offset;            /* of the touch or marker, or the position of the advance */
    int64_t final_watermark_us;
    int64_t source_offset; /* as of a touch */
    int touch_count, touch_capacity;
    int chosen_count;
    int partition, source_partition;
    enum finality final;
    enum outcome refused; /* not readable: it is a dead letter, and why */
    bool readable;
    bool late;         /* by more than the allowed lateness */
    bool refused_late; /* and therefore a dead letter: nothing was looked for; no touches are listed */
    bool has_key;      /* false: a part is null, it joins with nothing */
    bool touches_gone; /* older ones were there once */
    bool committed;    /* the progress has passed it */
};

/* A dead letter of the pipeline that belongs to what was asked for. */
struct explained_dead_letter {
    const char *topic;
    int partition;
    int64_t offset;
    enum outcome reason;
    const char *detail;
};

enum agreement {
    TABLE_UNASKED, /* nothing is expected: not committed, late or refused */
    TABLE_AGREES,
    TABLE_DIFFERS,
    TABLE_MISSING,   /* there should be a row */
    TABLE_UNCERTAIN, /* the topics no longer reach back far enough to tell */
};

struct explain_options {
    const char *id; /* the primary key's values, separated by commas; NULL: partition and offset */
    int partition;  /* -1: all */
    int64_t offset; /* of the conversion, without an id */
    bool (*stop)(void);
};

struct explain_result {
    struct arena arena; /* of everything in here */
    struct explanation *items;
    int count;
    uint64_t searched; /* conversions looked at */
    int partitions;    /* of so many partitions */
    bool conversions_gone;
    struct explained_dead_letter *dead;
    int dead_count;
    enum agreement agreement;
    const char *found, *expected; /* the rows as JSON objects, or NULL */
    const char *columns;          /* JSON array: those that differ */
};

/* `plan` is the pipeline's. False when it could not be done; nothing found is no failure. */
bool explain_run(const struct plan *plan, const struct explain_options *options,
                 struct explain_result *result, struct error *error) MUST_CHECK;
void explain_result_release(struct explain_result *result);

#endif
