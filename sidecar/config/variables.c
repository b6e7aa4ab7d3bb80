#include "config/variables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/utf8.h"

enum piece_kind { PIECE_TEXT, PIECE_ENVIRONMENT, PIECE_FILE, PIECE_UNCLOSED, PIECE_UNKNOWN };

struct piece {
    enum piece_kind kind;
    struct span text;     /* the text, or the variable as it is written */
    struct span name;     /* of the variable or the file */
    struct span fallback; /* absent without a default */
};

bool variables_any(const char *written) {
    return strstr(written, "${") != NULL;
}

static bool name_char(char c, bool first) {
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (!first && c >= '0' && c <= '9');
}

/* `inside` is what stands between "${" and "}". */
static void classify(struct piece *piece, struct span inside) {
    piece->kind = PIECE_UNKNOWN;
    if (inside.len > 5 && memcmp(inside.data, "file:", 5) == 0) {
        piece->kind = PIECE_FILE;
        piece->name = (struct span){inside.data + 5, inside.len - 5};
        return;
    }
    size_t len = 0;
    while (len < inside.len && name_char(inside.data[len], len == 0)) len++;
    piece->name = (struct span){inside.data, len};
    struct span rest = {inside.data + len, inside.len - len};
    if (len && rest.len == 0) piece->kind = PIECE_ENVIRONMENT;
    if (len == 0 || rest.len < 2 || memcmp(rest.data, ":-", 2) != 0) return;
    piece->fallback = (struct span){rest.data + 2, rest.len - 2};
    /* "${A:-${B}}" would end at the first brace: better refused than misread. */
    if (!memmem(piece->fallback.data, piece->fallback.len, "${", 2)) piece->kind = PIECE_ENVIRONMENT;
}

/* The next piece of *at, which moves behind it; false at the end. */
static bool next_piece(const char **at, struct piece *piece) {
    const char *start = *at;
    if (!*start) return false;
    *piece = (struct piece){.kind = PIECE_TEXT};
    if (strncmp(start, "$${", 3) == 0) {
        piece->text = (struct span){start + 1, 2};
        *at = start + 3;
    } else if (strncmp(start, "${", 2) == 0) {
        const char *end = strchr(start, '}');
        piece->kind = PIECE_UNCLOSED;
        *at = end ? end + 1 : start + strlen(start);
        if (end) classify(piece, (struct span){start + 2, (size_t)(end - start) - 2});
        piece->text = (struct span){start, (size_t)(*at - start)};
    } else {
        size_t len = 1;
        while (start[len] && strncmp(start + len, "${", 2) != 0 && strncmp(start + len, "$${", 3) != 0) len++;
        piece->text = (struct span){start, len};
        *at = start + len;
    }
    return true;
}

static bool add_environment(const struct piece *piece, struct position position, struct buffer *out,
                            struct problems *problems) {
    char *name = memory_strndup(piece->name.data, piece->name.len);
    const char *value = getenv(name);
    bool good = true;
    if (piece->fallback.data && (!value || !*value)) {
        buffer_span(out, piece->fallback);
    } else if (!value) {
        problems_add(problems, position, "the environment variable \"%s\" is not set", name);
        problems_hint(problems, "set it, or give a default: ${%s:-value}", name);
        good = false;
    } else if (utf8_valid_prefix(span_of(value)) < strlen(value)) {
        problems_add(problems, position, "the environment variable \"%s\" is not UTF-8 text", name);
        good = false;
    } else {
        buffer_text(out, value);
    }
    free(name);
    return good;
}

/* Reads at most VARIABLES_BYTES and one more; NULL or why not. */
static const char *read_file(const char *path, struct buffer *out) {
    FILE *file = fopen(path, "re");
    if (!file) return strerror(errno);
    errno = 0;
    out->len += fread(buffer_reserve(out, VARIABLES_BYTES + 1), 1, VARIABLES_BYTES + 1, file);
    const char *why = ferror(file) ? strerror(errno) : NULL;
    fclose(file);
    return why;
}

static const char *file_trouble(const struct buffer *content) {
    if (content->len > VARIABLES_BYTES) return "it is larger than 64 KiB";
    if (memchr(content->data, '\0', content->len)) return "it contains a NUL";
    return utf8_valid_prefix(buffer_view(content)) < content->len ? "it is not UTF-8 text" : NULL;
}

static void cannot_use(struct span path, const char *why, struct position position,
                       struct problems *problems) {
    struct buffer quoted;
    buffer_init(&quoted);
    problems_quote(path, &quoted);
    problems_add(problems, position, "cannot use the file %s: %s", buffer_string(&quoted), why);
    buffer_release(&quoted);
}

static bool add_file(const struct piece *piece, struct position position, struct buffer *out,
                     struct problems *problems) {
    char *path = memory_strndup(piece->name.data, piece->name.len);
    struct buffer content;
    buffer_init(&content);
    const char *why = read_file(path, &content);
    if (!why) why = file_trouble(&content);
    if (why) {
        cannot_use(piece->name, why, position, problems);
    } else {
        if (content.len && content.data[content.len - 1] == '\n') content.len--;
        if (content.len && content.data[content.len - 1] == '\r') content.len--;
        buffer_span(out, buffer_view(&content));
    }
    buffer_release(&content);
    free(path);
    return !why;
}

static bool refuse(const struct piece *piece, struct position position, struct problems *problems) {
    struct buffer quoted;
    buffer_init(&quoted);
    problems_quote(piece->text, &quoted);
    problems_add(problems, position, "%s %s", buffer_string(&quoted),
                 piece->kind == PIECE_UNCLOSED ? "has no closing brace" : "is not a variable");
    problems_hint(problems, "write ${NAME}, ${NAME:-default} or ${file:/path}; $${ stands for ${ itself");
    buffer_release(&quoted);
    return false;
}

static bool add_piece(const struct piece *piece, struct position position, struct buffer *out,
                      struct problems *problems) {
    switch (piece->kind) {
    case PIECE_TEXT: buffer_span(out, piece->text); return true;
    case PIECE_ENVIRONMENT: return add_environment(piece, position, out, problems);
    case PIECE_FILE: return add_file(piece, position, out, problems);
    case PIECE_UNCLOSED:
    case PIECE_UNKNOWN: return refuse(piece, position, problems);
    }
    return false;
}

bool variables_expand(const char *written, struct position position, struct buffer *out,
                      struct problems *problems) {
    struct piece piece;
    bool good = true;
    size_t start = out->len;
    while (next_piece(&written, &piece)) {
        good &= add_piece(&piece, position, out, problems);
        if (out->len - start <= VARIABLES_BYTES) continue;
        problems_add(problems, position, "with its variables the value is longer than 64 KiB");
        return false;
    }
    return good;
}

void variables_literal(const char *written, struct buffer *out) {
    struct piece piece;
    while (next_piece(&written, &piece)) {
        if (piece.kind == PIECE_TEXT)
            buffer_span(out, piece.text);
        else if (piece.fallback.data)
            buffer_span(out, piece.fallback);
        else
            buffer_byte(out, VARIABLES_MARK);
    }
}
