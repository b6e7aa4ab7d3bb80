/* summary.h: the outcome ledger as a line for people: how a run, a replay or a partition ended. Any thread.
 */
#ifndef TRIBUTARY_PIPELINE_SUMMARY_H
#define TRIBUTARY_PIPELINE_SUMMARY_H

#include "event/outcome.h"
#include "pipeline/rekey_source.h"

/* "summary input=clicks partition=0 records=100 touch_kept=98 time_invalid=2" on standard error: the sum, and
 * every outcome that occurred; where the log is JSON, an event of it. */
void summary_print(const char *input, int partition, const struct ledger *ledger);
/* "summary input=clicks source=0 records=100 forwarded=100": what became of a partition of a source topic
 * when it was re-keyed. */
void summary_print_source(const char *input, int source, const struct rekey_ledger *ledger);

#endif
