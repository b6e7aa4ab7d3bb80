/* uuid.h: uuids packed into 16 bytes. Only the canonical lower-case form is packed, so that unpacking gives
 * back the very text. Pure; any thread. */
#ifndef TRIBUTARY_EVENT_UUID_H
#define TRIBUTARY_EVENT_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { UUID_TEXT = 36, UUID_BYTES = 16 };

/* False, with `bytes` undefined, unless text is 8-4-4-4-12 lower-case hexadecimal. */
bool uuid_pack(struct span text, uint8_t bytes[UUID_BYTES]);
/* Every spelling that Postgres reads: upper case too, in braces, with a hyphen behind any group of four
 * digits or none at all. False, with `bytes` undefined, for anything else. */
bool uuid_parse(struct span text, uint8_t bytes[UUID_BYTES]);
/* Writes UUID_TEXT characters, not terminated. */
void uuid_unpack(const uint8_t bytes[UUID_BYTES], char *text);

#endif
