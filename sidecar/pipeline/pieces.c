#include "pipeline/pieces.h"

#include <limits.h>

enum { QUICK = 4 }; /* a piece that takes less than this part of the time allowed may be twice as large */

void pieces_init(struct pieces *pieces) {
    *pieces = (struct pieces){.max = INT_MAX};
}

int pieces_take(struct pieces *pieces, int rest) {
    pieces->size = rest < pieces->max ? rest : pieces->max;
    return pieces->size;
}

bool pieces_halve(struct pieces *pieces) {
    if (pieces->size <= 1) return false;
    pieces->max = pieces->size / 2;
    return true;
}

void pieces_grow(struct pieces *pieces, int64_t took_us, int64_t timeout_us) {
    if (pieces->size < pieces->max || took_us >= timeout_us / QUICK) return;
    pieces->max = pieces->max > INT_MAX / 2 ? INT_MAX : pieces->max * 2;
}
