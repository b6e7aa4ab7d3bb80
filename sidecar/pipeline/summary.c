#include "pipeline/summary.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buffer.h"
#include "telemetry/log.h"

void summary_print(const char *input, int partition, const struct ledger *ledger) {
    struct buffer line;
    buffer_init(&line);
    buffer_printf(&line, "input=%s partition=%d records=%" PRIu64, input, partition, ledger_total(ledger));
    for (enum outcome i = 0; i < OUTCOME_COUNT; i++)
        if (ledger->count[i]) buffer_printf(&line, " %s=%" PRIu64, outcome_name(i), ledger->count[i]);
    if (log_format() == LOG_FORMAT_JSON)
        log_event(LOG_LEVEL_INFO, "summary", "%s", buffer_string(&line));
    else
        fprintf(stderr, "summary %s\n", buffer_string(&line));
    buffer_release(&line);
}
