#include "config/reference.h"

#include <ctype.h>

#include "config/options.h"
#include "config/property.h"

static const char introduction[] =
    "# The pipeline file\n"
    "\n"
    "<!-- Written by `tributary reference --markdown`; change sidecar/config/options.c instead. -->\n"
    "\n"
    "One YAML file describes one pipeline. "
    "[examples/checkouts/pipeline.yaml](../examples/checkouts/pipeline.yaml) "
    "is a complete one; this page lists every option. `tributary check FILE` reads a file and names "
    "everything that "
    "is wrong with it at once, each with its line and column.\n"
    "\n"
    "Editors that know JSON Schema complete and check the file while you type. For the YAML language server, "
    "which "
    "VS Code, Neovim and others use, begin the file with this line (adapt the path):\n"
    "\n"
    "```yaml\n"
    "# yaml-language-server: $schema=../../docs/pipeline.schema.json\n"
    "```\n"
    "\n"
    "## Variables\n"
    "\n"
    "Any value may hold variables. They are replaced after the YAML has been read, so what they hold is "
    "always one "
    "value and never changes the structure of the file.\n"
    "\n"
    "| Written | Stands for |\n"
    "|---|---|\n"
    "| `${NAME}` | the environment variable; an error if it is not set |\n"
    "| `${NAME:-default}` | the same, or the default where it is not set or empty |\n"
    "| `${file:/run/secrets/x}` | the content of the file, without the line break at its end |\n"
    "| `$${` | `${` itself |\n"
    "\n"
    "Put such values in quotes: within `{…}` YAML would take the brace for its own. Secrets belong here: a "
    "password "
    "that is written in the file itself is refused, and what a variable holds is never part of a message.\n"
    "\n"
    "Keys are plain names, each given once. Anchors, aliases and tags are not supported; what all inputs "
    "share goes "
    "under `defaults`.\n";

static void values(struct buffer *out) {
    buffer_text(out, "\n## Values\n\n| Value | How to write it |\n|---|---|\n");
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        const struct kind_rule *rule = kind_rule((enum kind)kind);
        if (rule->doc) buffer_printf(out, "| %s | %s |\n", rule->label, rule->doc);
    }
}

/* A link to the section's heading, by GitHub's rules for anchors. */
static void link_to(enum section section, struct buffer *out) {
    const char *path = options_section(section)->path;
    buffer_printf(out, "[`%s`](#", path);
    for (; *path; path++)
        if (*path != '.') buffer_byte(out, (char)tolower((unsigned char)*path));
    buffer_byte(out, ')');
}

static void write_value(const struct option_row *option, struct buffer *out) {
    switch (option->kind) {
    case KIND_WORD:
        for (int i = 0; option->words[i]; i++) buffer_printf(out, "%s`%s`", i ? ", " : "", option->words[i]);
        return;
    case KIND_SECTION:
    case KIND_DEFAULTS: link_to(option->child, out); return;
    case KIND_INPUTS:
    case KIND_LOOKUPS:
        buffer_text(out, "a map of names to ");
        link_to(option->child, out);
        return;
    case KIND_OUTPUTS:
    case KIND_STEPS:
        buffer_text(out, "a list of ");
        link_to(option->child, out);
        return;
    case KIND_FIELDS:
        buffer_text(out, kind_rule(option->kind)->expected);
        if (option->child) buffer_text(out, ", or ");
        if (option->child) link_to(option->child, out);
        return;
    case KIND_CONDITIONS:
        buffer_text(out, "a map of fields to values or ");
        link_to(option->child, out);
        return;
    case KIND_CASTS:
        buffer_text(out, "a map of fields to ");
        for (int i = 0; option->words[i]; i++) buffer_printf(out, "%s`%s`", i ? ", " : "", option->words[i]);
        return;
    case KIND_NULLS:
    case KIND_DEFAULT_VALUES:
    case KIND_RENAMES:
    case KIND_CHOICES:
    case KIND_LITERALS: buffer_text(out, kind_rule(option->kind)->expected); return;
    default: break;
    }
    if (option->kind == KIND_INTEGER && option->min == option->max) {
        options_range(option, out);
        return;
    }
    buffer_text(out, kind_rule(option->kind)->label);
    if (option->unit) buffer_printf(out, " of %s", option->unit);
    if (option->max) buffer_byte(out, ' ');
    if (option->max) options_range(option, out);
}

static void write_default(enum section section, const struct option_row *option, struct buffer *out) {
    if (option->fallback && strstr(option->fallback, "{input}"))
        buffer_text(out, "`PIPELINE.INPUT.rekeyed` of both names");
    else if (option->fallback && strncmp(option->fallback, "{pipeline}", 10) == 0)
        buffer_printf(out, "`NAME%s` of the pipeline's name", option->fallback + 10);
    else if (option->fallback && strchr(option->fallback, '{'))
        buffer_printf(out, "`%.*sNAME` of the pipeline's name", (int)strcspn(option->fallback, "{"),
                      option->fallback);
    else if (option->fallback)
        buffer_printf(out, "`%s`", option->fallback);
    else if (option->need == NEED_ALWAYS)
        buffer_text(out, "**required**");
    else if (option->need == NEED_IN_TOTAL)
        buffer_printf(out, "**required**, here or in %s",
                      section == SECTION_DEFAULTS ? "each input" : "`defaults`");
    else if (option->otherwise)
        buffer_text(out, option->otherwise);
    else
        buffer_text(out, "none");
}

static void write_section(enum section section, struct buffer *out) {
    const struct section_row *row = options_section(section);
    const struct option_row *option = NULL;
    if (*row->path)
        buffer_printf(out, "\n### `%s`\n\n%s\n\n", row->path, row->doc);
    else
        buffer_printf(out, "\n### The file itself\n\n%s\n\n", row->doc);
    buffer_text(out, "| Option | Value | Default | Meaning |\n|---|---|---|---|\n");
    while ((option = options_next(section, option))) {
        buffer_printf(out, "| `%s` | ", option->name);
        write_value(option, out);
        buffer_text(out, " | ");
        write_default(section, option, out);
        buffer_printf(out, " | %s |\n", option->doc);
    }
}

static void refused_properties(struct buffer *out) {
    buffer_text(out, "\nThese `properties` cannot be set:\n\n| Property | Why |\n|---|---|\n");
    for (const struct property_rule *rule = property_rules; rule->name; rule++) {
        buffer_printf(out, "| `%s` | ", rule->name);
        for (const char *c = rule->why; *c; c++) buffer_byte(out, *c == '"' ? '`' : *c);
        buffer_text(out, " |\n");
    }
}

void reference_markdown(struct buffer *out) {
    buffer_text(out, introduction);
    values(out);
    buffer_text(out, "\n## Options\n");
    for (int section = 0; section < SECTION_COUNT; section++) {
        write_section((enum section)section, out);
        if (section == SECTION_KAFKA) refused_properties(out);
    }
}
