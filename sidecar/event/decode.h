/* decode.h: the bytes of a record -> the fields a pipeline needs of it, its time and its key. A decoder
 * belongs to one input of one worker and is used by that thread only; it owns the memory it parses into,
 * allocates nothing per event once warm (records beyond 256 KiB excepted), and looks at the record once.
 *
 * A record is refused, with the outcome that says why and a detail for people, when it is empty, blank or a
 * tombstone (OUTCOME_EMPTY), not UTF-8 (OUTCOME_ENCODING), contains a NUL, as a byte or as \u0000 anywhere
 * (OUTCOME_NUL), is not JSON, has bytes behind it, starts with a byte order mark or is larger, with its key,
 * than DECODER_RECORD_MAX (OUTCOME_MALFORMED), is not an object (OUTCOME_NOT_AN_OBJECT), has no time that can
 * be read (OUTCOME_TIME_INVALID), has a time more than max_future after the record's timestamp
 * (OUTCOME_TIME_IN_FUTURE, unless the record has none), or has an array or object as a key field
 * (OUTCOME_KEY_INVALID): the first of these, in this order. A hook, which may change the fields before the
 * time and the key are taken, can refuse it too (OUTCOME_STEP_FAILED): before the time.
 * Where an object has a field twice, the last one stands, as in Postgres' jsonb. */
#ifndef TRIBUTARY_EVENT_DECODE_H
#define TRIBUTARY_EVENT_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "config/pipeline.h"
#include "event/outcome.h"
#include "event/record.h"
#include "event/value.h"
#include "event/zone.h"

/* Of a record's key and value together. What is kept of a touch must fit into one record of the changelog,
 * and a dead letter into one of its topic: both take 16 MiB with all that is around it (surroundings.c,
 * producer.h). Parsing takes up to 16 times as much for a moment, where a record is nothing but brackets. */
enum { DECODER_RECORD_MAX = 12 * 1024 * 1024 };

struct decoder;

/* What is done to the fields of each record before its time and its key are taken. */
struct decoder_hook {
    const char *const *fields; /* those that it reads or writes, each once; copied */
    int field_count;
    /* Field i lies in values[slots[i]]. What it puts there must last until the next call. Returns
     * OUTCOME_COUNT; OUTCOME_FILTERED, with the step that did it, from 1, in `*filtered_by`; or that of a
     * refusal with its detail in `detail`, terminated. NULL: there is no hook. */
    enum outcome (*apply)(void *context, struct value *values, const int *slots, int *filtered_by,
                          char *detail, size_t detail_size);
    void (*free)(void *context); /* by decoder_free */
    void *context;
};

struct decoder_options {
    const char *const *fields; /* names wanted, each once */
    int field_count;
    const char *const *key_fields; /* the join key's parts in order; need not be among `fields` */
    int key_count;                 /* 0: events have no key */
    const struct time_config *time;
    uint64_t key_seed;
    struct decoder_hook hook;
};

struct event {
    int64_t time_us;
    bool has_key;    /* false when a key field is null: such an event joins with nothing */
    int filtered_by; /* the step, from 1, that keeps it out: it has a time, and nothing else; 0: none */
    struct hash128 key;
    const struct value *fields; /* in the order of decoder_options.fields */
};

/* Copies what it needs of `options` except `time`, which must outlive the decoder. Takes the hook's context
 * over, and frees it when it fails. A config error when the zone does not exist; call before threads start
 * (see zone.h). */
struct decoder *decoder_new(const struct decoder_options *options, struct error *error);
void decoder_free(struct decoder *decoder);

/* True with the event, valid until the next call; or false with the outcome and decoder_detail. The record's
 * bytes are not needed afterwards. */
bool decoder_read(struct decoder *decoder, const struct record *record, struct event *event,
                  enum outcome *refused);
/* Why the last record was refused, as a sentence: `field "datetime_occured": "2024-13-01" is not a time`,
 * `the event time 2099-01-01T00:00:00Z lies 73 years after the record's timestamp; is "zone" (UTC) right?`.
 * Long or binary content is cut and escaped. Valid until the next call. */
const char *decoder_detail(const struct decoder *decoder);

#endif
