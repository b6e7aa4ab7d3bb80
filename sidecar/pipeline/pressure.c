#include "pipeline/pressure.h"

#include "base/time.h"

enum { HIGH_PERCENT = 95, LOW_PERCENT = 90, REMIND_SECONDS = 60, CALM_SECONDS = 10 };

static enum pressure_news say(struct pressure *pressure, int64_t now_us) {
    pressure->said_us = now_us;
    return PRESSURE_HIGH;
}

enum pressure_news pressure_update(struct pressure *pressure, int64_t held, int64_t share, int64_t now_us) {
    pressure->high = held > share / 100 * (pressure->high ? LOW_PERCENT : HIGH_PERCENT);
    if (pressure->high) pressure->high_us = now_us;
    if (!pressure->spell) {
        pressure->spell = pressure->high;
        pressure->since_us = now_us;
        return pressure->high ? say(pressure, now_us) : PRESSURE_NONE;
    }
    if (now_us - pressure->high_us >= CALM_SECONDS * TIME_SECOND) {
        pressure->spell = false;
        return PRESSURE_OVER;
    }
    return now_us - pressure->said_us >= REMIND_SECONDS * TIME_SECOND ? say(pressure, now_us) : PRESSURE_NONE;
}
