#include "pipeline/rekey_memory.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "pipeline/derive.h"
#include "pipeline/partition.h"
#include "transform/rekey.h"

struct rekey_memory {
    struct derive *derive;   /* NULL: no lookups */
    struct decoder *decoder; /* of the field that gives the key */
    struct buffer value, key;
};

struct rekey_memory *rekey_memory_new(const struct pipeline *pipeline, const struct input_config *input,
                                      bool *ok, struct error *error) {
    *ok = true;
    if (!input->repartition.present) return NULL;
    bool asks = input->repartition.derived_count > 0;
    struct rekey_memory *rekey = memory_zalloc(1, sizeof *rekey);
    buffer_init(&rekey->value);
    buffer_init(&rekey->key);
    rekey->decoder = derive_key_decoder(pipeline, input, error);
    if (rekey->decoder && asks) rekey->derive = derive_new(pipeline, input, error);
    if (rekey->decoder && (rekey->derive || !asks)) return rekey;
    rekey_memory_free(rekey);
    *ok = false;
    return NULL;
}

void rekey_memory_free(struct rekey_memory *rekey) {
    if (!rekey) return;
    derive_free(rekey->derive);
    decoder_free(rekey->decoder);
    buffer_release(&rekey->value);
    buffer_release(&rekey->key);
    free(rekey);
}

const struct lookups_plan *rekey_memory_plan(const struct rekey_memory *rekey) {
    return rekey && rekey->derive ? derive_plan(rekey->derive) : NULL;
}

void rekey_memory_join(struct join *join) {
    join->rekeyed[false] = join->rekeyed[true] = false;
}

/* Adds what the lookups give; the lookup for which the record goes no further, or NULL. */
static const struct lookup_config *look_up(struct rekey_memory *rekey, struct lookup_table *const *tables,
                                           struct record *record) {
    const struct lookup_config *missing = NULL;
    int number = derive_add(rekey->derive, record);
    if (number >= 0) {
        lookup_tables_answer(tables, derive_lookups(rekey->derive));
        missing = derive_missing(rekey->derive, number);
        derive_apply(rekey->derive, number, record->value, &rekey->value);
        record->value = buffer_view(&rekey->value);
    }
    derive_reset(rekey->derive);
    return missing;
}

/* A record without a key or a time gets none: the join says why it is of no use. */
static void give_key(struct rekey_memory *rekey, struct record *record, int64_t *time_us) {
    struct event event;
    enum outcome refused;
    record->key = (struct span){0};
    *time_us = TIME_NONE;
    if (!decoder_read(rekey->decoder, record, &event, &refused)) return;
    *time_us = event.time_us;
    if (event.filtered_by) return;
    if (rekey_key(&event.fields[0], &rekey->key)) record->key = buffer_view(&rekey->key);
}

static void refuse(struct partition *partition, bool touch, const struct record *record, int64_t time_us,
                   const struct lookup_config *missing) {
    char why[200];
    snprintf(why, sizeof why, "lookup \"%s\" has no row for it in \"%s\"", missing->name, missing->table);
    bool drop = missing->missing == MISSING_DROP;
    partition_refuse(partition, touch, record, time_us, drop ? OUTCOME_FILTERED : OUTCOME_LOOKUP_MISSING,
                     drop ? NULL : why);
}

void rekey_memory_read(struct rekey_memory *rekey, struct lookup_table *const *tables,
                       struct partition *partition, bool touch, const struct record *record) {
    struct record given = *record;
    const struct lookup_config *missing = NULL;
    int64_t time_us;
    if (rekey) {
        if (rekey->derive) missing = look_up(rekey, tables, &given);
        give_key(rekey, &given, &time_us);
    }
    if (missing)
        refuse(partition, touch, record, time_us, missing);
    else if (touch)
        partition_touch(partition, &given);
    else
        partition_conversion(partition, &given);
}
