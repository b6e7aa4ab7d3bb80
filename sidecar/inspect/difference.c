#include "inspect/difference.h"

static const char *const names[DIFFERENCE_KINDS] = {
    [DIFFERENCE_MISSING] = "missing", [DIFFERENCE_WRONG] = "wrong",
    [DIFFERENCE_DOUBLED] = "doubled", [DIFFERENCE_UNEXPLAINED] = "unexplained",
    [DIFFERENCE_DROPPED] = "dropped", [DIFFERENCE_LOOKED_UP] = "looked_up",
};

const char *difference_name(enum difference_kind kind) {
    return kind < DIFFERENCE_KINDS ? names[kind] : "unknown";
}
