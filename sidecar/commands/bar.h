/* bar.h: a progress bar for commands that also look at pipelines, whose `struct progress` is another one. One
 * thread. */
#ifndef TRIBUTARY_COMMANDS_BAR_H
#define TRIBUTARY_COMMANDS_BAR_H

#include <stdbool.h>
#include <stdint.h>

struct bar;

/* As progress_init; `label` is kept as it is. */
struct bar *bar_new(const char *label, uint64_t total, bool quiet);
void bar_update(struct bar *bar, uint64_t done);
/* Takes it away. NULL is fine. */
void bar_free(struct bar *bar);

#endif
