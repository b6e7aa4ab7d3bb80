/* reference.h: the table of options as a page for people. Pure; any thread. */
#ifndef TRIBUTARY_CONFIG_REFERENCE_H
#define TRIBUTARY_CONFIG_REFERENCE_H

#include "base/buffer.h"

/* Appends the page as Markdown: docs/configuration.md. */
void reference_markdown(struct buffer *out);

#endif
