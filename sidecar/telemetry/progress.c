#include "telemetry/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

enum { DEFAULT_WIDTH = 80, MIN_BAR = 10, MAX_BAR = 40, LINE_BYTES = 400 };

#define REDRAW_US INT64_C(200000)   /* a bar on a terminal */
#define FIRST_US  INT64_C(5000000)  /* lines elsewhere: the first one, … */
#define LAST_US   INT64_C(60000000) /* … twice as long until the next, and at last one a minute */

static bool is_terminal(void) {
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

static int terminal_width(void) {
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return DEFAULT_WIDTH;
}

void progress_init(struct progress *progress, const char *label, enum progress_unit unit, uint64_t total,
                   bool quiet) {
    int64_t now = clock_monotonic_us();
    bool terminal = is_terminal();
    *progress = (struct progress){.label = label,
                                  .unit = unit,
                                  .total = total,
                                  .started_us = now,
                                  .shown_us = now,
                                  .every_us = terminal ? REDRAW_US : FIRST_US,
                                  .terminal = terminal,
                                  .quiet = quiet};
}

void progress_amount(uint64_t amount, enum progress_unit unit, char *text, size_t size) {
    static const char *const suffixes[] = {"", "k", "M", "G", "T", "P", "E"};
    bool bytes = unit == PROGRESS_BYTES;
    double value = (double)amount;
    size_t step = 0;
    while (value >= 999.5 && step < 6) {
        value /= 1000;
        step++;
    }
    int digits = step == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    snprintf(text, size, "%.*f%s%s%s", digits, value, bytes ? " " : "", suffixes[step], bytes ? "B" : "");
}

static void format_left(double seconds, char *text, size_t size) {
    uint64_t s = (uint64_t)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, size, "%lluh%02llum", (unsigned long long)(s / 3600),
                 (unsigned long long)(s / 60 % 60));
    else
        snprintf(text, size, "%llu:%02llu", (unsigned long long)(s / 60), (unsigned long long)(s % 60));
}

static void format_figures(const struct progress *progress, int64_t now_us, char *text, size_t size) {
    char done[32], total[48] = "", speed[32], left[48] = "", time[32];
    double seconds = (double)(now_us - progress->started_us) / 1e6;
    double rate = seconds > 0 ? (double)progress->done / seconds : 0;
    progress_amount(progress->done, progress->unit, done, sizeof done);
    progress_amount((uint64_t)rate, progress->unit, speed, sizeof speed);
    if (progress->total) {
        char all[32];
        progress_amount(progress->total, progress->unit, all, sizeof all);
        snprintf(total, sizeof total, " of %s", all);
    }
    if (rate > 0 && progress->total > progress->done) {
        format_left((double)(progress->total - progress->done) / rate, time, sizeof time);
        snprintf(left, sizeof left, "  %s left", time);
    }
    snprintf(text, size, "%s%s  %s/s%s", done, total, speed, left);
}

static double share_of(const struct progress *progress) {
    double share = (double)progress->done / (double)progress->total;
    return share > 1 ? 1 : share;
}

/* " [#####.....]  50%", or nothing when there is no room for it. */
static void format_bar(const struct progress *progress, int room, char *text, size_t size) {
    int cells = room - 9; /* blank, brackets, blank, "100%", and one column spare */
    if (cells > MAX_BAR) cells = MAX_BAR;
    text[0] = '\0';
    if (!progress->total || cells < MIN_BAR) return;
    char bar[MAX_BAR + 1];
    int full = (int)(share_of(progress) * cells);
    for (int i = 0; i < cells; i++) bar[i] = i < full ? '#' : '.';
    bar[cells] = '\0';
    snprintf(text, size, " [%s] %3d%%", bar, (int)(share_of(progress) * 100));
}

size_t progress_format(const struct progress *progress, int64_t now_us, int width, char *line, size_t size) {
    char figures[240], bar[MAX_BAR + 16];
    format_figures(progress, now_us, figures, sizeof figures);
    int taken = (int)(strlen(progress->label) + 2 + strlen(figures));
    format_bar(progress, width - taken, bar, sizeof bar);
    int n = snprintf(line, size, "%s%s  %s", progress->label, bar, figures);
    size_t len = n > 0 ? (size_t)n : 0;
    if (len >= size) len = size - 1;
    if (width > 0 && len > (size_t)width) len = (size_t)width;
    line[len] = '\0';
    return len;
}

static void show(struct progress *progress, int64_t now_us) {
    char line[LINE_BYTES];
    int width = progress->terminal ? terminal_width() - 1 : DEFAULT_WIDTH;
    progress_format(progress, now_us, width, line, sizeof line);
    fprintf(stderr, progress->terminal ? "\r%s\033[K" : "%s\n", line);
    fflush(stderr);
    int64_t next = progress->every_us * 2;
    if (!progress->terminal) progress->every_us = next < LAST_US ? next : LAST_US;
    progress->shown_us = now_us;
}

void progress_update(struct progress *progress, uint64_t done) {
    progress->done = done;
    if (progress->quiet) return;
    int64_t now = clock_monotonic_us();
    if (now - progress->shown_us >= progress->every_us) show(progress, now);
}

void progress_end(struct progress *progress) {
    if (!progress->quiet && progress->terminal && progress->shown_us != progress->started_us) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    progress->quiet = true;
}
