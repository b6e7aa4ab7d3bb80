#include "pipeline/summary.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buffer.h"
#include "telemetry/log.h"

static void print(struct buffer *line) {
    if (log_format() == LOG_FORMAT_JSON)
        log_event(LOG_LEVEL_INFO, "summary", "%s", buffer_string(line));
    else
        fprintf(stderr, "summary %s\n", buffer_string(line));
    buffer_release(line);
}

void summary_print(const char *input, int partition, const struct ledger *ledger) {
    struct buffer line;
    buffer_init(&line);
    buffer_printf(&line, "input=%s partition=%d records=%" PRIu64, input, partition, ledger_total(ledger));
    for (enum outcome i = 0; i < OUTCOME_COUNT; i++)
        if (ledger->count[i]) buffer_printf(&line, " %s=%" PRIu64, outcome_name(i), ledger->count[i]);
    print(&line);
}

void summary_print_source(const char *input, int source, const struct rekey_ledger *ledger) {
    struct buffer line;
    buffer_init(&line);
    buffer_printf(&line, "input=%s source=%d records=%" PRIu64 " forwarded=%" PRIu64, input, source,
                  ledger->forwarded + ledger->filtered + ledger->dead_letters, ledger->forwarded);
    if (ledger->filtered) buffer_printf(&line, " filtered=%" PRIu64, ledger->filtered);
    if (ledger->dead_letters) buffer_printf(&line, " dead_letters=%" PRIu64, ledger->dead_letters);
    print(&line);
}
