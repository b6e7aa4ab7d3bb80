/* lookup_cache.h: what one worker remembers of one lookup's table between batches: rows, and that there was
 * no row, each for a time of its own. It holds the newest `entries` keys in at most 512 bytes each on
 * average; what comes beyond that puts out the oldest, by when it was put in and not by when it was used. It
 * reads no clock: times are microseconds of one that does not go back. One thread at a time. */
#ifndef TRIBUTARY_TRANSFORM_LOOKUP_CACHE_H
#define TRIBUTARY_TRANSFORM_LOOKUP_CACHE_H

#include "config/pipeline.h"
#include "event/value.h"

struct lookup_cache;

/* One row beyond this is not remembered. */
enum { LOOKUP_CACHE_ROW_BYTES = 4096 };

/* NULL when the configuration wants none. */
struct lookup_cache *lookup_cache_new(const struct lookup_cache_config *config, int match_count,
                                      int column_count);
void lookup_cache_free(struct lookup_cache *cache);

enum lookup_cache_answer { LOOKUP_CACHE_UNKNOWN, LOOKUP_CACHE_ROW, LOOKUP_CACHE_NO_ROW };
/* What is known about the key, whose parts are not null. The columns are good until the next call. */
enum lookup_cache_answer lookup_cache_find(struct lookup_cache *cache, const struct value *key,
                                           int64_t now_us, const struct value **columns);
/* Remembers an answer that the table gave at `then_us`; NULL: no row. Copied. It takes the place of what was
 * known about the key. */
void lookup_cache_put(struct lookup_cache *cache, const struct value *key, const struct value *columns,
                      int64_t then_us);

int lookup_cache_count(const struct lookup_cache *cache);
/* The memory it takes now, and the most that one of this configuration takes: 0 without a cache. */
int64_t lookup_cache_bytes(const struct lookup_cache *cache);
int64_t lookup_cache_most(const struct lookup_cache_config *config);

#endif
