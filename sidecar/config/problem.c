#include "config/problem.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/memory.h"

enum { SHOWN_MAX = 80, PRINTED_MAX = 100 };

void problems_init(struct problems *problems) {
    *problems = (struct problems){0};
}

void problems_release(struct problems *problems) {
    for (int i = 0; i < problems->count; i++) {
        free(problems->items[i].message);
        free(problems->items[i].hint);
    }
    free(problems->items);
    problems_init(problems);
}

static __attribute__((format(printf, 1, 0))) char *text_of(const char *format, va_list args) {
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0) return memory_strdup("(no memory for the message)");
    return text;
}

void problems_add(struct problems *problems, struct position position, const char *format, ...) {
    if (problems->count == problems->capacity) {
        problems->capacity = problems->capacity ? problems->capacity * 2 : 16;
        problems->items =
            memory_realloc(problems->items, (size_t)problems->capacity * sizeof *problems->items);
    }
    va_list args;
    va_start(args, format);
    problems->items[problems->count] = (struct problem){
        .position = position, .order = problems->count, .message = text_of(format, args), .hint = NULL};
    va_end(args);
    problems->count++;
}

void problems_hint(struct problems *problems, const char *format, ...) {
    va_list args;
    va_start(args, format);
    problems->items[problems->count - 1].hint = text_of(format, args);
    va_end(args);
}

void problems_quote(struct span text, struct buffer *out) {
    size_t shown = text.len;
    if (shown > SHOWN_MAX) {
        shown = SHOWN_MAX;
        while (((unsigned char)text.data[shown] & 0xc0) == 0x80) shown--; /* not inside a character */
    }
    buffer_json(out, (struct span){text.data, shown});
    if (shown == text.len) return;
    out->len--;
    buffer_text(out, "…\"");
}

static int compare(const void *left, const void *right) {
    const struct problem *a = left, *b = right;
    if (a->position.line != b->position.line) return a->position.line < b->position.line ? -1 : 1;
    if (a->position.column != b->position.column) return a->position.column < b->position.column ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

void problems_print(struct problems *problems, const char *file, FILE *out) {
    if (problems->count) qsort(problems->items, (size_t)problems->count, sizeof *problems->items, compare);
    for (int i = 0; i < problems->count && i < PRINTED_MAX; i++) {
        const struct problem *problem = &problems->items[i];
        fprintf(out, "%s:%d:%d: %s\n", file, problem->position.line, problem->position.column,
                problem->message);
        if (problem->hint) fprintf(out, "  hint: %s\n", problem->hint);
    }
    if (problems->count > PRINTED_MAX)
        fprintf(out, "%s: and %d more problems\n", file, problems->count - PRINTED_MAX);
}
