#include "commands/manual.h"

#include "commands/command.h"

/* Where a usage text is: what its next line belongs to. */
enum place { PLACE_TEXT, PLACE_SYNOPSIS, PLACE_OPTION, PLACE_VERBATIM };

enum { OPTION_TEXT_COLUMN = 10 };

/* Text that the formatter must take as it is. */
static void roff(struct buffer *out, struct span text) {
    if (text.len && (text.data[0] == '.' || text.data[0] == '\'')) buffer_text(out, "\\&");
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '\\')
            buffer_text(out, "\\e");
        else if (c == '-')
            buffer_text(out, "\\-");
        else if (c == '\'')
            buffer_text(out, "\\(aq");
        else if (c == '`')
            buffer_text(out, "\\(ga");
        else if (text.len - i >= 3 && strncmp(text.data + i, "…", strlen("…")) == 0) {
            buffer_text(out, "\\&...");
            i += strlen("…") - 1;
        } else
            buffer_byte(out, c);
    }
}

static void roff_line(struct buffer *out, const char *request, struct span text) {
    buffer_text(out, request);
    roff(out, text);
    buffer_byte(out, '\n');
}

static size_t indent_of(struct span line) {
    size_t indent = 0;
    while (indent < line.len && line.data[indent] == ' ') indent++;
    return indent;
}

static struct span from(struct span text, size_t at) {
    return (struct span){text.data + at, text.len - at};
}

/* Where the text behind an option's name begins: behind the first two blanks; the line's end without. */
static size_t gap_in(struct span line) {
    size_t i = 0;
    while (i + 1 < line.len && (line.data[i] != ' ' || line.data[i + 1] != ' ')) i++;
    return i + 1 < line.len ? i : line.len;
}

static void option_line(struct buffer *out, struct span line) {
    size_t gap = gap_in(line);
    roff_line(out, ".TP\n\\fB", (struct span){line.data, gap});
    out->len--;
    buffer_text(out, "\\fR\n");
    if (gap == line.len) return;
    struct span text = from(line, gap);
    roff_line(out, "", from(text, indent_of(text)));
}

static void close_verbatim(struct buffer *out, enum place *place) {
    if (*place == PLACE_VERBATIM) buffer_text(out, ".EE\n");
    if (*place == PLACE_VERBATIM || *place == PLACE_OPTION) buffer_text(out, ".PP\n");
    *place = PLACE_TEXT;
}

static void write_line(struct buffer *out, struct span line, enum place *place) {
    size_t indent = indent_of(line);
    struct span text = from(line, indent);
    bool is_option = indent >= 2 && indent <= 6 && text.len && text.data[0] == '-';
    if (*place == PLACE_SYNOPSIS) {
        if (strncmp(text.data, "usage: ", 7) == 0) text = from(text, 7);
        roff_line(out, "", text);
    } else if (is_option && *place != PLACE_VERBATIM) {
        *place = PLACE_OPTION;
        option_line(out, text);
    } else if (*place == PLACE_OPTION && indent >= OPTION_TEXT_COLUMN) {
        roff_line(out, "", text);
    } else if (indent) {
        if (*place != PLACE_VERBATIM) buffer_text(out, ".PP\n.EX\n");
        *place = PLACE_VERBATIM;
        roff_line(out, "", line);
    } else {
        close_verbatim(out, place);
        roff_line(out, "", text);
    }
}

static void blank_line(struct buffer *out, enum place *place) {
    if (*place == PLACE_SYNOPSIS) {
        buffer_text(out, ".EE\n.PP\n");
        *place = PLACE_TEXT;
    } else if (*place == PLACE_TEXT) {
        if (out->len < 4 || memcmp(out->data + out->len - 4, ".PP\n", 4) != 0) buffer_text(out, ".PP\n");
    } else
        close_verbatim(out, place);
}

static void write_usage(struct buffer *out, const char *usage) {
    enum place place = PLACE_SYNOPSIS;
    buffer_text(out, ".EX\n");
    while (*usage) {
        struct span line = {usage, strcspn(usage, "\n")};
        if (line.len)
            write_line(out, line, &place);
        else
            blank_line(out, &place);
        usage += line.len + (usage[line.len] == '\n');
    }
    if (place == PLACE_VERBATIM || place == PLACE_SYNOPSIS) buffer_text(out, ".EE\n");
    if (out->len >= 4 && memcmp(out->data + out->len - 4, ".PP\n", 4) == 0) out->len -= 4;
}

static void write_summaries(struct buffer *out) {
    for (const struct command *command = commands; command->name; command++) {
        roff_line(out, ".TP\n.B ", span_of(command->name));
        roff_line(out, "", span_of(command->summary));
    }
}

static const char ending[] =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\ndone\n"
    ".TP\n.B 1\nsomething went wrong that trying again did not cure\n"
    ".TP\n.B 2\nthe command line, the pipeline file or its surroundings are set up wrongly\n"
    ".TP\n.B 3\n\\(lqtest\\(rq: at least one case failed\n"
    ".TP\n.B 4\nthe Kafka client ended for good, for instance replaced by another one of the same name\n"
    ".SH ENVIRONMENT\n"
    "A pipeline file may name any variable, as ${NAME} or ${NAME:\\-default}.\n"
    ".TP\n.B KAFKA_BROKERS\nthe brokers of commands that take no pipeline file\n"
    ".SH FILES\n"
    ".TP\n.B /etc/tributary/NAME.yaml, /etc/tributary/NAME.env\n"
    "the pipeline of the systemd unit tributary@NAME.service, and the variables it names\n"
    ".TP\n.B /usr/share/doc/tributary/\nthe documentation\n";

void manual_write(struct buffer *out) {
    buffer_text(out,
                ".TH TRIBUTARY 1 \"\" \"tributary " TRIBUTARY_VERSION "\" \"User Commands\"\n"
                ".SH NAME\ntributary \\- joins conversions to the clicks that led to them\n"
                ".SH SYNOPSIS\n.B tributary\n.I COMMAND\n[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]\n"
                ".SH DESCRIPTION\nJoins conversions to the clicks that led to them, exactly once, beside "
                "Kafka or Redpanda.\n.SH COMMANDS\n");
    write_summaries(out);
    for (const struct command *command = commands; command->name; command++) {
        roff_line(out, ".SH TRIBUTARY ", span_of(command->name));
        write_usage(out, command->text->usage);
    }
    buffer_text(out, ending);
}
