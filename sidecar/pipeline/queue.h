/* queue.h: the conversions of one partition that have been read and not yet committed, in offset order, with
 * all they will need: their fields and, for the dead-letter topic, the record itself. One thread at a time.
 *
 * Entries are numbered from 0 on as they are read. They lie in segments that are freed whole once everything
 * in them is committed, so that an entry costs no malloc and never moves. */
#ifndef TRIBUTARY_PIPELINE_QUEUE_H
#define TRIBUTARY_PIPELINE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "attribution/watermark.h"
#include "base/arena.h"
#include "base/hash.h"
#include "event/outcome.h"
#include "event/record.h"
#include "event/value.h"
#include "state/store.h"

/* Undecided as long as its outcome is this. */
#define OUTCOME_OPEN OUTCOME_COUNT

/* What the table has of a conversion before it is decided, with `emit: early`. A choice is a number that says
 * which touch a row has (partition_early.c); 0 is none. */
struct provisional {
    uint64_t key;   /* a hash of the row's primary key, for early_keys; 0: not known */
    uint64_t tried; /* the choice last looked at, be it written or not; 0: it is new in this life */
    uint64_t shown; /* the choice in the row that the table has; 0: not known, or no row */
    bool owned;     /* the table has a row of its own */
    bool touched;   /* a touch of its key may have been read since it was looked at */
};

struct pending {
    struct record record;    /* its bytes copied */
    struct watermark before; /* the conversion watermark before it */
    enum outcome outcome;
    int64_t time_us; /* of a record that could be read */
    bool has_key;
    int touch_count; /* that the model has chosen, the earliest first; 0: unattributed, or not decided */
    struct hash128 key;
    struct touch touch;          /* the one of a model that chooses one … */
    const struct touch *touches; /* … or where they all are */
    struct value *fields; /* those of plan.conversion_fields; NULL when the record could not be read or is
                             filtered */
    const char *detail;   /* why it is a dead letter, or NULL */
    struct provisional provisional;
};

struct segment;

struct queue {
    struct segment **segments;
    int count, capacity;
    uint64_t first_segment; /* number of segments[0] */
    uint64_t first, next;   /* entries first..next-1 are there */
    size_t bytes;           /* of the entries' records, fields and touches */
};

void queue_init(struct queue *queue);
void queue_release(struct queue *queue);

/* A new entry at the end with a copy of the record, the rest zero. */
struct pending *queue_push(struct queue *queue, const struct record *record);
struct pending *queue_at(const struct queue *queue, uint64_t number);
/* Where what belongs to the entry is kept. */
struct arena *queue_arena(const struct queue *queue, uint64_t number);
/* The entry gets these touches, copied. */
void queue_keep_touches(struct queue *queue, uint64_t number, const struct touch *touches, int count);
/* Forgets every entry before this number. */
void queue_drop(struct queue *queue, uint64_t before);

#endif
