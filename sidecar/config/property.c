#include "config/property.h"

#include <stddef.h>
#include <string.h>

#define OFFSETS    "the offsets are kept in the database together with the rows"
#define POSITIONS  "each partition begins at the offset kept in the database"
#define ASSIGNMENT "the partitions of both inputs must be assigned together"

const struct property_rule property_rules[] = {
    {"bootstrap.servers", "use \"kafka.brokers\""},
    {"metadata.broker.list", "use \"kafka.brokers\""},
    {"group.id", "use \"kafka.group\""},
    {"group.instance.id", "use \"kafka.instance_id\""},
    {"enable.auto.commit", OFFSETS},
    {"enable.auto.offset.store", OFFSETS},
    {"auto.offset.reset", POSITIONS "; a first start follows \"start\""},
    {"partition.assignment.strategy", ASSIGNMENT},
    {"group.protocol", ASSIGNMENT},
    {"enable.partition.eof", "the end of a partition must be known to tell a silent one from a slow one"},
    {"isolation.level", "records of transactions that were given up must not be counted"},
    {NULL, NULL},
};

const struct property_rule *property_rule(const char *name) {
    for (const struct property_rule *rule = property_rules; rule->name; rule++)
        if (strcmp(rule->name, name) == 0) return rule;
    return NULL;
}

bool property_secret(const char *name) {
    return strstr(name, "password") || strstr(name, "secret") || strcmp(name, "ssl.key.pem") == 0;
}
