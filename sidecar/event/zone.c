#include "event/zone.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

/* 1900-01-01, 2200-01-01. */
#define SCAN_FROM INT64_C(-2208988800)
#define SCAN_TO   INT64_C(7258118400)

enum {
    SCAN_STEP = 86400,
    ZONE_HOURS_MAX = 15,
    BUCKET_BITS = 23, /* 97 days: rarely more than one change in each */
    BUCKETS = ((SCAN_TO - SCAN_FROM) >> BUCKET_BITS) + 2,
};

/* From civil time `civil_s` on (and up to the next change) the zone is `offset_s` east of UTC. */
struct change {
    int64_t civil_s;
    int32_t offset_s;
};

/* changes[0] holds since ever; first_of[b] is the change in force where bucket b begins. */
struct zone {
    struct change *changes;
    int count;
    uint16_t first_of[BUCKETS];
};

static void add_change(struct zone *zone, int64_t civil_s, int32_t offset_s) {
    if ((zone->count & (zone->count - 1)) == 0) {
        size_t capacity = zone->count ? 2 * (size_t)zone->count : 1;
        zone->changes = memory_realloc(zone->changes, capacity * sizeof *zone->changes);
    }
    zone->changes[zone->count++] = (struct change){civil_s, offset_s};
}

static int32_t offset_at(int64_t utc_s) {
    time_t time = (time_t)utc_s;
    struct tm civil;
    return localtime_r(&time, &civil) ? (int32_t)civil.tm_gmtoff : 0;
}

/* The first second after `from` at which the offset is no longer that at `from`; it differs at `to`. */
static int64_t find_change(int64_t from, int64_t to, int32_t offset) {
    while (to - from > 1) {
        int64_t middle = from + (to - from) / 2;
        if (offset_at(middle) == offset)
            from = middle;
        else
            to = middle;
    }
    return to;
}

/* The new offset begins with the first civil time that it shows: one that was doubled belongs to it, one that
 * was skipped to the offset before. */
static void scan(struct zone *zone) {
    int32_t offset = offset_at(SCAN_FROM);
    add_change(zone, INT64_MIN, offset);
    for (int64_t at = SCAN_FROM; at < SCAN_TO; at += SCAN_STEP) {
        int32_t next = offset_at(at + SCAN_STEP);
        for (int64_t from = at; offset != next;) {
            from = find_change(from, at + SCAN_STEP, offset);
            int32_t after = offset_at(from);
            add_change(zone, from + after, after);
            offset = after;
        }
    }
}

static void fill_buckets(struct zone *zone) {
    int change = 0;
    for (int b = 0; b < BUCKETS; b++) {
        int64_t begin = SCAN_FROM + ((int64_t)b << BUCKET_BITS);
        while (change + 1 < zone->count && zone->changes[change + 1].civil_s <= begin) change++;
        zone->first_of[b] = (uint16_t)change;
    }
}

/* Runs the C library's zone code under TZ=":name" and puts TZ back. */
static void scan_named(struct zone *zone, const char *name) {
    const char *old = getenv("TZ");
    char *kept = old ? memory_strdup(old) : NULL, *set = memory_printf(":%s", name);
    setenv("TZ", set, 1);
    tzset();
    scan(zone);
    if (kept)
        setenv("TZ", kept, 1);
    else
        unsetenv("TZ");
    tzset();
    free(set);
    free(kept);
}

/* "+HH", "+HHMM", "+HH:MM" or '-'. */
static bool parse_fixed(const char *name, int32_t *offset_s) {
    size_t len = strlen(name);
    bool colon = len == 6 && name[3] == ':';
    if ((*name != '+' && *name != '-') || (len != 3 && len != 5 && !colon)) return false;
    for (size_t i = 1; i < len; i++)
        if (!isdigit((unsigned char)name[i]) && !(colon && i == 3)) return false;
    int hours = (name[1] - '0') * 10 + name[2] - '0';
    int minutes = len == 3 ? 0 : (name[len - 2] - '0') * 10 + name[len - 1] - '0';
    if (hours > ZONE_HOURS_MAX || minutes > 59) return false;
    *offset_s = (hours * 3600 + minutes * 60) * (*name == '-' ? -1 : 1);
    return true;
}

/* No dots: a name cannot lead out of the zone directory. */
static bool is_zone_name(const char *name) {
    if (!isalpha((unsigned char)*name)) return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && !strchr("/_+-", *name)) return false;
    return true;
}

static const char *zone_directory(void) {
    const char *set = getenv("TZDIR");
    return set && *set ? set : "/usr/share/zoneinfo";
}

/* The C library would quietly take UTC for a zone that is not there. */
static bool is_zone_file(const char *path) {
    char magic[4];
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool ok = fstat(file, &status) == 0 && S_ISREG(status.st_mode) && read(file, magic, 4) == 4 &&
              memcmp(magic, "TZif", 4) == 0;
    close(file);
    return ok;
}

static bool zone_exists(const char *name, struct error *error) {
    static const char hint[] = "hint: take \"UTC\", an offset such as \"+05:30\", or a name such as "
                               "\"America/Edmonton\" (upper and lower case matter)";
    if (!is_zone_name(name))
        return error_set(error, ERROR_CONFIG, "\"%s\" is not the name of a time zone\n%s", name, hint);
    if (access(zone_directory(), R_OK) != 0)
        return error_set(error, ERROR_CONFIG,
                         "time zone \"%s\": there is no zone data in \"%s\"\n"
                         "hint: install the package tzdata, or take an offset such as \"+05:30\"",
                         name, zone_directory());
    char *path = memory_printf("%s/%s", zone_directory(), name);
    bool found = is_zone_file(path);
    free(path);
    if (found) return true;
    return error_set(error, ERROR_CONFIG, "time zone \"%s\" is not in \"%s\"\n%s", name, zone_directory(),
                     hint);
}

struct zone *zone_load(const char *name, struct error *error) {
    int32_t offset_s = 0;
    bool fixed = strcmp(name, "UTC") == 0 || parse_fixed(name, &offset_s);
    if (!fixed && !zone_exists(name, error)) return NULL;
    struct zone *zone = memory_zalloc(1, sizeof *zone);
    if (fixed)
        add_change(zone, INT64_MIN, offset_s);
    else
        scan_named(zone, name);
    fill_buckets(zone);
    return zone;
}

void zone_free(struct zone *zone) {
    if (!zone) return;
    free(zone->changes);
    free(zone);
}

int64_t zone_to_utc(const struct zone *zone, int64_t civil_s) {
    int64_t bucket = civil_s < SCAN_FROM ? 0 : (civil_s - SCAN_FROM) >> BUCKET_BITS;
    int change = zone->first_of[bucket < BUCKETS ? bucket : BUCKETS - 1];
    while (change + 1 < zone->count && zone->changes[change + 1].civil_s <= civil_s) change++;
    return civil_s - zone->changes[change].offset_s;
}
