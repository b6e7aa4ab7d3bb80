/* monitor.h: the HTTP listener of a running pipeline and its pages: /metrics, /healthz, /readyz and /status.
 * It exists before the workers do and after them; meanwhile it looks at their boards. Made, told and freed by
 * one thread; the pages are written on the listener's. */
#ifndef TRIBUTARY_PIPELINE_MONITOR_H
#define TRIBUTARY_PIPELINE_MONITOR_H

#include "base/error.h"
#include "pipeline/budget.h"
#include "pipeline/gauges.h"
#include "pipeline/plan.h"
#include "pipeline/rekey_gauges.h"

/* Where it listens when the pipeline does not say; any free port of this machine where that is taken. */
#define MONITOR_ADDRESS "127.0.0.1:9469"

struct monitor;

/* Listens as the pipeline says; a line in the log says where. With `none` there is a monitor without a
 * listener. NULL with a config error when the address cannot be had. */
struct monitor *monitor_new(const struct plan *plan, struct error *error) MUST_CHECK;
void monitor_free(struct monitor *monitor);

/* The workers to look at from now on; `boards` has `count` of them. Both must last until monitor_detach. */
void monitor_attach(struct monitor *monitor, struct gauges_board *boards, int count,
                    const struct budget *budget);
/* The re-keyers, which may be there before the workers; `alone`: there will be no workers. */
void monitor_attach_rekeyers(struct monitor *monitor, struct rekey_board *boards, int count, bool alone);
void monitor_detach_rekeyers(struct monitor *monitor);
/* The end has begun: no longer ready. */
void monitor_stopping(struct monitor *monitor);
void monitor_detach(struct monitor *monitor);

#endif
