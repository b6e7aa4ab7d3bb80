/* explain_print.h: an explanation for people, and for programs. Called by the explain command. */
#ifndef TRIBUTARY_COMMANDS_EXPLAIN_PRINT_H
#define TRIBUTARY_COMMANDS_EXPLAIN_PRINT_H

#include "inspect/explain.h"

/* To standard output. `what` names what was asked for. */
void explain_print_text(const struct plan *plan, const struct explain_result *result, const char *what);
void explain_print_json(const struct plan *plan, const struct explain_result *result);

#endif
