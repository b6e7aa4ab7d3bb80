#include "commands/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/line.h"

enum { READ_BYTES = 1 << 18 };

void lines_init(struct lines *lines, char *const *names, int count) {
    *lines = (struct lines){.names = names, .count = count};
}

static bool is_stdin(const char *name) {
    return strcmp(name, "-") == 0;
}

static void close_file(struct lines *lines) {
    if (lines->file && lines->file != stdin) fclose(lines->file);
    lines->file = NULL;
}

void lines_release(struct lines *lines) {
    close_file(lines);
    free(lines->line);
    lines->line = NULL;
}

bool lines_measure(const struct lines *lines, uint64_t *bytes, struct error *error) {
    struct stat status;
    bool known = true;
    *bytes = 0;
    for (int i = 0; i < lines->count; i++) {
        const char *name = lines->names[i];
        int found = is_stdin(name) ? fstat(STDIN_FILENO, &status) : stat(name, &status);
        if (found != 0 || (!is_stdin(name) && access(name, R_OK) != 0))
            return error_set(error, ERROR_CONFIG, "cannot read \"%s\": %s", name, strerror(errno));
        if (S_ISDIR(status.st_mode))
            return error_set(error, ERROR_CONFIG, "cannot read \"%s\": it is a directory", name);
        known = known && S_ISREG(status.st_mode);
        *bytes += (uint64_t)status.st_size;
    }
    if (!known) *bytes = 0;
    return true;
}

static bool open_file(struct lines *lines, struct error *error) {
    const char *name = lines->names[lines->index];
    lines->file = is_stdin(name) ? stdin : fopen(name, "r");
    if (!lines->file) return error_set(error, ERROR_CONFIG, "cannot read \"%s\": %s", name, strerror(errno));
    setvbuf(lines->file, NULL, _IOFBF, READ_BYTES);
    lines->number = 0;
    return true;
}

enum lines_result lines_next(struct lines *lines, struct span *line, struct error *error) {
    while (lines->index < lines->count) {
        if (!lines->file && !open_file(lines, error)) return LINES_FAILED;
        errno = 0;
        ssize_t len = line_read(&lines->line, &lines->capacity, lines->file);
        if (len >= 0) {
            lines->number++;
            lines->bytes += (uint64_t)len;
            if (len > 0 && lines->line[len - 1] == '\n') len--;
            *line = (struct span){lines->line, (size_t)len};
            return LINES_READ;
        }
        if (len == LINE_TOO_LONG) {
            error_set(error, ERROR_CONFIG, "\"%s\" line %" PRIu64 " is longer than 16 MiB",
                      lines_name(lines, lines->index), lines->number + 1);
            return LINES_FAILED;
        }
        if (ferror(lines->file) && errno == EINTR) return LINES_INTERRUPTED;
        if (ferror(lines->file)) {
            error_set(error, ERROR_FATAL, "cannot read \"%s\": %s", lines_name(lines, lines->index),
                      strerror(errno));
            return LINES_FAILED;
        }
        close_file(lines);
        lines->index++;
    }
    return LINES_END;
}

const char *lines_name(const struct lines *lines, int index) {
    return is_stdin(lines->names[index]) ? "standard input" : lines->names[index];
}
