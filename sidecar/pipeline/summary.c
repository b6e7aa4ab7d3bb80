#include "pipeline/summary.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buffer.h"

void summary_print(const char *input, int partition, const struct ledger *ledger) {
    struct buffer line;
    buffer_init(&line);
    buffer_printf(&line, "summary input=%s partition=%d records=%" PRIu64, input, partition,
                  ledger_total(ledger));
    for (enum outcome i = 0; i < OUTCOME_COUNT; i++)
        if (ledger->count[i]) buffer_printf(&line, " %s=%" PRIu64, outcome_name(i), ledger->count[i]);
    buffer_byte(&line, '\n');
    fwrite(line.data, 1, line.len, stderr);
    buffer_release(&line);
}
