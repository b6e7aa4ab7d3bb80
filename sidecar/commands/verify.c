#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/time.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/stop.h"
#include "commands/time_text.h"
#include "inspect/verify.h"
#include "pipeline/plan.h"
#include "telemetry/progress.h"

static const char usage[] =
    "usage: tributary verify FILE [OPTIONS]\n"
    "\n"
    "Computes the table once more from the topics, as far as the pipeline has come, and compares. Changes\n"
    "nothing. Progress and table are looked at as of one moment, so the pipeline may be running.\n"
    "\n"
    "  -p, --partition N     only the conversions of this partition; rows that no conversion leads to are "
    "not\n"
    "                        looked for then\n"
    "  -l, --limit N         differences to print (default 20)\n"
    "  -o, --output FILE     all differences into a file, as JSON lines\n"
    "      --shared-table    the table has rows that this pipeline did not write: leave them alone\n"
    "  -q, --quiet           no progress bar\n"
    "  -h, --help            this text\n"
    "\n"
    "Columns that come from lookup tables are compared with what those tables hold now: a difference there\n"
    "alone is a note. What cannot be judged because a topic no longer reaches back is said.\n"
    "\n"
    "Ends with 0 when the table agrees, with 1 when it does not.\n"
    "\n"
    "Examples:\n"
    "  tributary verify examples/checkouts/pipeline.yaml\n"
    "  tributary verify pipeline.yaml --output differences.jsonl\n";

enum { OPTION_SHARED_TABLE = 256, LIMIT_DEFAULT = 20 };

static const struct option options[] = {
    {"partition", required_argument, NULL, 'p'},
    {"limit", required_argument, NULL, 'l'},
    {"output", required_argument, NULL, 'o'},
    {"shared-table", no_argument, NULL, OPTION_SHARED_TABLE},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct verify_command {
    const char *file, *output;
    int partition;
    bool shared_table, quiet;
    uint64_t limit;
};

struct report {
    const struct verify_command *command;
    const struct output_config *output;
    struct progress progress;
    bool started; /* the progress */
    FILE *lines;  /* NULL: none wanted */
    uint64_t printed;
};

/* --- differences --- */

static void write_line(FILE *out, const struct difference *difference) {
    fprintf(out, "{\"difference\":\"%s\"", difference_name(difference->kind));
    if (difference->partition >= 0)
        fprintf(out, ",\"partition\":%d,\"offset\":%" PRId64, difference->partition, difference->offset);
    if (difference->columns) fprintf(out, ",\"columns\":%s", difference->columns);
    fprintf(out, ",\"expected\":%s,\"found\":%s}\n", difference->expected ? difference->expected : "null",
            difference->found ? difference->found : "null");
}

static void print_value(yyjson_val *row, const char *column) {
    char *text = yyjson_val_write(yyjson_obj_get(row, column), 0, NULL);
    fputs(text ? text : "null", stdout);
    free(text);
}

/* The primary key, or the whole row where there is none. */
static void print_identity(const struct output_config *output, yyjson_val *row) {
    bool keyed = output->primary_key_count > 0;
    int count = keyed ? output->primary_key_count : output->column_count;
    for (int i = 0; i < count; i++) {
        const char *column = keyed ? output->primary_key[i] : output->columns[i].name;
        printf("%s%s=", i ? " " : "", column);
        print_value(row, column);
    }
}

static void print_columns(const char *columns, yyjson_val *expected, yyjson_val *found) {
    yyjson_doc *doc = columns ? yyjson_read(columns, strlen(columns), 0) : NULL;
    yyjson_arr_iter iter = yyjson_arr_iter_with(yyjson_doc_get_root(doc));
    for (yyjson_val *name; (name = yyjson_arr_iter_next(&iter));) {
        printf("             %s is ", yyjson_get_str(name));
        print_value(found, yyjson_get_str(name));
        fputs(", must be ", stdout);
        print_value(expected, yyjson_get_str(name));
        putchar('\n');
    }
    yyjson_doc_free(doc);
}

static yyjson_doc *parse(const char *json) {
    return json ? yyjson_read(json, strlen(json), YYJSON_READ_NUMBER_AS_RAW) : NULL;
}

static void print_difference(const struct output_config *output, const struct difference *difference) {
    yyjson_doc *expected = parse(difference->expected), *found = parse(difference->found);
    yyjson_val *row = yyjson_doc_get_root(expected ? expected : found);
    printf("%-12s ", difference_name(difference->kind));
    print_identity(output, row);
    if (difference->partition >= 0)
        printf(" (conversion at partition %d, offset %" PRId64 ")", difference->partition,
               difference->offset);
    putchar('\n');
    if (expected && found)
        print_columns(difference->columns, yyjson_doc_get_root(expected), yyjson_doc_get_root(found));
    yyjson_doc_free(expected);
    yyjson_doc_free(found);
}

static bool take_difference(void *context, const struct difference *difference, struct error *error) {
    struct report *report = context;
    progress_end(&report->progress);
    if (report->printed < report->command->limit) {
        print_difference(report->output, difference);
        report->printed++;
    }
    if (!report->lines) return true;
    write_line(report->lines, difference);
    return !ferror(report->lines) ||
           error_set(error, ERROR_FATAL, "cannot write \"%s\": %s", report->command->output, strerror(errno));
}

static void show(void *context, uint64_t done, uint64_t total) {
    struct report *report = context;
    if (!report->started)
        progress_init(&report->progress, "verify", PROGRESS_COUNT, total, report->command->quiet);
    report->started = true;
    progress_update(&report->progress, done);
}

/* --- the summary --- */

static void print_gone(const struct plan *plan, const struct verify_partition *partition) {
    if (partition->conversions_gone)
        printf("note: topic \"%s\" [%d] begins at offset %" PRId64
               ": the rows of older conversions were not verified\n",
               plan->conversions->topic, partition->partition, partition->conversion_from);
    if (partition->touches_gone)
        printf("note: topic \"%s\" [%d] begins at offset %" PRId64 ": touches before it are gone\n",
               plan->touches->topic, partition->partition, partition->touch_from);
    if (partition->certain_from_us == TIME_NONE || !partition->uncertain) return;
    printf("note: partition %d: %" PRIu64
           " rows of conversions before %s were not verified: what they depend on "
           "is gone from the topics\n",
           partition->partition, partition->uncertain, time_text(partition->certain_from_us).text);
}

static void print_early(const struct verify_result *result) {
    uint64_t early = 0;
    for (int i = 0; i < result->count; i++) early += result->partitions[i].early;
    if (early)
        printf("note: %" PRIu64 " early rows, of conversions that are not final yet, were not compared\n",
               early);
}

static void print_undecided(const struct verify_partition *partition) {
    if (!partition->undecided) return;
    printf("wrong        partition %d: the %" PRIu64 " last conversions before offset %" PRId64
           " count as written, but are not final by the touches that had been read\n",
           partition->partition, partition->undecided, partition->conversion_to);
}

static void print_notes(const struct plan *plan, const struct verify_result *result) {
    const uint64_t *count = result->differences.count;
    for (int i = 0; i < result->count; i++) print_gone(plan, &result->partitions[i]);
    print_early(result);
    if (count[DIFFERENCE_LOOKED_UP])
        printf("note: %" PRIu64
               " rows differ in columns that come from lookups alone: the lookup tables hold "
               "something else now, or did when the row was written\n",
               count[DIFFERENCE_LOOKED_UP]);
    if (count[DIFFERENCE_DROPPED])
        printf("note: %" PRIu64
               " rows are not there: a lookup with `missing: drop` may have had no row for them\n",
               count[DIFFERENCE_DROPPED]);
    if (result->refused)
        printf("note: the database refuses the rows of %" PRIu64 " conversions\n", result->refused);
    if (!result->whole) puts("note: rows of the table that no conversion leads to were not looked for");
}

static uint64_t conversions(const struct verify_result *result) {
    uint64_t count = 0;
    for (int i = 0; i < result->count; i++) {
        const struct verify_partition *partition = &result->partitions[i];
        if (partition->conversion_to > partition->conversion_from)
            count += (uint64_t)(partition->conversion_to - partition->conversion_from);
    }
    return count;
}

static void print_verdict(const struct plan *plan, const struct verify_result *result) {
    const uint64_t *count = result->differences.count;
    const char *table = plan->output->table;
    if (verify_agrees(result))
        printf("agrees: table %s has the rows that follow from topic \"%s\": ", table,
               plan->conversions->topic);
    else
        printf("does not agree: table %s against topic \"%s\": %" PRIu64 " missing, %" PRIu64
               " wrong, %" PRIu64 " doubled, %" PRIu64 " unexplained; ",
               table, plan->conversions->topic, count[DIFFERENCE_MISSING], count[DIFFERENCE_WRONG],
               count[DIFFERENCE_DOUBLED], count[DIFFERENCE_UNEXPLAINED]);
    printf("rows expected: %" PRIu64 ", records: %" PRIu64 ", partitions: %d\n", result->differences.rows,
           conversions(result), result->count);
}

static void print_more(const struct report *report, const struct verify_result *result) {
    uint64_t total = 0;
    for (int i = 0; i < DIFFERENCE_KINDS; i++) total += result->differences.count[i];
    if (total > report->printed)
        printf("and %" PRIu64 " more: --limit N prints more, --output FILE writes all\n",
               total - report->printed);
}

static void print_result(const struct report *report, const struct plan *plan,
                         const struct verify_result *result) {
    if (!report->lines) print_more(report, result);
    for (int i = 0; i < result->count; i++) print_undecided(&result->partitions[i]);
    print_notes(plan, result);
    print_verdict(plan, result);
}

/* --- running --- */

static bool close_lines(struct report *report, bool ok, struct error *error) {
    if (!report->lines) return ok;
    bool closed = fclose(report->lines) == 0;
    if (ok && !closed)
        return error_set(error, ERROR_FATAL, "cannot write \"%s\": %s", report->command->output,
                         strerror(errno));
    return ok;
}

static bool verify_plan(const struct plan *plan, const struct verify_command *command, bool *agrees,
                        struct error *error) {
    struct report report = {.command = command, .output = plan->output};
    if (command->output && !(report.lines = fopen(command->output, "w")))
        return error_set(error, ERROR_CONFIG, "cannot write \"%s\": %s", command->output, strerror(errno));
    struct verify_options verify = {.partition = command->partition,
                                    .shared_table = command->shared_table,
                                    .limit = command->output ? INT64_MAX : command->limit,
                                    .difference = take_difference,
                                    .progress = show,
                                    .context = &report,
                                    .stop = stop_requested};
    struct verify_result result;
    bool ok = verify_run(plan->pipeline, &verify, &result, error);
    if (report.started) progress_end(&report.progress);
    if (ok) print_result(&report, plan, &result);
    *agrees = ok && verify_agrees(&result);
    verify_result_release(&result);
    return close_lines(&report, ok, error);
}

static int verify_file(const struct verify_command *command) {
    struct pipeline *pipeline = pipeline_load(command->file, stderr);
    if (!pipeline) return EXIT_CONFIG;
    struct error error = {ERROR_FATAL, "unknown"};
    struct plan *plan = plan_new(pipeline);
    bool agrees = false;
    arguments_log_level(&pipeline->kafka);
    bool ok = verify_plan(plan, command, &agrees, &error);
    plan_free(plan);
    pipeline_free(pipeline);
    if (!ok) return arguments_fail("verify", &error);
    return agrees ? EXIT_OK : EXIT_FAILED;
}

int command_verify(int argc, char **argv) {
    struct verify_command command = {.partition = -1, .limit = LIMIT_DEFAULT};
    struct error error;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":p:l:o:qh", options, NULL)) != -1) switch (option) {
        case 'p':
            if (!arguments_partition(optarg, &command.partition, &error))
                return arguments_fail("verify", &error);
            break;
        case 'l':
            if (!arguments_count("--limit", optarg, 0, INT64_MAX, &command.limit, &error))
                return arguments_fail("verify", &error);
            break;
        case 'o': command.output = optarg; break;
        case OPTION_SHARED_TABLE: command.shared_table = true; break;
        case 'q': command.quiet = true; break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        default: return arguments_complain(option, argv, options);
        }
    if (optind + 1 != argc) return arguments_refuse("verify", "name one pipeline file");
    command.file = argv[optind];
    stop_on_signals();
    return verify_file(&command);
}

const struct command_text verify_text = {usage, options};
