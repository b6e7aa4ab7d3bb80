#include "testing/junit.h"

#include <inttypes.h>

#include "base/time.h"
#include "base/utf8.h"
#include "event/timestamp.h"

void junit_init(struct junit *junit) {
    *junit = (struct junit){0};
    buffer_init(&junit->text);
    buffer_init(&junit->name);
    buffer_init(&junit->cases);
    buffer_text(&junit->text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
}

void junit_release(struct junit *junit) {
    buffer_release(&junit->text);
    buffer_release(&junit->name);
    buffer_release(&junit->cases);
}

enum place { IN_ATTRIBUTE, IN_TEXT };

/* XML has no way to write most control characters, nor U+FFFE and U+FFFF: '?' stands for them. */
static void escape_byte(struct buffer *out, unsigned char c, enum place place) {
    if (place == IN_TEXT && (c == '\n' || c == '\t')) {
        buffer_byte(out, (char)c);
        return;
    }
    switch (c) {
    case '&': buffer_text(out, "&amp;"); return;
    case '<': buffer_text(out, "&lt;"); return;
    case '>': buffer_text(out, "&gt;"); return;
    case '"': buffer_text(out, "&quot;"); return;
    case '\t':
    case '\n':
    case '\r': buffer_printf(out, "&#%d;", c); return; /* kept apart from a blank in attributes too */
    default: buffer_byte(out, c < 0x20 ? '?' : (char)c);
    }
}

static bool is_noncharacter(struct span text, size_t at) {
    return at + 3 <= text.len && memcmp(text.data + at, "\xef\xbf", 2) == 0 &&
           (unsigned char)text.data[at + 2] >= 0xbe;
}

static void escape(struct buffer *out, struct span text, enum place place) {
    while (text.len) {
        size_t valid = utf8_valid_prefix(text);
        for (size_t i = 0; i < valid; i++) {
            bool strange = is_noncharacter(text, i);
            escape_byte(out, strange ? '?' : (unsigned char)text.data[i], place);
            if (strange) i += 2;
        }
        if (valid == text.len) return;
        buffer_byte(out, '?');
        text = (struct span){text.data + valid + 1, text.len - valid - 1};
    }
}

static void print_seconds(struct buffer *out, int64_t us) {
    buffer_printf(out, "%" PRId64 ".%06d", us / TIME_SECOND, (int)(us % TIME_SECOND));
}

static void end_suite(struct junit *junit) {
    if (!junit->open) return;
    char started[TIMESTAMP_TEXT_MAX];
    timestamp_format_iso(junit->started_us - junit->started_us % TIME_SECOND, started);
    struct buffer *out = &junit->text;
    buffer_text(out, "  <testsuite name=\"");
    buffer_span(out, buffer_view(&junit->name));
    buffer_printf(out,
                  "\" package=\"tributary\" id=\"%d\" timestamp=\"%.19s\" hostname=\"localhost\""
                  " tests=\"%d\" failures=\"%d\" errors=\"0\" time=\"",
                  junit->suite_count - 1, started, junit->case_count, junit->failure_count);
    print_seconds(out, junit->elapsed_us);
    buffer_text(out, "\">\n    <properties/>\n");
    buffer_span(out, buffer_view(&junit->cases));
    buffer_text(out, "    <system-out/>\n    <system-err/>\n  </testsuite>\n");
    junit->open = false;
}

void junit_suite(struct junit *junit, const char *name, int64_t started_us) {
    end_suite(junit);
    buffer_clear(&junit->cases);
    buffer_clear(&junit->name);
    escape(&junit->name, span_of(name), IN_ATTRIBUTE);
    junit->suite_count++;
    junit->case_count = junit->failure_count = 0;
    junit->started_us = started_us;
    junit->elapsed_us = 0;
    junit->open = true;
}

static struct span first_line(struct span text) {
    while (text.len && *text.data == ' ') text = (struct span){text.data + 1, text.len - 1};
    const char *end = text.len ? memchr(text.data, '\n', text.len) : NULL;
    return end ? (struct span){text.data, (size_t)(end - text.data)} : text;
}

static void print_failure(struct buffer *out, struct span failure) {
    buffer_text(out, ">\n      <failure type=\"expectation\" message=\"");
    escape(out, first_line(failure), IN_ATTRIBUTE);
    buffer_text(out, "\">");
    escape(out, failure, IN_TEXT);
    buffer_text(out, "</failure>\n    </testcase>\n");
}

void junit_case(struct junit *junit, const char *name, int64_t elapsed_us, struct span failure) {
    struct buffer *out = &junit->cases;
    junit->case_count++;
    junit->elapsed_us += elapsed_us;
    buffer_text(out, "    <testcase name=\"");
    escape(out, span_of(name), IN_ATTRIBUTE);
    buffer_text(out, "\" classname=\"");
    buffer_span(out, buffer_view(&junit->name));
    buffer_text(out, "\" time=\"");
    print_seconds(out, elapsed_us);
    buffer_byte(out, '"');
    if (!failure.data) {
        buffer_text(out, "/>\n");
        return;
    }
    junit->failure_count++;
    print_failure(out, failure);
}

struct span junit_finish(struct junit *junit) {
    end_suite(junit);
    buffer_text(&junit->text, "</testsuites>\n");
    return buffer_view(&junit->text);
}
