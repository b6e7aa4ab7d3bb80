/* stop.h: SIGINT and SIGTERM as a flag that a command's loop looks at, so that it can finish what it has
 * begun. A second signal ends the process at once. Any thread may ask. */
#ifndef TRIBUTARY_COMMANDS_STOP_H
#define TRIBUTARY_COMMANDS_STOP_H

#include <stdbool.h>

/* From now on the two signals end the process at once, as a success: for as long as nothing has been begun.
 */
void stop_at_once(void);
/* From now on the two signals set the flag, and interrupt blocking calls (EINTR). Clears the flag. */
void stop_on_signals(void);
bool stop_requested(void);

/* From now on SIGHUP, at which other programs read their configuration anew, is only noted; where it is
 * ignored, as under nohup, it stays so. */
void stop_note_hangup(void);
/* Whether one has come since the last call. */
bool stop_hung_up(void);

#endif
