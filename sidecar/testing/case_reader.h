/* case_reader.h: what the parts of the case file's reader share. Inside testing/ only. One thread at a time.
 * As in config/reader.h, a function that finds something wrong adds a problem and goes on; the file is not
 * used then. */
#ifndef TRIBUTARY_TESTING_CASE_READER_H
#define TRIBUTARY_TESTING_CASE_READER_H

#include "config/document.h"
#include "testing/case_file.h"

enum { CASE_NAMES_MAX = 64 };

struct case_reader {
    struct arena *arena;
    struct problems *problems;
    const struct case_pipeline *pipeline;
    const char *inputs[2];          /* names, by case_side */
    const struct node *defaults[2]; /* fields of every event of an input; NULL: none */
    struct case_lookup *lookups;    /* of cases that do not name a lookup's rows themselves */
};

/* Whether the node is a list or a map; `what` names it, in quotes if it is a key. */
bool case_expect_list(struct case_reader *reader, const struct node *node, const char *what);
bool case_expect_map(struct case_reader *reader, const struct node *node, const char *what);

/* A text that is not empty; NULL otherwise. */
const char *case_text(struct case_reader *reader, const struct node *node, const char *what);
bool case_integer(struct case_reader *reader, const struct node *node, const char *what, int64_t min,
                  int64_t max, int64_t *number);
bool case_flag(struct case_reader *reader, const struct node *node, const char *what, bool *flag);
/* The index of the node's text among the words, or -1 with "unknown `what`". */
int case_word(struct case_reader *reader, const struct node *node, const char *what, const char *const *words,
              int count);

/* "unknown `what` "word"", with the nearest candidate, or with all as a hint. */
void case_unknown(struct case_reader *reader, struct position position, const char *what, const char *word,
                  const char *const *candidates, int count);
/* Reports every key of the map that is not among these. */
void case_check_keys(struct case_reader *reader, const struct node *map, const char *const *keys, int count);
/* Reports that the map lacks the key, unless one of its unknown keys was probably meant by it. */
void case_missing(struct case_reader *reader, const struct node *map, const char *key,
                  const char *const *keys, int count);

/* case_events.c: the list under "events" into the case. */
void case_read_events(struct case_reader *reader, const struct node *list, struct test_case *test);
/* case_expect.c: the map under "expect". */
void case_read_expect(struct case_reader *reader, const struct node *map, struct test_case *test);

#endif
