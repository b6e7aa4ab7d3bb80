#include "config/suggest.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { LONGEST = 64 };

static int lower(char c) {
    return tolower((unsigned char)c);
}

static int least(int a, int b, int c) {
    int ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Optimal string alignment: Levenshtein's distance, with a swap of two neighbours counted as one. */
static int distance(const char *a, size_t a_len, const char *b, size_t b_len) {
    int rows[3][LONGEST + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++) above[j] = (int)j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = (int)i;
        for (size_t j = 1; j <= b_len; j++) {
            int change = lower(a[i - 1]) != lower(b[j - 1]);
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + change);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]) &&
                before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        int *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_len];
}

const char *suggest_nearest(const char *word, const char *const *candidates, int count) {
    size_t len = strlen(word);
    if (len == 0 || len > LONGEST) return NULL;
    int best = (int)(len + 2) / 3 + 1; /* one more than is allowed */
    const char *nearest = NULL;
    for (int i = 0; i < count; i++) {
        size_t candidate_len = strlen(candidates[i]);
        if (candidate_len > LONGEST) continue;
        int d = distance(word, len, candidates[i], candidate_len);
        /* A distance of the whole candidate means that nothing of it was there. */
        if (d < best && d < (int)candidate_len) {
            best = d;
            nearest = candidates[i];
        }
    }
    return nearest;
}
