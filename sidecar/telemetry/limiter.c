#include "telemetry/limiter.h"

/* Its entry, or a new one in place of the one that was said longest ago. */
static struct limiter_entry *find(struct limiter *limiter, uint64_t key, bool *known) {
    struct limiter_entry *oldest = &limiter->entries[0];
    for (int i = 0; i < LIMITER_KEYS; i++) {
        struct limiter_entry *entry = &limiter->entries[i];
        *known = entry->key == key;
        if (*known) return entry;
        bool older = entry->key ? entry->said_us < oldest->said_us : true;
        if (oldest->key && older) oldest = entry;
    }
    return oldest;
}

bool limiter_pass(struct limiter *limiter, uint64_t key, int64_t now_us, uint64_t *suppressed) {
    bool known;
    struct limiter_entry *entry = find(limiter, key, &known);
    if (known && now_us - entry->said_us < LIMITER_SPAN_US) {
        entry->suppressed++;
        return false;
    }
    *suppressed = known ? entry->suppressed : 0;
    *entry = (struct limiter_entry){.key = key, .said_us = now_us};
    return true;
}
