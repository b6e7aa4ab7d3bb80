/* manual.h: the manual page tributary(1), from the commands' own texts. Pure. */
#ifndef TRIBUTARY_COMMANDS_MANUAL_H
#define TRIBUTARY_COMMANDS_MANUAL_H

#include "base/buffer.h"

void manual_write(struct buffer *out);

#endif
