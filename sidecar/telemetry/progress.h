/* progress.h: how far a long piece of work has come, on standard error: a bar that redraws itself on a
 * terminal, otherwise a line after 5 seconds, then less and less often. Cheap enough to be told after every
 * few records. One thread.
 */
#ifndef TRIBUTARY_TELEMETRY_PROGRESS_H
#define TRIBUTARY_TELEMETRY_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum progress_unit { PROGRESS_COUNT, PROGRESS_BYTES };

struct progress {
    const char *label;
    enum progress_unit unit;
    uint64_t done, total; /* total 0: unknown */
    int64_t started_us, shown_us, every_us;
    bool terminal, quiet;
};

/* Starts the clock. `label` is kept as it is. With `quiet` nothing is ever shown. */
void progress_init(struct progress *progress, const char *label, enum progress_unit unit, uint64_t total,
                   bool quiet);
/* The work has come to `done`; shows it when it is time to. */
void progress_update(struct progress *progress, uint64_t done);
/* Takes the bar away, so that a summary or an error can take its place. Does nothing the second time. */
void progress_end(struct progress *progress);

/* The text of one line, without its end: label, bar (when `width` has room for one), done, total, rate and
 * the time left. Pure. At most `width` columns; returns the length. */
size_t progress_format(const struct progress *progress, int64_t now_us, int width, char *line, size_t size);

/* "950", "12.3k", "2.00M"; "950 B", "12.3 kB", "2.00 GB". */
void progress_amount(uint64_t amount, enum progress_unit unit, char *text, size_t size);

#endif
