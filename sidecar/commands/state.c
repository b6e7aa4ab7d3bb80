#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/stop.h"
#include "commands/time_text.h"
#include "event/timestamp.h"
#include "inspect/state_report.h"
#include "output/json.h"

static const char usage[] = "usage: tributary state FILE [OPTIONS]\n"
                            "\n"
                            "Says what is stored of a pipeline: how far each partition has come, how much is "
                            "still to be read, and the\n"
                            "touches it holds in the changelog, counted as a restart would find them. "
                            "Changes nothing; the pipeline may\n"
                            "be running.\n"
                            "\n"
                            "  -p, --partition N   this partition only\n"
                            "      --json          one JSON object a partition, on a line of its own\n"
                            "      --clicks        every touch held instead, as JSON lines: partition, "
                            "offset, time, the fields kept of it,\n"
                            "                      and the hash of its key\n"
                            "  -h, --help          this text\n"
                            "\n"
                            "Ends with 0 when every partition's state is whole, with 1 when a restart would "
                            "have to read touches again.\n"
                            "\n"
                            "Examples:\n"
                            "  tributary state pipeline.yaml\n"
                            "  tributary state pipeline.yaml --clicks --partition 0 | head\n";

enum { OPTION_JSON = 256, OPTION_CLICKS };

static const struct option options[] = {
    {"partition", required_argument, NULL, 'p'},
    {"json", no_argument, NULL, OPTION_JSON},
    {"clicks", no_argument, NULL, OPTION_CLICKS},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* --- touches --- */

static void time_json(struct buffer *out, const char *name, int64_t time_us) {
    buffer_printf(out, ",\"%s\":", name);
    time_text_json(out, time_us);
}

/* The names of what is kept of a touch, in order: its fields, then its timestamp, then its key. */
static const char *kept_name(const struct plan *plan, int number) {
    if (number < plan->touch_field_count) return plan->touch_fields[number];
    return plan->keeps_timestamp && number == plan->touch_field_count ? "_timestamp" : "_key";
}

static void fields_json(struct buffer *out, const struct plan *plan, const struct value *fields) {
    buffer_text(out, ",\"fields\":");
    if (!fields) {
        buffer_text(out, "null");
        return;
    }
    buffer_byte(out, '{');
    for (int i = 0; i < plan->touch_kept_count; i++) {
        buffer_text(out, i ? "," : "");
        buffer_json(out, span_of(kept_name(plan, i)));
        buffer_byte(out, ':');
        json_value(out, &fields[i]);
    }
    buffer_byte(out, '}');
}

static bool print_touch(void *context, const struct state_touch *touch, struct error *error) {
    const struct plan *plan = context;
    struct buffer out;
    buffer_init(&out);
    buffer_printf(&out, "{\"partition\":%d,\"offset\":%" PRId64, touch->partition, touch->offset);
    time_json(&out, "time", touch->time_us);
    if (touch->watermark_us != TIME_NONE) time_json(&out, "watermark", touch->watermark_us);
    fields_json(&out, plan, touch->fields);
    buffer_printf(&out, ",\"key_hash\":\"%016" PRIx64 "%016" PRIx64 "\"}", touch->key.high, touch->key.low);
    puts(buffer_string(&out));
    buffer_release(&out);
    return !ferror(stdout) || error_set(error, ERROR_FATAL, "cannot write: %s", strerror(errno));
}

/* --- partitions --- */

static const char *verdict_name(enum state_verdict verdict) {
    switch (verdict) {
    case STATE_WHOLE: return "whole";
    case STATE_NOTHING: return "empty";
    case STATE_MISSING: return "incomplete";
    }
    return "unknown";
}

static void print_verdict(const struct state_partition *partition) {
    switch (partition->verdict) {
    case STATE_WHOLE:
        puts("  state        whole: the changelog has exactly the touches that the progress describes");
        return;
    case STATE_NOTHING: puts("  state        whole: no touch is held"); return;
    case STATE_MISSING:
        printf("  state        INCOMPLETE: the progress describes %" PRIu64
               " touches, the changelog has %" PRIu64 "%s: a restart reads them from the touch topic again\n",
               partition->held_count, partition->found_count,
               partition->held_count == partition->found_count ? " others" : "");
        return;
    }
}

static void print_partition(const struct plan *plan, const struct state_partition *partition) {

    printf("partition %d: epoch %" PRId64 ", commit %" PRId64 ", last written %s (%.1f s ago)\n",
           partition->partition, partition->epoch, partition->commit_seq, partition->updated_at,
           (double)partition->age_us / (double)TIME_SECOND);
    printf("  touches      next offset %" PRId64 ", lag %" PRId64 ", watermark %s  (\"%s\")\n",
           partition->touch_offset, partition->touch_lag, time_text(partition->touch_watermark_us).text,
           plan->touches->topic);
    printf("  conversions  next offset %" PRId64 ", lag %" PRId64 ", watermark %s  (\"%s\")\n",
           partition->conversion_offset, partition->conversion_lag,
           time_text(partition->conversion_watermark_us).text, plan->conversions->topic);
    printf("  undecided    %" PRIu64 " conversions wait for touches, of %" PRIu64
           " behind the last one committed\n",
           partition->waiting, partition->looked_at);
    printf("  held         %" PRIu64 " touches, blocks: %" PRIu64 ", bytes: %" PRIu64 ", from %s to %s\n",
           partition->found_count, partition->blocks, partition->bytes, time_text(partition->oldest_us).text,
           time_text(partition->newest_us).text);
    if (partition->damaged || partition->foreign)
        printf("  blocks       %" PRIu64 " damaged, %" PRIu64 " of other settings\n", partition->damaged,
               partition->foreign);
    print_verdict(partition);
}

static void number_json(struct buffer *out, const char *name, int64_t number) {
    buffer_printf(out, ",\"%s\":%" PRId64, name, number);
}

static void side_json(struct buffer *out, const char *name, int64_t next, int64_t behind, int64_t max_us,
                      int64_t watermark_us) {
    buffer_printf(out, ",\"%s\":{\"next\":%" PRId64 ",\"lag\":%" PRId64, name, next, behind);
    time_json(out, "max_time", max_us);
    time_json(out, "watermark", watermark_us);
    buffer_byte(out, '}');
}

static void print_json(const struct state_partition *partition) {
    struct buffer out;
    buffer_init(&out);
    buffer_printf(&out, "{\"partition\":%d", partition->partition);
    number_json(&out, "epoch", partition->epoch);
    number_json(&out, "commit_seq", partition->commit_seq);
    buffer_printf(&out, ",\"updated_at\":\"%s\"", partition->updated_at);
    side_json(&out, "touches", partition->touch_offset, partition->touch_lag, partition->touch_max_time_us,
              partition->touch_watermark_us);
    side_json(&out, "conversions", partition->conversion_offset, partition->conversion_lag,
              partition->conversion_max_time_us, partition->conversion_watermark_us);
    number_json(&out, "undecided", (int64_t)partition->waiting);
    number_json(&out, "undecided_of", (int64_t)partition->looked_at);
    number_json(&out, "held", (int64_t)partition->held_count);
    number_json(&out, "found", (int64_t)partition->found_count);
    number_json(&out, "blocks", (int64_t)partition->blocks);
    number_json(&out, "bytes", (int64_t)partition->bytes);
    number_json(&out, "records", (int64_t)partition->records);
    number_json(&out, "damaged", (int64_t)partition->damaged);
    number_json(&out, "foreign", (int64_t)partition->foreign);
    time_json(&out, "oldest", partition->oldest_us);
    time_json(&out, "newest", partition->newest_us);
    buffer_printf(&out, ",\"state\":\"%s\"}", verdict_name(partition->verdict));
    puts(buffer_string(&out));
    buffer_release(&out);
}

static void print_report(const struct plan *plan, const struct state_report *report, bool json) {
    for (int i = 0; i < report->count; i++) {
        if (json)
            print_json(&report->partitions[i]);
        else
            print_partition(plan, &report->partitions[i]);
    }
}

static bool is_whole(const struct state_report *report) {
    for (int i = 0; i < report->count; i++)
        if (report->partitions[i].verdict == STATE_MISSING) return false;
    return true;
}

/* --- running --- */

static int state_file(const char *file, int partition, bool json, bool clicks) {
    struct pipeline *pipeline = pipeline_load(file, stderr);
    if (!pipeline) return EXIT_CONFIG;
    struct error error = {ERROR_FATAL, "unknown"};
    struct plan *plan = plan_new(pipeline);
    struct state_options state = {.partition = partition,
                                  .touch = clicks ? print_touch : NULL,
                                  .context = plan,
                                  .stop = stop_requested};
    struct state_report report;
    arguments_log_level(&pipeline->kafka);
    bool ok = state_report_run(plan, &state, &report, &error);
    if (ok && !clicks) print_report(plan, &report, json);
    bool whole = ok && is_whole(&report);
    state_report_release(&report);
    plan_free(plan);
    pipeline_free(pipeline);
    if (!ok) return arguments_fail("state", &error);
    return whole ? EXIT_OK : EXIT_FAILED;
}

int command_state(int argc, char **argv) {
    int partition = -1;
    bool json = false, clicks = false;
    struct error error;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":p:h", options, NULL)) != -1) switch (option) {
        case 'p':
            if (!arguments_partition(optarg, &partition, &error)) return arguments_fail("state", &error);
            break;
        case OPTION_JSON: json = true; break;
        case OPTION_CLICKS: clicks = true; break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    if (optind + 1 != argc) return arguments_refuse("state", "name one pipeline file");
    stop_on_signals();
    return state_file(argv[optind], partition, json, clicks);
}

const struct command_text state_text = {usage, options};
