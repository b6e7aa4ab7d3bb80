#include "commands/bar.h"

#include <stdlib.h>

#include "base/memory.h"
#include "telemetry/progress.h"

struct bar {
    struct progress progress;
};

struct bar *bar_new(const char *label, uint64_t total, bool quiet) {
    struct bar *bar = memory_zalloc(1, sizeof *bar);
    progress_init(&bar->progress, label, PROGRESS_COUNT, total, quiet);
    return bar;
}

void bar_update(struct bar *bar, uint64_t done) {
    progress_update(&bar->progress, done);
}

void bar_free(struct bar *bar) {
    if (bar) progress_end(&bar->progress);
    free(bar);
}
