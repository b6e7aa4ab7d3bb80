#include "testing/compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <yyjson.h>

#include "base/memory.h"
#include "event/number.h"
#include "event/timestamp.h"
#include "output/json.h"

enum { SHOWN_BYTES = 2000 };

/* --- values --- */

static bool same_number(struct span a, struct span b) {
    struct number left, right;
    if (span_equal(a, b)) return true;
    if (!number_parse(a, &left) || !number_parse(b, &right)) return false;
    struct buffer texts[2];
    for (int i = 0; i < 2; i++) {
        buffer_init(&texts[i]);
        number_canonical(i ? &right : &left, &texts[i]);
    }
    bool same = span_equal(buffer_view(&texts[0]), buffer_view(&texts[1]));
    for (int i = 0; i < 2; i++) buffer_release(&texts[i]);
    return same;
}

static bool same_instant(const struct value *a, const struct value *b) {
    int64_t left, right;
    return timestamp_parse(*a, TIME_FORMAT_ISO, NULL, &left) &&
           timestamp_parse(*b, TIME_FORMAT_ISO, NULL, &right) && left == right;
}

static bool same_json(struct span a, struct span b) {
    yyjson_doc *left = yyjson_read(a.data, a.len, YYJSON_READ_NUMBER_AS_RAW);
    yyjson_doc *right = yyjson_read(b.data, b.len, YYJSON_READ_NUMBER_AS_RAW);
    bool same = left && right && yyjson_equals(yyjson_doc_get_root(left), yyjson_doc_get_root(right));
    yyjson_doc_free(left);
    yyjson_doc_free(right);
    return same;
}

static bool has_part(struct span whole, struct span part) {
    return !part.len || (whole.len && memmem(whole.data, whole.len, part.data, part.len));
}

bool compare_value(const struct expected_cell *expected, const struct value *found) {
    const struct value *value = &expected->value;
    if (value->type != found->type) return false;
    if (expected->part) return has_part(found->text, value->text);
    switch (value->type) {
    case VALUE_NULL: return true;
    case VALUE_BOOL: return span_equal(value->text, found->text);
    case VALUE_NUMBER: return same_number(value->text, found->text);
    case VALUE_STRING: return span_equal(value->text, found->text) || same_instant(value, found);
    case VALUE_JSON: return same_json(value->text, found->text);
    }
    return false;
}

/* --- aligning --- */

/* Two rows with no column in common cost a little less as a pair than one missing and one too many. */
enum { COST_PAIR = 2000, COST_ALONE = 1001 };

static int differences(const struct expected_row *expected, const struct actual_row *found) {
    int count = 0;
    for (int i = 0; i < expected->count; i++)
        count += !compare_value(&expected->cells[i], &found->values[expected->cells[i].column]);
    return count;
}

static int pair_cost(const struct expected_row *expected, const struct actual_row *found) {
    return expected->count ? differences(expected, found) * COST_PAIR / expected->count : 0;
}

static int least(int a, int b) {
    return a < b ? a : b;
}

/* costs[i][j], row-major: the least cost of bringing expected rows i.. and found rows j.. together. */
static int *alignment(const struct expected_rows *expected, const struct actual_rows *found) {
    size_t width = (size_t)found->count + 1;
    int *costs = memory_zalloc(((size_t)expected->count + 1) * width, sizeof *costs);
    for (int i = expected->count; i >= 0; i--)
        for (int j = found->count; j >= 0; j--) {
            int *cost = &costs[(size_t)i * width + (size_t)j];
            if (i == expected->count || j == found->count) {
                *cost = (expected->count - i + found->count - j) * COST_ALONE;
                continue;
            }
            int alone = least(cost[width], cost[1]) + COST_ALONE;
            *cost = least(alone, cost[width + 1] + pair_cost(&expected->items[i], &found->items[j]));
        }
    return costs;
}

/* For each expected row the found row it belongs to, or -1; for each found row whether it has one. */
struct pairs {
    int *found_of;
    bool *is_paired;
};

static struct pairs pairs_new(const struct expected_rows *expected, const struct actual_rows *found) {
    struct pairs pairs = {memory_zalloc((size_t)expected->count + 1, sizeof(int)),
                          memory_zalloc((size_t)found->count + 1, sizeof(bool))};
    int *costs = alignment(expected, found);
    size_t width = (size_t)found->count + 1;
    int i = 0, j = 0;
    while (i < expected->count) {
        const int *cost = &costs[(size_t)i * width + (size_t)j];
        bool can_pair = j < found->count;
        if (can_pair && *cost == cost[width + 1] + pair_cost(&expected->items[i], &found->items[j])) {
            pairs.is_paired[j] = true;
            pairs.found_of[i++] = j++;
        } else if (can_pair && *cost == cost[1] + COST_ALONE) {
            j++;
        } else {
            pairs.found_of[i++] = -1;
        }
    }
    free(costs);
    return pairs;
}

static void pairs_free(struct pairs *pairs) {
    free(pairs->found_of);
    free(pairs->is_paired);
}

/* --- reporting --- */

static void print_value(struct buffer *out, const struct value *value) {
    size_t from = out->len;
    json_value(out, value);
    size_t len = out->len - from;
    if (len <= SHOWN_BYTES) return;
    out->len = from + SHOWN_BYTES;
    while (((unsigned char)out->data[out->len] & 0xc0) == 0x80) out->len--; /* not inside a character */
    buffer_printf(out, "… (%zu bytes)", len);
}

void compare_print_row(struct buffer *out, const struct actual_rows *rows, const struct actual_row *row) {
    const char *separator = "{";
    for (int i = 0; i < rows->column_count; i++) {
        if (row->values[i].type == VALUE_NULL) continue;
        buffer_printf(out, "%s%s: ", separator, rows->columns[i]);
        print_value(out, &row->values[i]);
        separator = ", ";
    }
    buffer_text(out, *separator == '{' ? "{}" : "}");
}

static void print_expected(struct buffer *out, const struct actual_rows *rows,
                           const struct expected_row *row) {
    for (int i = 0; i < row->count; i++) {
        buffer_printf(out, "%s%s: ", i ? ", " : "{", rows->columns[row->cells[i].column]);
        print_value(out, &row->cells[i].value);
    }
    buffer_text(out, row->count ? "}" : "{}");
}

static const char *type_name(enum value_type type) {
    switch (type) {
    case VALUE_NULL: return "null";
    case VALUE_BOOL: return "a boolean";
    case VALUE_NUMBER: return "a number";
    case VALUE_STRING: return "a string";
    case VALUE_JSON: return "a list or map";
    }
    return "";
}

static void print_cell(struct buffer *out, const char *column, const struct expected_cell *expected,
                       const struct value *found) {
    buffer_printf(out, "      %s: expected %s", column, expected->part ? "a text with " : "");
    print_value(out, &expected->value);
    buffer_text(out, ", found ");
    print_value(out, found);
    if (expected->value.type != found->type && span_equal(expected->value.text, found->text))
        buffer_printf(out, " (%s, not %s)", type_name(found->type), type_name(expected->value.type));
    buffer_byte(out, '\n');
}

static void print_pair(struct buffer *out, const struct actual_rows *found, int number,
                       const struct expected_row *expected) {
    const struct actual_row *row = &found->items[number];
    if (!differences(expected, row)) return;
    buffer_printf(out, "    %s %d, of %s, differs from line %d:\n", found->noun, number + 1, row->where,
                  expected->line);
    for (int i = 0; i < expected->count; i++) {
        const struct expected_cell *cell = &expected->cells[i];
        if (!compare_value(cell, &row->values[cell->column]))
            print_cell(out, found->columns[cell->column], cell, &row->values[cell->column]);
    }
}

/* The found row that has no partner and is equal to this one, or -1. */
static int find_elsewhere(const struct expected_row *expected, const struct actual_rows *found,
                          const struct pairs *pairs) {
    for (int j = 0; j < found->count; j++)
        if (!pairs->is_paired[j] && !differences(expected, &found->items[j])) return j;
    return -1;
}

static void print_missing(struct buffer *out, const struct actual_rows *found, struct pairs *pairs,
                          const struct expected_row *expected) {
    int elsewhere = find_elsewhere(expected, found, pairs);
    if (elsewhere >= 0) {
        pairs->is_paired[elsewhere] = true;
        buffer_printf(out, "    line %d stands elsewhere: it is %s %d, of %s (%s)\n", expected->line,
                      found->noun, elsewhere + 1, found->items[elsewhere].where, found->order);
        return;
    }
    buffer_printf(out, "    line %d is missing: ", expected->line);
    print_expected(out, found, expected);
    buffer_byte(out, '\n');
}

static void print_unexpected(struct buffer *out, const struct actual_rows *found, int number) {
    buffer_printf(out, "    %s %d, of %s, was not expected: ", found->noun, number + 1,
                  found->items[number].where);
    compare_print_row(out, found, &found->items[number]);
    buffer_byte(out, '\n');
}

static bool all_equal(const struct expected_rows *expected, const struct actual_rows *found) {
    if (expected->count != found->count) return false;
    for (int i = 0; i < expected->count; i++)
        if (differences(&expected->items[i], &found->items[i])) return false;
    return true;
}

bool compare_rows(const struct expected_rows *expected, const struct actual_rows *found,
                  struct buffer *report) {
    if (!expected->given || all_equal(expected, found)) return true;
    struct pairs pairs = pairs_new(expected, found);
    buffer_printf(report, "  %ss: %d expected, %d found\n", found->noun, expected->count, found->count);
    for (int i = 0; i < expected->count; i++)
        if (pairs.found_of[i] >= 0)
            print_pair(report, found, pairs.found_of[i], &expected->items[i]);
        else
            print_missing(report, found, &pairs, &expected->items[i]);
    for (int j = 0; j < found->count; j++)
        if (!pairs.is_paired[j]) print_unexpected(report, found, j);
    pairs_free(&pairs);
    return false;
}

bool compare_outcomes(const struct ledger *expected, const struct ledger *found, struct buffer *report) {
    bool same = true;
    for (enum outcome i = 0; i < OUTCOME_COUNT; i++) {
        if (expected->count[i] == found->count[i]) continue;
        if (same) buffer_text(report, "  outcomes:\n");
        same = false;
        buffer_printf(report, "    %s: expected %" PRIu64 ", found %" PRIu64 "\n", outcome_name(i),
                      expected->count[i], found->count[i]);
    }
    return same;
}
