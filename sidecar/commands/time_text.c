#include "commands/time_text.h"

#include "base/time.h"
#include "output/json.h"

struct time_text time_text(int64_t time_us) {
    struct time_text time = {"-"};
    if (time_us != TIME_NONE && time_us != TIME_END)
        time.text[timestamp_format_iso(time_us, time.text)] = '\0';
    return time;
}

void time_text_json(struct buffer *out, int64_t time_us) {
    struct time_text time = time_text(time_us);
    if (time.text[0] == '-')
        buffer_text(out, "null");
    else
        buffer_json(out, span_of(time.text));
}
