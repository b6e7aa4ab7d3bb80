/* completion.h: files by which shells complete the command line, from the table of commands. Pure. */
#ifndef TRIBUTARY_COMMANDS_COMPLETION_H
#define TRIBUTARY_COMMANDS_COMPLETION_H

#include "base/buffer.h"

/* What writes the file for this shell ("bash", "zsh", "fish"); NULL for another one. */
void (*completion_of(const char *shell))(struct buffer *out);

#endif
