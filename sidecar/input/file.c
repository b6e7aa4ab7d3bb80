#include "input/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/line.h"
#include "base/memory.h"

struct file_input {
    FILE *file;
    char *path;
    char *line;
    size_t capacity;
    int64_t next_offset;
    uint64_t position, size;
};

struct file_input *file_input_open(const char *path, struct error *error) {
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (!file) {
        error_set(error, ERROR_CONFIG, "cannot open \"%s\": %s", path, strerror(errno));
        return NULL;
    }
    struct file_input *input = memory_zalloc(1, sizeof *input);
    struct stat stat;
    input->file = file;
    input->path = memory_strdup(path);
    if (fstat(fileno(file), &stat) == 0 && S_ISREG(stat.st_mode)) input->size = (uint64_t)stat.st_size;
    return input;
}

void file_input_close(struct file_input *input) {
    if (!input) return;
    if (input->file != stdin) fclose(input->file);
    free(input->line);
    free(input->path);
    free(input);
}

enum file_input_result file_input_next(struct file_input *input, struct record *record, struct error *error) {
    for (;;) {
        errno = 0;
        ssize_t len = line_read(&input->line, &input->capacity, input->file);
        if (len == LINE_TOO_LONG) {
            error_set(error, ERROR_CONFIG, "\"%s\": the line after %" PRId64 " records is longer than 16 MiB",
                      input->path, input->next_offset);
            return FILE_INPUT_FAILED;
        }
        if (len < 0 && !ferror(input->file)) return FILE_INPUT_END;
        if (len < 0) {
            error_set(error, ERROR_FATAL, "cannot read \"%s\": %s", input->path, strerror(errno));
            return FILE_INPUT_FAILED;
        }
        input->position += (uint64_t)len;
        if (len && input->line[len - 1] == '\n') len--;
        if (len && input->line[len - 1] == '\r') len--;
        if (!len) continue;
        *record = (struct record){
            .offset = input->next_offset++, .timestamp_us = TIME_NONE, .value = {input->line, (size_t)len}};
        return FILE_INPUT_RECORD;
    }
}

uint64_t file_input_position(const struct file_input *input) {
    return input->position;
}

uint64_t file_input_size(const struct file_input *input) {
    return input->size;
}
