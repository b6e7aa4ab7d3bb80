/* walk.h: one log of a pipeline read for its own sake: every record decoded, with the watermark before it, as
 * the join sees it. Blocks; one thread. */
#ifndef TRIBUTARY_INSPECT_WALK_H
#define TRIBUTARY_INSPECT_WALK_H

#include "attribution/watermark.h"
#include "event/decode.h"
#include "inspect/inspection.h"

struct walk_options {
    const struct inspection *inspection;
    const struct input_config *input;
    struct decoder *decoder; /* of this input; several walks may share it one after the other */
    int partition;
    int64_t from, end;
    const struct advances *advances; /* of this log, stored */
};

struct walk {
    struct walk_options options;
    struct scan *scan;
    struct watermark watermark;
    struct source_log sources; /* of a re-keyed log */
    int64_t marker;            /* the last one that raised the watermark; -1: none */
    int applied;               /* advances */
};

struct walked {
    struct record record; /* views, good until the next record */
    bool readable;
    struct event event;   /* of one that is readable */
    enum outcome refused; /* of one that is not … */
    const char *detail;   /* … and why */
    int64_t watermark_us; /* before it */
};

bool walk_open(struct walk *walk, const struct walk_options *options, struct error *error) MUST_CHECK;
void walk_close(struct walk *walk);

/* The next record; markers of a re-keyed log only move the watermark. SCAN_END also applies the advances at
 * the end. */
enum scan_result walk_next(struct walk *walk, struct walked *walked, struct error *error);
/* As of now: behind the last record given. */
int64_t walk_watermark(const struct walk *walk);
/* The last advance that has taken effect, or NULL. */
const struct advance *walk_last_advance(const struct walk *walk);

#endif
