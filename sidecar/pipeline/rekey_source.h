/* rekey_source.h: one partition of a source topic while a re-keyer reads it: how far it has come, and what of
 * that the group's committed offset remembers. One thread at a time.
 *
 * The metadata of the committed offset is JSON, at most REKEY_METADATA_MAX bytes:
 * {"version":1,"time":1718600400123456,"anchor":"41/1718600400123000/00c0ffee00c0ffee","forwarded":42,"filtered":0,
 * "dead_letters":0}: the greatest event time, the last record read (anchor.h), and what became of the
 * records. */
#ifndef TRIBUTARY_PIPELINE_REKEY_SOURCE_H
#define TRIBUTARY_PIPELINE_REKEY_SOURCE_H

#include "attribution/sources.h"
#include "base/buffer.h"
#include "pipeline/anchor.h"

enum { REKEY_METADATA_MAX = 400 };

/* What became of the records of a source so far: their sum is how many were read. */
struct rekey_ledger {
    uint64_t forwarded, filtered, dead_letters;
};

struct rekey_source {
    int input; /* index into the pipeline's inputs */
    int32_t partition;
    int64_t next; /* offset */
    int64_t end;  /* with --once: offsets from here on are left alone */
    struct source_time time;
    struct source_time told;            /* as the last marker had it */
    struct rekey_ledger ledger, stored; /* as read, as committed */
    struct anchor anchor;
    int64_t stored_next; /* the committed offset; -1: none yet */
    int64_t high;        /* where the log ends, as the brokers last said; -1: they have not */
    int64_t active_us;   /* monotonic: the last record or error, or when reading began */
    bool at_end;         /* the end was seen after the last record */
    bool probing;
};

/* Goes on where the committed offset and its metadata say; `offset` -1: none is committed. What cannot be
 * read of the metadata counts as never seen. */
void rekey_source_load(struct rekey_source *source, int64_t offset, const char *metadata);
/* Appends the metadata. */
void rekey_source_metadata(const struct rekey_source *source, struct buffer *out);

/* Whether there is something to say of it that the last marker did not. */
bool rekey_source_has_news(const struct rekey_source *source);
/* Whether it is to be read no further. */
bool rekey_source_is_read(const struct rekey_source *source);
/* From where to read when the topic begins at `low`: the last record read, to see that it is still the same,
 * or the next where that is gone or there is none. */
int64_t rekey_source_start(const struct rekey_source *source, int64_t low);
/* Reading has come to this offset, or is there already. */
void rekey_source_pass(struct rekey_source *source, int64_t next);

/* How far each input's sources may go in event time, `until` by input: not more than `drift_us` beyond the
 * one that has come least far. One at its end does not count: it has nothing to wait for. */
void rekey_sources_step(const struct rekey_source *sources, int count, int64_t drift_us, int64_t *until,
                        int inputs);

#endif
