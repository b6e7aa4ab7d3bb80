/* document.h: a YAML file as a tree of nodes that know where they stand, with variables replaced. A small
 * YAML on purpose: one document, maps with plain names as keys, each key once; no anchors, aliases or tags.
 * One thread at a time; the tree lives in the caller's arena. */
#ifndef TRIBUTARY_CONFIG_DOCUMENT_H
#define TRIBUTARY_CONFIG_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "config/problem.h"

enum {
    DOCUMENT_BYTES = 1024 * 1024,    /* the largest file */
    DOCUMENT_DEPTH = 16,             /* the deepest nesting */
    DOCUMENT_WIDTH = 2000,           /* the most entries of one list or map */
    DOCUMENT_EXPANDED = 1024 * 1024, /* the most that all values with variables become, together */
};

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    struct position position;
    struct position named; /* where its key stands, or else its own */
    bool plain;            /* a scalar without quotes */
    const char *written;   /* a scalar as it stands in the file: the one to show */
    const char *text; /* a scalar's value, never to be shown; NULL when it is bad, which has been reported */
    struct node *first; /* the items of a list, the keys of a map */
    struct node *next;  /* among these */
    struct node *value; /* of a key */
    int count;
};

/* NULL when there is no tree to look at, for instance after a syntax error. What is wrong is in `problems`.
 */
struct node *document_parse(const char *text, size_t len, struct arena *arena, struct problems *problems);

/* The value of a key, or NULL. */
const struct node *node_find(const struct node *map, const char *key);
/* A key without a value, "~" or "null". */
bool node_is_nothing(const struct node *node);
/* What it is, for messages: "nothing", "a list", "a map", or the text as written, in quotes, escaped and cut
 * to a length fit to read. In the arena. */
const char *node_describe(const struct node *node, struct arena *arena);
/* Any text from the file, in quotes, escaped and cut likewise. */
const char *node_quote(const char *text, struct arena *arena);

#endif
