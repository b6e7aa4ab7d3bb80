#include "pipeline/credits.h"

#include <stdio.h>

#include "attribution/model.h"
#include "attribution/share.h"
#include "event/decimal.h"
#include "event/excerpt.h"

enum { AMOUNT_SCALE = 2 }; /* at least; amounts of money are mostly written with so many decimals */

static const struct value null_value = {VALUE_NULL, {0}};

/* Scratch for sharing out; everything lies in the arena. */
struct sharing {
    int count;
    uint64_t *weights;
    uint128 *parts;
    struct share_rest *rests;
};

static struct sharing sharing_of(const struct plan *plan, const struct pending *pending,
                                 struct arena *arena) {
    int count = credits_rows(pending);
    size_t size = (size_t)count;
    struct sharing sharing = {count, arena_alloc(arena, size * sizeof *sharing.weights),
                              arena_alloc(arena, size * sizeof *sharing.parts),
                              arena_alloc(arena, size * sizeof *sharing.rests)};
    int64_t *times = arena_alloc(arena, size * sizeof *times);
    for (int i = 0; i < count; i++) times[i] = pending->touch_count ? pending->touches[i].time_us : 0;
    model_weights(&plan->pipeline->attribute, times, count, sharing.weights);
    return sharing;
}

static const struct value *share(const struct sharing *sharing, const struct decimal *whole,
                                 struct arena *arena) {
    struct value *values = arena_alloc(arena, (size_t)sharing->count * sizeof *values);
    struct decimal part = *whole;
    share_out(whole->units, sharing->weights, sharing->count, sharing->parts, sharing->rests);
    for (int i = 0; i < sharing->count; i++) {
        part.units = sharing->parts[i];
        values[i] = decimal_value(&part, arena);
    }
    return values;
}

static struct decimal one(int scale) {
    struct decimal decimal = {.units = 1, .scale = scale};
    for (int i = 0; i < scale; i++) decimal.units *= 10;
    return decimal;
}

static const struct value *nulls(int count, struct arena *arena) {
    struct value *values = arena_alloc(arena, (size_t)count * sizeof *values);
    for (int i = 0; i < count; i++) values[i] = null_value;
    return values;
}

static bool refuse(const struct plan *plan, const struct value *value, enum decimal_result result, char *why,
                   size_t why_size) {
    char excerpt[EXCERPT_MAX];
    excerpt_quoted(value->text, excerpt);
    if (result == DECIMAL_TOO_LONG)
        snprintf(why, why_size, "field \"%s\": %s has more than %d digits",
                 plan->pipeline->attribute.credit_of, excerpt, DECIMAL_DIGITS);
    else
        snprintf(why, why_size, "field \"%s\": %s is not a number", plan->pipeline->attribute.credit_of,
                 excerpt);
    return false;
}

static bool share_amount(const struct plan *plan, const struct pending *pending,
                         const struct sharing *sharing, struct arena *arena, struct credits *credits,
                         char *why, size_t why_size) {
    const struct value *value = &pending->fields[plan->amount];
    struct decimal whole;
    if (value->type == VALUE_NULL) {
        credits->amount = nulls(sharing->count, arena);
        return true;
    }
    enum decimal_result result = decimal_of(value, AMOUNT_SCALE, &whole);
    if (result != DECIMAL_OK) return refuse(plan, value, result, why, why_size);
    credits->amount = share(sharing, &whole, arena);
    return true;
}

bool credits_of(const struct plan *plan, const struct pending *pending, struct arena *arena,
                struct credits *credits, char *why, size_t why_size) {
    *credits = (struct credits){credits_rows(pending), pending->touch_count ? pending->touches : NULL, NULL,
                                NULL, pending->outcome != OUTCOME_OPEN};
    if (!plan->shows_credit && plan->amount < 0) return true;
    struct sharing sharing = sharing_of(plan, pending, arena);
    struct decimal whole = one(plan->pipeline->attribute.credit_scale);
    if (plan->shows_credit) credits->credit = share(&sharing, &whole, arena);
    return plan->amount < 0 || share_amount(plan, pending, &sharing, arena, credits, why, why_size);
}

static struct value count_value(int number, struct arena *arena) {
    return (struct value){VALUE_NUMBER, arena_printf(arena, "%d", number)};
}

struct value credits_value(const struct credits *credits, enum attribution_field field, int number,
                           struct arena *arena) {
    switch (field) {
    case ATTRIBUTION_CREDIT: return credits->credit[number];
    case ATTRIBUTION_AMOUNT: return credits->amount[number];
    case ATTRIBUTION_TOUCH_NUMBER: return count_value(number + 1, arena);
    case ATTRIBUTION_TOUCH_COUNT: return count_value(credits->touches ? credits->rows : 0, arena);
    case ATTRIBUTION_FINAL:
        return credits->final ? (struct value){VALUE_BOOL, span_of("true")}
                              : (struct value){VALUE_BOOL, span_of("false")};
    case ATTRIBUTION_REVISION: return count_value(1, arena); /* the statement counts on from there */
    case ATTRIBUTION_FIELDS: break;
    }
    return null_value;
}
