#include "commands/arguments.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "commands/command.h"
#include "config/quantity.h"
#include "config/suggest.h"
#include "telemetry/log.h"

enum { MAX_OPTIONS = 64, MAX_NAME = 64, PARTITION_MAX = 1000000 };

/* What a suffix multiplies by; 0 for one that does not exist. */
static uint64_t suffix_of(const char *text) {
    if (!*text) return 1;
    if (text[1]) return 0;
    switch (*text) {
    case 'k':
    case 'K': return 1000;
    case 'm':
    case 'M': return 1000000;
    case 'g':
    case 'G': return 1000000000;
    default: return 0;
    }
}

static bool read_count(const char *text, uint64_t *count) {
    *count = 0;
    if (!isdigit((unsigned char)*text)) return false;
    for (; isdigit((unsigned char)*text); text++)
        if (__builtin_mul_overflow(*count, UINT64_C(10), count) ||
            __builtin_add_overflow(*count, (uint64_t)(*text - '0'), count))
            return false;
    uint64_t factor = suffix_of(text);
    return factor && !__builtin_mul_overflow(*count, factor, count);
}

bool arguments_count(const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *count,
                     struct error *error) {
    if (!read_count(text, count))
        return error_set(error, ERROR_CONFIG, "%s: \"%s\" is not a count such as 2000000, 500k or 2M", option,
                         text);
    if (*count >= min && *count <= max) return true;
    return error_set(error, ERROR_CONFIG, "%s: \"%s\" is not between %llu and %llu", option, text,
                     (unsigned long long)min, (unsigned long long)max);
}

bool arguments_span(const char *option, const char *text, int64_t min_us, int64_t max_us, int64_t *span_us,
                    struct error *error) {
    char min[QUANTITY_TEXT_MAX], max[QUANTITY_TEXT_MAX];
    switch (quantity_duration(text, span_us)) {
    case QUANTITY_OK: break;
    case QUANTITY_NO_UNIT:
        return error_set(error, ERROR_CONFIG, "%s: \"%s\" has no unit; write for instance %ss", option, text,
                         text);
    case QUANTITY_INVALID:
        return error_set(error, ERROR_CONFIG, "%s: \"%s\" is not a span of time such as 250ms, 90s or 1h30m",
                         option, text);
    }
    if (*span_us >= min_us && *span_us <= max_us) return true;
    return error_set(error, ERROR_CONFIG, "%s: \"%s\" is not between %s and %s", option, text,
                     quantity_duration_text(min_us, min), quantity_duration_text(max_us, max));
}

bool arguments_time(const char *option, const char *text, int64_t *time_us, struct error *error) {
    if (quantity_instant(text, time_us) == QUANTITY_OK) return true;
    return error_set(error, ERROR_CONFIG, "%s: \"%s\" is not a time such as 2024-06-17T05:00:00Z", option,
                     text);
}

bool arguments_partition(const char *text, int *partition, struct error *error) {
    uint64_t number;
    if (!arguments_count("--partition", text, 0, PARTITION_MAX, &number, error)) return false;
    *partition = (int)number;
    return true;
}

bool arguments_property(const char *text, struct kafka_config *kafka, struct error *error) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return error_set(error, ERROR_CONFIG, "--property: \"%s\" is not of the form name=value", text);
    size_t count = (size_t)kafka->property_count;
    kafka->properties = memory_realloc(kafka->properties, (count + 1) * sizeof *kafka->properties);
    kafka->properties[count].name = memory_strndup(text, (size_t)(equals - text));
    kafka->properties[count].value = memory_strdup(equals + 1);
    kafka->property_count++;
    return true;
}

bool arguments_brokers(const char *given, struct kafka_config *kafka) {
    const char *brokers = given ? given : getenv("KAFKA_BROKERS");
    if (!brokers || !*brokers) return false;
    free(kafka->brokers);
    kafka->brokers = memory_strdup(brokers);
    return true;
}

void arguments_log_level(const struct kafka_config *kafka) {
    enum log_level level = LOG_LEVEL_WARN;
    for (int i = 0; i < kafka->property_count; i++)
        if (strcmp(kafka->properties[i].name, "debug") == 0) level = LOG_LEVEL_DEBUG;
    log_set_level(level);
}

void arguments_release_kafka(struct kafka_config *kafka) {
    for (int i = 0; i < kafka->property_count; i++) {
        free(kafka->properties[i].name);
        free(kafka->properties[i].value);
    }
    free(kafka->properties);
    free(kafka->brokers);
    *kafka = (struct kafka_config){0};
}

static const char *nearest_option(const char *name, const struct option *options) {
    const char *names[MAX_OPTIONS];
    int count = 0;
    for (; options->name && count < MAX_OPTIONS; options++) names[count++] = options->name;
    return suggest_nearest(name, names, count);
}

static int complain_of_long(const char *command, const char *word, const struct option *options) {
    char name[MAX_NAME];
    size_t len = strcspn(word, "=");
    snprintf(name, sizeof name, "%.*s", (int)(len < MAX_NAME ? len : MAX_NAME - 1), word);
    /* getopt_long sets optopt only for an option that it does know */
    if (optopt) return arguments_refuse(command, "option \"--%s\" takes no value", name);
    const char *nearest = nearest_option(name, options);
    if (!nearest) return arguments_refuse(command, "there is no option \"--%s\"", name);
    return arguments_refuse(command, "there is no option \"--%s\"; did you mean \"--%s\"?", name, nearest);
}

int arguments_complain(int result, char **argv, const struct option *options) {
    const char *word = argv[optind - 1];
    if (result == ':') return arguments_refuse(argv[0], "option \"%s\" needs a value", word);
    if (strncmp(word, "--", 2) == 0) return complain_of_long(argv[0], word + 2, options);
    return arguments_refuse(argv[0], "there is no option \"-%c\"", optopt);
}

int arguments_refuse(const char *command, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "tributary %s: ", command);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nhint: \"tributary %s --help\" shows the options\n", command);
    return EXIT_CONFIG;
}

int arguments_fail(const char *command, const struct error *error) {
    if (log_format() == LOG_FORMAT_JSON)
        log_event(LOG_LEVEL_ERROR, "failed", "command=%s error=%s", command, LOG_QUOTE(error->message));
    else
        fprintf(stderr, "tributary %s: %s\n", command, error->message);
    switch (error->class) {
    case ERROR_CONFIG: return EXIT_CONFIG;
    case ERROR_FENCED: return EXIT_KAFKA_FATAL;
    case ERROR_RETRY:
    case ERROR_POISON:
    case ERROR_FATAL: break;
    }
    return EXIT_FAILED;
}
