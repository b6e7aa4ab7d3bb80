/* property.h: what must be known about librdkafka's properties before passing them on. Constant data; any
 * thread. */
#ifndef TRIBUTARY_CONFIG_PROPERTY_H
#define TRIBUTARY_CONFIG_PROPERTY_H

#include <stdbool.h>

/* A property that a pipeline may not set, and why, or what to do instead. */
struct property_rule {
    const char *name, *why;
};

/* All of them, ending with a NULL name. */
extern const struct property_rule property_rules[];

/* The rule against setting this property, or NULL. */
const struct property_rule *property_rule(const char *name);
/* Does the property hold a secret, which must not stand in the file nor be printed? */
bool property_secret(const char *name);

#endif
