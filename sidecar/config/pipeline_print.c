/* A pipeline back into the file that it could have come from, by the table of options. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "config/options.h"
#include "config/password.h"
#include "config/pipeline.h"
#include "config/property.h"
#include "config/quantity.h"

struct printer {
    const struct pipeline *pipeline;
    FILE *out;
    int indent;
    bool begun; /* the line has begun already, with the dash of a list */
};

static void print_section(struct printer *printer, enum section section, const void *source);

static void begin_line(struct printer *printer) {
    if (!printer->begun) fprintf(printer->out, "%*s", printer->indent, "");
    printer->begun = false;
}

static bool is_plain(const char *text) {
    static const char *const words[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char others[] = "0123456789.-";
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(words[i], text) == 0) return false;
    if (!*text || !strchr(letters, *text)) return false;
    while (*text && (strchr(letters, *text) || strchr(others, *text))) text++;
    return !*text;
}

/* A scalar, in quotes where another reader of YAML might take it for something else; "${" must not be taken
 * for a variable. */
static void print_text(const struct printer *printer, const char *text) {
    struct buffer value, quoted;
    if (is_plain(text)) {
        fputs(text, printer->out);
        return;
    }
    buffer_init(&value);
    buffer_init(&quoted);
    for (; *text; text++) {
        if (text[0] == '$' && text[1] == '{') buffer_byte(&value, '$');
        buffer_byte(&value, *text);
    }
    buffer_json(&quoted, buffer_view(&value));
    fputs(buffer_string(&quoted), printer->out);
    buffer_release(&quoted);
    buffer_release(&value);
}

static void print_url(const struct printer *printer, const char *url) {
    struct buffer masked;
    buffer_init(&masked);
    password_mask(span_of(url), &masked);
    print_text(printer, buffer_string(&masked));
    buffer_release(&masked);
}

static void print_list(const struct printer *printer, char *const *texts, int count) {
    fputc('[', printer->out);
    for (int i = 0; i < count; i++) {
        if (i) fputs(", ", printer->out);
        print_text(printer, texts[i]);
    }
    fputc(']', printer->out);
}

static const char *owner_of(const struct pipeline *pipeline, const struct source *source) {
    switch (source->kind) {
    case SOURCE_CONVERSION: break;
    case SOURCE_TOUCH: return pipeline->inputs[pipeline->attribute.touches].name;
    case SOURCE_LOOKUP: return pipeline->lookups[source->lookup].name;
    case SOURCE_ATTRIBUTION: return ATTRIBUTION_NAME;
    }
    return pipeline->inputs[pipeline->attribute.conversions].name;
}

static void print_source(const struct printer *printer, const struct source *source) {
    struct buffer name;
    buffer_init(&name);
    buffer_printf(&name, "%s.%s", owner_of(printer->pipeline, source), source->field);
    print_text(printer, buffer_string(&name));
    buffer_release(&name);
}

static void print_by(struct printer *printer, const struct option_row *option, const struct source *by) {
    begin_line(printer);
    fprintf(printer->out, "%s: ", option->name);
    if (by->kind == SOURCE_LOOKUP)
        print_source(printer, by);
    else
        print_text(printer, by->field);
    fputc('\n', printer->out);
}

static void print_key(struct printer *printer) {
    const struct attribute_config *attribute = &printer->pipeline->attribute;
    begin_line(printer);
    fprintf(printer->out, "key: {%s: ", printer->pipeline->inputs[attribute->touches].name);
    print_list(printer, attribute->touch_key, attribute->key_count);
    fprintf(printer->out, ", %s: ", printer->pipeline->inputs[attribute->conversions].name);
    print_list(printer, attribute->conversion_key, attribute->key_count);
    fputs("}\n", printer->out);
}

static void print_match(struct printer *printer, const struct lookup_config *lookup) {
    begin_line(printer);
    fputs("match: {", printer->out);
    for (int i = 0; i < lookup->match_count; i++) {
        if (i) fputs(", ", printer->out);
        print_text(printer, lookup->match_columns[i]);
        fputs(": ", printer->out);
        print_source(printer, &lookup->match[i]);
    }
    fputs("}\n", printer->out);
}

static void print_columns(struct printer *printer, const struct output_config *output) {
    begin_line(printer);
    fputs("columns:\n", printer->out);
    for (int i = 0; i < output->column_count; i++) {
        begin_line(printer);
        fputs("  - ", printer->out);
        print_text(printer, output->columns[i].name);
        fputs(": ", printer->out);
        print_source(printer, &output->columns[i].source);
        fputc('\n', printer->out);
    }
}

static void print_primary_key(struct printer *printer, const struct output_config *output) {
    if (output->primary_key_count == 0) return;
    begin_line(printer);
    fputs("primary_key: ", printer->out);
    print_list(printer, output->primary_key, output->primary_key_count);
    fputc('\n', printer->out);
}

static void print_properties(struct printer *printer, const struct kafka_config *kafka) {
    if (kafka->property_count == 0) return;
    begin_line(printer);
    fputs("properties:\n", printer->out);
    for (int i = 0; i < kafka->property_count; i++) {
        const struct property *property = &kafka->properties[i];
        begin_line(printer);
        fputs("  ", printer->out);
        print_text(printer, property->name);
        fputs(": ", printer->out);
        print_text(printer, property_secret(property->name) ? "***" : property->value);
        fputc('\n', printer->out);
    }
}

/* Without the arguments: a variable may have brought a secret into them. */
static void print_command(struct printer *printer, const struct option_row *option, const void *at) {
    char **command;
    memcpy(&command, at, sizeof command);
    if (!command) return;
    begin_line(printer);
    fprintf(printer->out, "%s: [", option->name);
    print_text(printer, command[0]);
    for (int i = 1; command[i]; i++) fputs(", \"***\"", printer->out);
    fputs("]\n", printer->out);
}

/* A section with its name above it; nothing where all of it is absent. */
static void print_named(struct printer *printer, const char *name, enum section section, const void *source) {
    begin_line(printer);
    fprintf(printer->out, "%s:\n", name);
    printer->indent += 2;
    print_section(printer, section, source);
    printer->indent -= 2;
}

static void print_inputs(struct printer *printer, const struct option_row *option) {
    begin_line(printer);
    fprintf(printer->out, "%s:\n", option->name);
    printer->indent += 2;
    for (int i = 0; i < printer->pipeline->input_count; i++)
        print_named(printer, printer->pipeline->inputs[i].name, option->child, &printer->pipeline->inputs[i]);
    printer->indent -= 2;
}

static void print_lookups(struct printer *printer, const struct option_row *option) {
    if (printer->pipeline->lookup_count == 0) return;
    begin_line(printer);
    fprintf(printer->out, "%s:\n", option->name);
    printer->indent += 2;
    for (int i = 0; i < printer->pipeline->lookup_count; i++)
        print_named(printer, printer->pipeline->lookups[i].name, option->child,
                    &printer->pipeline->lookups[i]);
    printer->indent -= 2;
}

static void print_outputs(struct printer *printer, const struct option_row *option) {
    fprintf(printer->out, "%s:\n", option->name);
    for (int i = 0; i < printer->pipeline->output_count; i++) {
        fputs("  - ", printer->out);
        printer->begun = true;
        printer->indent += 4;
        print_section(printer, option->child, &printer->pipeline->outputs[i]);
        printer->indent -= 4;
    }
}

static int64_t number_at(const struct option_row *option, const void *at) {
    int small = 0;
    int64_t number = option->min; /* "version" is nowhere stored: there is only one */
    if (option->size == sizeof small) {
        memcpy(&small, at, sizeof small);
        return small;
    }
    if (option->size == sizeof number) memcpy(&number, at, sizeof number);
    return number;
}

static void print_start(const struct printer *printer) {
    char text[QUANTITY_TEXT_MAX];
    switch (printer->pipeline->start) {
    case START_EARLIEST: fputs("earliest", printer->out); break;
    case START_LATEST: fputs("latest", printer->out); break;
    case START_TIME:
        fprintf(printer->out, "\"%s\"", quantity_instant_text(printer->pipeline->start_us, text));
        break;
    }
}

static void print_value(struct printer *printer, const struct option_row *option, const void *at) {
    char text[QUANTITY_TEXT_MAX];
    int64_t number = number_at(option, at);
    if (option->otherwise && number < option->min) return; /* it is not there */
    begin_line(printer);
    fprintf(printer->out, "%s: ", option->name);
    switch (option->kind) {
    case KIND_DURATION: fputs(quantity_duration_text(number, text), printer->out); break;
    case KIND_DECIMAL: fputs(quantity_decimal_text(number, text), printer->out); break;
    case KIND_SIZE: fputs(number ? quantity_size_text(number, text) : "auto", printer->out); break;
    case KIND_WORD: fputs(option->words[number], printer->out); break;
    case KIND_START: print_start(printer); break;
    case KIND_INPUT: fputs(printer->pipeline->inputs[number].name, printer->out); break;
    default: fprintf(printer->out, "%lld", (long long)number); break;
    }
    fputc('\n', printer->out);
}

static void print_text_option(struct printer *printer, const struct option_row *option, const void *at) {
    char *text;
    memcpy(&text, at, sizeof text);
    if (!text) return;
    begin_line(printer);
    fprintf(printer->out, "%s: ", option->name);
    if (option->kind == KIND_SECRET)
        print_text(printer, "***");
    else if (option->secret)
        print_url(printer, text);
    else
        print_text(printer, text);
    fputc('\n', printer->out);
}

/* A section is absent when a text that it cannot do without is, or when there is nothing in it. */
static bool is_present(enum section section, const void *source) {
    const struct option_row *option = NULL;
    bool any = false;
    while ((option = options_next(section, option))) {
        char *text = NULL;
        if (kind_is_text(option->kind)) memcpy(&text, (const char *)source + option->offset, sizeof text);
        any |= text || !kind_is_text(option->kind);
        if (kind_is_text(option->kind) && option->need == NEED_ALWAYS && !text) return false;
    }
    return any;
}

static void print_option(struct printer *printer, const struct option_row *option, const void *source) {
    const void *at = (const char *)source + option->offset;
    switch (option->kind) {
    case KIND_TEXT:
    case KIND_LABEL:
    case KIND_NAME:
    case KIND_TOPIC:
    case KIND_FIELD:
    case KIND_ZONE:
    case KIND_TABLE:
    case KIND_LISTEN:
    case KIND_SECRET:
    case KIND_URL: print_text_option(printer, option, at); return;
    case KIND_INTEGER:
    case KIND_DECIMAL:
    case KIND_DURATION:
    case KIND_SIZE:
    case KIND_WORD:
    case KIND_START:
    case KIND_INPUT: print_value(printer, option, at); return;
    case KIND_BY: print_by(printer, option, at); return;
    case KIND_KEY: print_key(printer); return;
    case KIND_MATCH: print_match(printer, source); return;
    case KIND_PRIMARY_KEY: print_primary_key(printer, source); return;
    case KIND_COLUMNS: print_columns(printer, source); return;
    case KIND_PROPERTIES: print_properties(printer, source); return;
    case KIND_COMMAND: print_command(printer, option, at); return;
    case KIND_SECTION:
        if (option->marked ? *(const bool *)at : is_present(option->child, at))
            print_named(printer, option->name, option->child, at);
        return;
    case KIND_INPUTS: print_inputs(printer, option); return;
    case KIND_LOOKUPS: print_lookups(printer, option); return;
    case KIND_OUTPUTS: print_outputs(printer, option); return;
    case KIND_DEFAULTS: /* each input shows what it got */
    case KIND_INPUT_NAME:
    case KIND_COLUMN:
    case KIND_SOURCE:
    case KIND_COUNT: return;
    }
}

static void print_section(struct printer *printer, enum section section, const void *source) {
    const struct option_row *option = NULL;
    while ((option = options_next(section, option))) print_option(printer, option, source);
}

void pipeline_print(const struct pipeline *pipeline, FILE *out) {
    struct printer printer = {.pipeline = pipeline, .out = out, .indent = 0};
    print_section(&printer, SECTION_PIPELINE, pipeline);
}
