/* pipeline.h: one pipeline, as its YAML file describes it: typed, complete (every default filled in), checked
 * in itself, and immutable afterwards, so that every thread may read it. Times and spans are microseconds,
 * sizes bytes. Nothing here is a secret unless it came from the environment or a file. */
#ifndef TRIBUTARY_CONFIG_PIPELINE_H
#define TRIBUTARY_CONFIG_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "config/position.h"
#include "config/steps.h"

enum time_format { TIME_FORMAT_ISO, TIME_FORMAT_EPOCH_S, TIME_FORMAT_EPOCH_MS, TIME_FORMAT_EPOCH_US };
enum start_at { START_EARLIEST, START_LATEST, START_TIME };
enum model { MODEL_FIRST, MODEL_LAST, MODEL_LINEAR, MODEL_POSITION, MODEL_TIME_DECAY };
enum emit { EMIT_FINAL, EMIT_EARLY };
enum late_policy { LATE_DEAD_LETTER, LATE_ATTRIBUTE };
enum missing_policy { MISSING_KEEP, MISSING_DROP, MISSING_DEAD_LETTER };
enum write_mode { WRITE_UPSERT, WRITE_APPEND };
enum log_form { LOG_FORM_LOGFMT, LOG_FORM_JSON };
enum log_detail { LOG_DETAIL_ERROR, LOG_DETAIL_WARN, LOG_DETAIL_INFO, LOG_DETAIL_DEBUG };

struct property {
    char *name, *value;
};

/* Where a secret that changes comes from: at most one of the two. */
struct credential_config {
    char **command; /* a program and its arguments, ending with NULL; NULL: none */
    char *file;     /* NULL: none */
};

enum tls_verify { TLS_VERIFY_FULL, TLS_VERIFY_CA, TLS_VERIFY_NONE };

struct tls_config {
    bool present;
    char *ca, *certificate, *key, *key_password; /* each may be NULL */
    enum tls_verify verify;
};

enum sasl_mechanism { SASL_SCRAM_SHA_256, SASL_SCRAM_SHA_512, SASL_PLAIN, SASL_OAUTHBEARER };

struct sasl_config {
    bool present;
    enum sasl_mechanism mechanism;
    char *username, *password;      /* but for OAUTHBEARER */
    struct credential_config token; /* for OAUTHBEARER */
};

struct kafka_config {
    char *brokers;
    char *group;       /* default: "tributary." and the pipeline's name */
    char *instance_id; /* NULL: the group's membership is dynamic */
    struct tls_config tls;
    struct sasl_config sasl;
    struct property *properties; /* any librdkafka property, over our own settings */
    int property_count;
};

struct postgres_config {
    char *url;                         /* NULL: the pipeline has no database (replay and test need none) */
    struct credential_config password; /* fetched for each connection, over the URL's */
    int64_t statement_timeout_us;      /* default 1 minute */
};

struct time_config {
    char *field;
    enum time_format format;
    char *zone;
    int64_t out_of_order_us; /* default 0 */
    int64_t max_future_us;   /* default 1 minute */
};

/* What a name in a key, a column or a lookup means: a field of an input, a column of a lookup, or what the
 * model says of a row. */
enum source_kind { SOURCE_CONVERSION, SOURCE_TOUCH, SOURCE_LOOKUP, SOURCE_ATTRIBUTION };

/* The owner of what the model says of a row, a name that no input or lookup may have; and its fields. */
#define ATTRIBUTION_NAME "attribution"
enum attribution_field {
    ATTRIBUTION_CREDIT,
    ATTRIBUTION_TOUCH_NUMBER,
    ATTRIBUTION_TOUCH_COUNT,
    ATTRIBUTION_AMOUNT,
    ATTRIBUTION_FINAL,
    ATTRIBUTION_REVISION,
    ATTRIBUTION_FIELDS
};

struct source {
    enum source_kind kind;
    int lookup;                         /* index into lookups, for SOURCE_LOOKUP */
    enum attribution_field attribution; /* for SOURCE_ATTRIBUTION */
    char *field; /* field name, lookup column, or one of the record's own: _time _partition _offset _timestamp
                    _key */
    struct position position;
};

/* The topic of Tributary's own that an input is copied into, each record under its key. */
struct repartition_config {
    bool present;
    struct source by; /* what becomes the record key: a field of this input, or a column of a lookup */
    int partitions;
    char *topic;                /* default: the pipeline's and the input's name and ".rekeyed" */
    int64_t retention_us;       /* of the topic where we create it; default 7 days */
    int64_t commit_interval_us; /* default 100 ms */
    /* What has to be looked up before: `by`, where it is a column, and the columns in this input's part of
     * the attribution's key, each once. All are SOURCE_LOOKUP, and each of these lookups is matched by
     * fields of this input only. An event gets them as fields called "lookup.column". */
    struct source *derived;
    int derived_count;
    struct position position;
};

struct input_config {
    char *name;
    struct position position;
    char *source_topic; /* what producers write to: `kafka.topic` */
    char *topic;        /* what is joined: the same, or the re-keyed topic where there is one */
    struct time_config time;
    char *partitioned_by; /* what the producer keyed it by, a field before any step; NULL: unknown */
    struct repartition_config repartition;
    int64_t idle_timeout_us;          /* default 30 s; 0: never idle */
    const struct steps_config *steps; /* what is done to its events first; NULL: nothing */
};

/* Of `model: position`, in billionths: what the first and the last touch get. The others share the rest. */
struct weights_config {
    bool present;
    int64_t first, last; /* default 0.4 each; together at most 1 */
};

#define WEIGHT_ONE INT64_C(1000000000) /* a weight of 1 */

struct attribute_config {
    int conversions, touches;           /* indexes into inputs */
    char **conversion_key, **touch_key; /* fields, or "lookup.column" of a re-keyed input */
    int key_count;
    int64_t window_us;
    enum model model; /* default first */
    struct weights_config weights;
    int64_t half_life_us; /* of `model: time_decay`; default half the window */
    int64_t reach;        /* only so many touches nearest before the conversion; 0: all */
    int64_t touch_cap;    /* only the first so many touches of a key and bucket of time are held; 0: all */
    int credit_scale;     /* decimals of the credit; default 6 */
    char *credit_of;      /* the field of the conversion whose amount is shared; NULL: none */
    enum emit emit;       /* default final */
    int64_t allowed_lateness_us; /* default 0 */
    enum late_policy late;       /* default dead_letter */
    int64_t max_drift_us;        /* default 1 hour */
};

/* How long a worker remembers what a lookup's table said. */
struct lookup_cache_config {
    int64_t ttl_us;         /* default 0: not at all */
    int64_t missing_ttl_us; /* the same where there was no row; default 10 s, never more than the other */
    int64_t entries;        /* at most so many, default 10,000 */
};

struct lookup_config {
    char *name;
    struct position position;
    char *table;          /* perhaps with its schema: commerce.users */
    char **match_columns; /* the table's columns … */
    struct source *match; /* … and what each must equal: a field of the conversion or of another lookup, … */
    int match_count;
    bool of_touches;             /* … or of the touch: asked while re-keying touches, never for a row */
    enum missing_policy missing; /* default keep */
    struct lookup_cache_config cache;
};

struct column_config {
    char *name; /* of the table */
    struct source source;
    struct position position;
};

struct output_config {
    struct position position;
    char *table;
    enum write_mode write; /* default upsert */
    bool early;            /* attribute.emit is early: rows are corrected until they are final */
    char **primary_key;    /* for upsert: names among the columns */
    int primary_key_count;
    struct column_config *columns;
    int column_count;
    bool several; /* a conversion may have several rows: the model shares it out */
};

/* Whether the model shares a conversion out among touches: it gets a row for each of them. */
static inline bool model_shares(enum model model) {
    return model >= MODEL_LINEAR;
}

struct pipeline {
    char *file; /* as given on the command line */
    char *name;
    struct kafka_config kafka;
    struct postgres_config postgres;
    struct input_config *inputs;
    int input_count;
    struct steps_config **step_lists; /* those of the inputs, which may share one */
    int step_list_count;
    struct attribute_config attribute;
    struct lookup_config *lookups;
    int *lookup_order; /* their indexes: each after those that it is matched by, otherwise as in the file */
    int lookup_count;
    struct output_config *outputs; /* at least one; exactly one in this version */
    int output_count;
    char *dead_letter_topic;          /* default: the pipeline's name and ".dead-letters" */
    int64_t dead_letter_retention_us; /* of the topic where we create it; default 14 days */
    char *changelog_topic;            /* default: the pipeline's name and ".changelog" */
    int changelog_replication;        /* copies of each partition; -1: the default of the broker */
    int64_t tombstone_grace_us;       /* default 1 hour */
    char *telemetry_listen;           /* "HOST:PORT" or "none"; NULL: a port of this machine alone */
    enum log_form log_form;           /* default logfmt */
    enum log_detail log_detail;       /* default info */
    int workers;                      /* threads; default 1 */
    int64_t commit_interval_us;       /* default 1 s */
    int64_t batch_rows;               /* rows after which a batch is full, default 10,000 */
    int64_t memory_limit; /* bytes; 0: the cgroup's, or else three quarters of the machine's memory */
    enum start_at start;  /* default earliest */
    int64_t start_us;     /* for START_TIME */
};

/* Reads the file, expands ${VAR}, ${VAR:-default} and ${file:PATH}, and checks everything that can be checked
 * without a connection. On failure writes every problem, one a line with file:line:column and, where there is
 * one, a hint, to `errors` and returns NULL. */
struct pipeline *pipeline_load(const char *file, FILE *errors);
/* The same from text; `file` is only a name for messages. */
struct pipeline *pipeline_parse(const char *text, size_t len, const char *file, FILE *errors);
void pipeline_free(struct pipeline *pipeline);

/* The pipeline as YAML with every default filled in; passwords in URLs and properties shown as ***. */
void pipeline_print(const struct pipeline *pipeline, FILE *out);

#endif
