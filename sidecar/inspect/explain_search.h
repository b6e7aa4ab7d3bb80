/* explain_search.h: the first two steps of explain.c: the conversion in its topic, the touches of its key in
 * theirs. One thread. */
#ifndef TRIBUTARY_INSPECT_EXPLAIN_SEARCH_H
#define TRIBUTARY_INSPECT_EXPLAIN_SEARCH_H

#include "inspect/explain.h"
#include "inspect/inspection.h"
#include "postgres/catalogue.h"

/* What is looked for. */
struct wanted {
    struct span *parts; /* of the primary key, as given; NULL: a partition and offset */
    struct span *keys;  /* the same in one spelling (column_key); absent where the column cannot hold it */
    int count;
    int64_t offset;
};

/* Splits the id. A config error when it has too few or too many parts, or there is no primary key. */
bool wanted_parse(struct wanted *wanted, const struct plan *plan, const struct catalogue_table *table,
                  const struct explain_options *options, struct arena *arena, struct error *error) MUST_CHECK;
/* Whether the bytes of a record that cannot be read may be what is wanted: they contain the id. */
bool wanted_in_bytes(const struct wanted *wanted, struct span bytes);

/* Looks for the wanted conversions and appends them to the result, without their touches. */
bool explain_find(const struct inspection *inspection, const struct wanted *wanted,
                  const struct catalogue_table *table, int partition, uint64_t key_seed,
                  struct explain_result *result, struct error *error) MUST_CHECK;
/* Judges the touches of one. */
bool explain_touches(const struct inspection *inspection, uint64_t key_seed, struct explanation *item,
                     struct arena *arena, struct error *error) MUST_CHECK;

/* Of the touches that count, those that the model chooses, and their credits. */
void explain_choose(const struct plan *plan, struct explanation *item, struct arena *arena);

#endif
