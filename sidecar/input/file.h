/* file.h: a file of JSON lines as an input: one record a line, offsets from 0, no key and no broker
 * timestamp. Empty lines are passed over and take no offset. One thread at a time. */
#ifndef TRIBUTARY_INPUT_FILE_H
#define TRIBUTARY_INPUT_FILE_H

#include "base/error.h"
#include "event/record.h"

struct file_input;

/* "-" is standard input. NULL with a config error when it cannot be opened. */
struct file_input *file_input_open(const char *path, struct error *error);
void file_input_close(struct file_input *input);

enum file_input_result { FILE_INPUT_RECORD, FILE_INPUT_END, FILE_INPUT_FAILED };
/* The next record, good until the next call. */
enum file_input_result file_input_next(struct file_input *input, struct record *record, struct error *error);

/* Bytes read so far, and in all; 0 where that is not known. */
uint64_t file_input_position(const struct file_input *input);
uint64_t file_input_size(const struct file_input *input);

#endif
