/* pieces.h: how many rows one INSERT has: all there are, unless the database needs too long for them; then
 * half as many, and more again once that goes quickly. Plain data; pure. */
#ifndef TRIBUTARY_PIPELINE_PIECES_H
#define TRIBUTARY_PIPELINE_PIECES_H

#include <stdbool.h>
#include <stdint.h>

struct pieces {
    int max;  /* rows in one piece; INT_MAX: no bound */
    int size; /* of the piece under way */
};

void pieces_init(struct pieces *pieces);
/* The next piece of `rest` rows. */
int pieces_take(struct pieces *pieces, int rest);
/* The piece took longer than it may. False when it was a single row: it cannot be smaller. */
bool pieces_halve(struct pieces *pieces);
/* The piece took this long. */
void pieces_grow(struct pieces *pieces, int64_t took_us, int64_t timeout_us);

#endif
