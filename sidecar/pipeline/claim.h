/* claim.h: taking over partitions. Three statements, which the worker sends one after the other; here they
 * are only written and their answers read.
 *
 * claim: raises the partitions' epochs, so that whoever held them is fenced, and reads their progress. An
 * epoch is at least the time in milliseconds: one from before a reset, or from after the moment to which the
 * database was restored, does not come again.
 *
 * advances: reads their stored idle advances. It must come after the claim as a statement of its own: the
 * claim may have waited for a last commit of the old owner, whose advances its snapshot cannot see.
 *
 * locate: stores where partitions that were never begun will begin, before anything is read.
 *
 * One thread at a time. */
#ifndef TRIBUTARY_PIPELINE_CLAIM_H
#define TRIBUTARY_PIPELINE_CLAIM_H

#include "base/buffer.h"
#include "pipeline/partition.h"
#include "postgres/connection.h"

struct claim {
    int partition;
    struct ownership ownership;
    int64_t epoch_before; /* the one that this claim has replaced; 0 when there was none */
    bool located;         /* whether it has ever been begun */
    bool in_memory;       /* we still hold it as we left it */
    int64_t low[2];       /* the first offsets of its topics: conversions, touches */
    struct progress progress;
    char *fingerprint; /* of the settings it was stored under, as JSON; NULL when nothing was */
    struct advances touch_advances, conversion_advances;
    struct sources touch_sources, conversion_sources; /* of re-keyed topics */
    struct offset_ranges early;                       /* undecided conversions that have a row … */
    char *early_table;                                /* … in this table; NULL: there are none */
};

enum { CLAIM_PARAMETERS = 4 };

struct claim_statement {
    const char *sql;
    struct parameter parameters[CLAIM_PARAMETERS];
    int parameter_count;
    struct buffer arrays[3];
};

void claim_statement_release(struct claim_statement *statement);

void claim_format(struct claim_statement *statement, const struct plan *plan, const int *partitions,
                  int count);
/* One claim for each partition asked for, by partition; free with claims_free. */
struct claim *claim_parse(const PGresult *result, int *count);
void claims_free(struct claim *claims, int count);

void claim_advances_format(struct claim_statement *statement, const struct plan *plan, const int *partitions,
                           int count);
void claim_advances_parse(const PGresult *result, struct claim *claims, int count);

/* Removes the idle advances that nobody who reads the logs can come to any more: those before the one that is
 * in force at the first record that the topic still has (claim.low). */
void claim_prune_format(struct claim_statement *statement, const struct plan *plan,
                        const struct claim *claims, int count);

/* For the claims not yet located, whose progress now has its offsets. */
void claim_locate_format(struct claim_statement *statement, const struct plan *plan,
                         const struct claim *claims, int count);

/* Undecided conversions that have a row, as progress.early has them: into a claim that has none yet (NULL:
 * null), and back; appends nothing when there are none. */
void claim_early_parse(const char *json, struct claim *claim);
void claim_early_json(struct buffer *out, const struct plan *plan, const struct offset_ranges *early);

/* A ledger as JSON and back: {"attributed":12,"late":1}; unknown names are an older or newer program's and
 * are passed over. */
void ledger_json(struct buffer *out, const struct ledger *ledger);
struct ledger ledger_parse(const char *json);

#endif
