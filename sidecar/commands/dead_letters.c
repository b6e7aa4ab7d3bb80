#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "commands/arguments.h"
#include "commands/bar.h"
#include "commands/command.h"
#include "commands/dead_letters_print.h"
#include "commands/stop.h"
#include "commands/stored.h"
#include "config/suggest.h"
#include "inspect/finder.h"

static const char usage[] =
    "usage: tributary dead-letters FILE [--list] [FILTERS] [--json]\n"
    "       tributary dead-letters FILE --show PARTITION:OFFSET [--json]\n"
    "       tributary dead-letters FILE --redrive [FILTERS] [--again] [--dry-run | --yes]\n"
    "\n"
    "Says what is in the dead-letter topic of the pipeline in FILE: how many letters for which reason, "
    "when,\n"
    "and an example of each; or sends their records to their topics again, after the cause is mended.\n"
    "\n"
    "      --list          one line for each letter\n"
    "      --show P:O      the one at partition P and offset O of the dead-letter topic, with its record\n"
    "      --redrive       send the records to their topics again: key, value, timestamp and headers as "
    "they\n"
    "                      were, to the partition they were in. Shows what it will do and asks first\n"
    "      --again         also those that were sent again already\n"
    "      --dry-run       only show what would be sent\n"
    "  -y, --yes           do not ask\n"
    "      --json          JSON; with --list one object a line\n"
    "  -q, --quiet         no progress bar\n"
    "  -h, --help          this text\n"
    "\n"
    "Filters:\n"
    "      --reason R      only letters with this reason; may be given several times\n"
    "  -i, --input I       only letters of this input\n"
    "      --since TIME    only those that became dead letters at this time (2024-06-17T05:00:00Z) or later\n"
    "      --until TIME    … before this time\n"
    "\n"
    "Every record is sent once: the records and a note of which they are, kept in the dead-letter topic, "
    "are\n"
    "written in one Kafka transaction. A redrive that was interrupted, or killed, goes on where it was when "
    "it\n"
    "is begun again. Consumers that read uncommitted records may see those of a transaction that was not\n"
    "completed; Tributary does not.\n"
    "\n"
    "A conversion that came too late would be late again, so these are left out unless `late: attribute` is "
    "set\n"
    "or --reason late asks for them; others are late now if the watermark has passed them meanwhile.\n"
    "\n"
    "Examples:\n"
    "  tributary dead-letters pipeline.yaml\n"
    "  tributary dead-letters pipeline.yaml --list --reason value_refused --since 2024-06-17T05:00:00Z\n"
    "  tributary dead-letters pipeline.yaml --show 0:1734\n"
    "  tributary dead-letters pipeline.yaml --redrive --reason value_refused\n";

enum {
    OPTION_LIST = 256,
    OPTION_SHOW,
    OPTION_REDRIVE,
    OPTION_AGAIN,
    OPTION_DRY_RUN,
    OPTION_JSON,
    OPTION_REASON,
    OPTION_SINCE,
    OPTION_UNTIL
};

static const struct option options[] = {
    {"list", no_argument, NULL, OPTION_LIST},
    {"show", required_argument, NULL, OPTION_SHOW},
    {"redrive", no_argument, NULL, OPTION_REDRIVE},
    {"again", no_argument, NULL, OPTION_AGAIN},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"yes", no_argument, NULL, 'y'},
    {"json", no_argument, NULL, OPTION_JSON},
    {"quiet", no_argument, NULL, 'q'},
    {"reason", required_argument, NULL, OPTION_REASON},
    {"input", required_argument, NULL, 'i'},
    {"since", required_argument, NULL, OPTION_SINCE},
    {"until", required_argument, NULL, OPTION_UNTIL},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct request {
    const char *file, *show, *input;
    bool list, redrive, again, dry_run, yes, json, quiet, filtered;
    struct letters_filter filter;
    const struct pipeline *pipeline;
    struct inspection inspection;
    struct bar *bar;
};

static bool take_reason(struct request *request, const char *text, struct error *error) {
    const char *names[OUTCOME_COUNT];
    int count = 0;
    for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
        if (outcome_is_dead_letter(o)) names[count++] = outcome_name(o);
    enum outcome reason = outcome_of_name(span_of(text));
    if (outcome_is_dead_letter(reason)) {
        request->filter.reasons |= UINT64_C(1) << reason;
        return true;
    }
    const char *nearest = suggest_nearest(text, names, count);
    return error_set(error, ERROR_CONFIG, "--reason: \"%s\" is not the reason of a dead letter%s%s%s", text,
                     nearest ? "\nhint: did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

static bool find_input(struct request *request, struct error *error) {
    const struct pipeline *pipeline = request->pipeline;
    if (!request->input) return true;
    for (int i = 0; i < pipeline->input_count; i++)
        if (strcmp(pipeline->inputs[i].name, request->input) == 0)
            request->filter.topic = pipeline->inputs[i].source_topic;
    return request->filter.topic ||
           error_set(error, ERROR_CONFIG, "%s has no input \"%s\"", pipeline->file, request->input);
}

/* --- reading them --- */

static void show_reading(void *context, uint64_t done, uint64_t total) {
    struct request *request = context;
    if (!request->bar) request->bar = bar_new("dead letters", total, request->quiet);
    bar_update(request->bar, done);
}

static void hide_bar(struct request *request) {
    bar_free(request->bar);
    request->bar = NULL;
}

static bool read_letters(struct request *request, struct letters *letters, struct error *error) {
    bool ok = letters_read(letters, &request->inspection, &request->filter, show_reading, request, error);
    hide_bar(request);
    return ok;
}

static void print_letters(const struct request *request, const struct letters *letters) {
    const struct pipeline *pipeline = request->pipeline;
    if (request->list && request->json)
        dead_letters_print_list_json(letters, pipeline);
    else if (request->list)
        dead_letters_print_list(letters, pipeline);
    else if (request->json)
        dead_letters_print_counts_json(letters, pipeline);
    else
        dead_letters_print_counts(letters, pipeline);
}

static bool report(struct request *request, struct error *error) {
    struct letters letters;
    bool ok = read_letters(request, &letters, error);
    if (ok) print_letters(request, &letters);
    letters_release(&letters);
    return ok;
}

/* --- one --- */

static bool parse_place(const char *text, int *partition, int64_t *offset, struct error *error) {
    char rest;
    if (sscanf(text, "%d:%" SCNd64 "%c", partition, offset, &rest) == 2 && *partition >= 0 && *offset >= 0)
        return true;
    return error_set(error, ERROR_CONFIG, "--show: \"%s\" is not PARTITION:OFFSET, such as 0:1734", text);
}

static bool is_letter(const struct request *request, const rd_kafka_message_t *message) {
    return message && span_is(dead_letter_header(message, "pipeline"), request->pipeline->name) &&
           !dead_letter_header(message, DEAD_LETTER_REDRIVEN).data;
}

static bool show_message(struct request *request, const rd_kafka_message_t *letter, struct error *error) {
    struct dead_letter_found found = dead_letter_parse(letter);
    struct finder finder;
    const rd_kafka_message_t *origin = NULL;
    char *topic = memory_strndup(found.topic.len ? found.topic.data : "", found.topic.len);
    finder_init(&finder, &request->inspection);
    bool ok = !*topic || finder_find(&finder, topic, found.partition, found.offset, &origin, error);
    if (ok && origin && !dead_letter_is_of(&found, origin)) origin = NULL;
    if (ok && request->json) dead_letters_print_one_json(letter, origin);
    if (ok && !request->json) dead_letters_print_one(letter, origin);
    finder_release(&finder);
    free(topic);
    return ok;
}

static bool show(struct request *request, struct error *error) {
    const char *topic = request->pipeline->dead_letter_topic;
    int partition;
    int64_t offset;
    struct finder finder;
    const rd_kafka_message_t *letter;
    if (!parse_place(request->show, &partition, &offset, error)) return false;
    finder_init(&finder, &request->inspection);
    bool ok = finder_find(&finder, topic, partition, offset, &letter, error);
    if (ok && !is_letter(request, letter))
        ok =
            error_set(error, ERROR_FATAL, "topic \"%s\" has no dead letter of pipeline \"%s\" at %d:%" PRId64,
                      topic, request->pipeline->name, partition, offset);
    ok = ok && show_message(request, letter, error);
    finder_release(&finder);
    return ok;
}

/* --- sending them again --- */

static void show_sending(void *context, uint64_t done) {
    struct request *request = context;
    bar_update(request->bar, done);
}

static void print_result(const struct redrive_result *result) {
    printf("sent %" PRIu64 " record%s again\n", result->sent, result->sent == 1 ? "" : "s");
    if (result->from_letter)
        printf("%" PRIu64
               " of them as the dead letter has them, without their headers: they are gone from their "
               "topic\n",
               result->from_letter);
    if (result->lost)
        printf("%" PRIu64
               " not: they are gone from their topic, and the dead letter has only the beginning\n",
               result->lost);
}

static bool send_all(struct request *request, const struct redrive_plan *plan,
                     struct transactions *transactions, struct error *error) {
    struct redrive_result result;
    request->bar = bar_new("redrive", plan->count, request->quiet);
    bool ok = redrive_run(plan, &request->inspection, transactions, show_sending, request, &result, error);
    hide_bar(request);
    print_result(&result);
    return ok;
}

static bool agree_and_send(struct request *request, const struct redrive_plan *plan,
                           struct transactions *transactions, struct error *error) {
    dead_letters_print_plan(plan, request->pipeline);
    if (!plan->count) return true;
    if (!redrive_check(plan, request->pipeline, error)) return false;
    if (request->dry_run) return true;
    return stored_agree(request->yes, "Send them?", error) && send_all(request, plan, transactions, error);
}

static bool redrive(struct request *request, struct error *error) {
    bool late = request->filter.reasons & UINT64_C(1) << OUTCOME_LATE ||
                request->pipeline->attribute.late == LATE_ATTRIBUTE;
    struct transactions *transactions = NULL;
    if (!request->dry_run && !(transactions = redrive_begin(request->pipeline, error))) return false;
    struct letters letters;
    struct redrive_plan plan = {0};
    bool ok = read_letters(request, &letters, error);
    if (ok) {
        redrive_plan_init(&plan, &letters, request->pipeline, (struct redrive_choice){request->again, late});
        ok = agree_and_send(request, &plan, transactions, error);
    }
    redrive_plan_release(&plan);
    letters_release(&letters);
    transactions_free(transactions);
    return ok;
}

/* --- the command --- */

static bool do_request(struct request *request, struct error *error) {
    struct inspection_options open = {
        .pipeline = request->pipeline, .command = "dead-letters", .stop = stop_requested};
    if (!find_input(request, error) || !inspection_open_topics(&request->inspection, &open, error))
        return false;
    if (request->show) return show(request, error);
    return request->redrive ? redrive(request, error) : report(request, error);
}

static int run_file(struct request *request) {
    struct pipeline *pipeline = pipeline_load(request->file, stderr);
    if (!pipeline) return EXIT_CONFIG;
    struct error error = {ERROR_FATAL, "unknown"};
    request->pipeline = pipeline;
    arguments_log_level(&pipeline->kafka);
    stop_on_signals();
    bool ok = do_request(request, &error);
    inspection_close(&request->inspection);
    pipeline_free(pipeline);
    return ok ? EXIT_OK : arguments_fail("dead-letters", &error);
}

static int refuse_together(const struct request *request) {
    if (request->show && (request->list || request->redrive || request->filtered))
        return arguments_refuse("dead-letters", "--show goes with --json only");
    if (request->list && request->redrive)
        return arguments_refuse("dead-letters", "--list and --redrive exclude each other");
    if (request->redrive && request->json) return arguments_refuse("dead-letters", "--redrive has no --json");
    if (!request->redrive && (request->again || request->dry_run || request->yes))
        return arguments_refuse("dead-letters", "--again, --dry-run and --yes go with --redrive");
    return EXIT_OK;
}

/* The options with a value. */
static bool take_value(struct request *request, int option, struct error *error) {
    request->filtered |= option != OPTION_SHOW;
    switch (option) {
    case OPTION_SHOW: request->show = optarg; return true;
    case 'i': request->input = optarg; return true;
    case OPTION_REASON: return take_reason(request, optarg, error);
    case OPTION_SINCE: return arguments_time("--since", optarg, &request->filter.since_us, error);
    default: return arguments_time("--until", optarg, &request->filter.until_us, error);
    }
}

int command_dead_letters(int argc, char **argv) {
    struct request request = {.filter = {.since_us = TIME_NONE, .until_us = TIME_END}};
    struct error error;
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":yqi:h", options, NULL)) != -1) switch (option) {
        case OPTION_LIST: request.list = true; break;
        case OPTION_REDRIVE: request.redrive = true; break;
        case OPTION_AGAIN: request.again = true; break;
        case OPTION_DRY_RUN: request.dry_run = true; break;
        case OPTION_JSON: request.json = true; break;
        case 'y': request.yes = true; break;
        case 'q': request.quiet = true; break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        case OPTION_SHOW:
        case OPTION_REASON:
        case OPTION_SINCE:
        case OPTION_UNTIL:
        case 'i':
            if (!take_value(&request, option, &error)) return arguments_fail("dead-letters", &error);
            break;
        default: return arguments_complain(option, argv, options);
        }
    if (optind + 1 != argc) return arguments_refuse("dead-letters", "name one pipeline file");
    int refused = refuse_together(&request);
    if (refused) return refused;
    request.file = argv[optind];
    return run_file(&request);
}

const struct command_text dead_letters_text = {usage, options};
