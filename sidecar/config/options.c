#include "config/options.h"

#include <string.h>

#include "config/pipeline.h"
#include "config/quantity.h"

#define IN(section)        (1u << SECTION_##section)
#define FIELD(type, field) .offset = offsetof(struct type, field), .size = sizeof(((struct type *)0)->field)
#define NOWHERE            .offset = 0, .size = 0

#define MILLISECOND INT64_C(1000)
#define SECOND      (1000 * MILLISECOND)
#define MINUTE      (60 * SECOND)
#define DAY         (1440 * MINUTE)
#define LONGEST     (400 * DAY)
#define MIB         (INT64_C(1) << 20)

static const char *const time_formats[] = {"iso", "epoch_s", "epoch_ms", "epoch_us", NULL};
static const char *const models[] = {"first", "last", "linear", "position", "time_decay", NULL};
static const char *const emissions[] = {"final", "early", NULL};
static const char *const late_policies[] = {"dead_letter", "attribute", NULL};
static const char *const missing_policies[] = {"keep", "drop", "dead_letter", NULL};
static const char *const log_forms[] = {"logfmt", "json", NULL};
static const char *const log_details[] = {"error", "warn", "info", "debug", NULL};
static const char *const tls_verifications[] = {"full", "ca", "none", NULL};
static const char *const sasl_mechanisms[] = {"SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN", "OAUTHBEARER", NULL};
static const char *const casts[] = {"int",     "decimal",  "text",     "bool", "timestamp",
                                    "epoch_s", "epoch_ms", "epoch_us", NULL};
static const char *const write_modes[] = {"upsert", "append", NULL};

static const struct section_row sections[SECTION_COUNT] = {
    [SECTION_PIPELINE] = {"", "What stands at the left margin of the file."},
    [SECTION_KAFKA] = {"kafka",
                       "The cluster that all topics of the pipeline are in: Apache Kafka, Redpanda, or "
                       "anything else that speaks the protocol."},
    [SECTION_TLS] = {"kafka.tls",
                     "TLS to the brokers. `tls: {}` alone turns it on, with the system's certificate "
                     "authorities and everything verified. [How to set it up](security.md#kafka)."},
    [SECTION_SASL] = {"kafka.sasl",
                      "Who the pipeline is to the brokers: a name and a password, or a token that is fetched "
                      "again before it expires. [How to set it up](security.md#kafka)."},
    [SECTION_POSTGRES] = {"postgres",
                          "The database with the lookup tables, the result table and Tributary's own "
                          "tables. `replay` and `test` need none."},
    [SECTION_DEFAULTS] = {"defaults", "What holds for every input that does not say otherwise itself."},
    [SECTION_INPUT] = {"inputs.NAME",
                       "One topic of events under a name of your choice, which the rest of the file "
                       "uses."},
    [SECTION_INPUT_KAFKA] = {"inputs.NAME.kafka", "Where the input's events come from."},
    [SECTION_TIME] = {"inputs.NAME.time",
                      "The event time of an input, and how far it may be trusted. The same under "
                      "`defaults.time`; each line can be overridden on its own."},
    [SECTION_REPARTITION] =
        {"inputs.NAME.repartition",
         "For producers that set no record key, or another than the join needs: Tributary "
         "copies the input, exactly once, into a topic of its own, keyed and partitioned, "
         "and joins that. The same under `defaults.repartition`; each line can be "
         "overridden on its own."},
    [SECTION_ATTRIBUTE] = {"attribute",
                           "Which touch led to which conversion: of the touches with the same key "
                           "in the window before a conversion, the model picks one, or shares the conversion "
                           "among them. Every conversion gets its row, with or without a touch. [What the "
                           "models do](models.md)."},
    [SECTION_WEIGHTS] =
        {"attribute.weights",
         "For `model: position`: how much of the credit the first and the last touch get. The "
         "touches between share what remains equally. Two touches share all of it in the "
         "proportion of the two weights, by halves where both are 0; one touch has all."},
    [SECTION_LOOKUP] = {"lookups.NAME",
                        "A table of the database under a name of your choice, whose columns enrich "
                        "the rows. It is looked up when a row is written. [What that means](semantics.md"
                        "#look-ups)."},
    [SECTION_LOOKUP_CACHE] = {"lookups.NAME.cache",
                              "What a worker remembers of a lookup, so that it does not ask the database for "
                              "the same key again and again. Rows are then as old as `ttl` allows."},
    [SECTION_OUTPUT] = {"outputs", "Where the rows go: a list with one output."},
    [SECTION_OUTPUT_POSTGRES] = {"outputs.postgres",
                                 "A table that exists already. Rows and progress are written in "
                                 "one transaction, so each row is there exactly once."},
    [SECTION_DEAD_LETTERS] = {"dead_letters",
                              "Where events go that cannot be processed, each with the reason."},
    [SECTION_CHANGELOG] = {"changelog",
                           "The compacted topic in which Tributary keeps the touches of the window, so that "
                           "any process can go on where another stopped. It is created at the first start."},
    [SECTION_TELEMETRY] = {"telemetry", "Metrics and health of a running process, over HTTP."},
    [SECTION_LOG] = {"log", "The log, on standard error."},
    [SECTION_STEP] =
        {"inputs.NAME.steps",
         "What is done to an event's fields before its time, its key and its columns are taken. The "
         "same under `defaults.steps`; an input's own list takes the place of that one. Each item "
         "of the list is one of these. [What exactly they do](steps.md)."},
    [SECTION_STEP_CONDITION] = {"inputs.NAME.steps.where.FIELD",
                                "What a field must be like; all that is given must hold."},
    [SECTION_STEP_REMOVE] = {"inputs.NAME.steps.remove", "Exactly one of `text` and `characters`."},
    [SECTION_STEP_REPLACE] =
        {"inputs.NAME.steps.replace",
         "Every occurrence, from the left; what has been put in is not looked at again."},
    [SECTION_STEP_COUNT] = {"inputs.NAME.steps.count_suffix", "Counts as people write them."},
    [SECTION_STEP_HASH] =
        {"inputs.NAME.steps.hash",
         "For personal data that must not reach the table but still tell one from another."},
};

static const struct option_row options[] = {
    {IN(PIPELINE), "version", KIND_INTEGER, NEED_ALWAYS, NOWHERE, .min = 1, .max = 1, .example = "1",
     .otherwise = "a topic called after the pipeline", .doc = "The version of this file format: 1."},
    {IN(PIPELINE), "pipeline", KIND_NAME, NEED_ALWAYS, FIELD(pipeline, name), .example = "checkouts",
     .doc = "The pipeline's name, by which it finds its progress again: with another name it starts from the "
            "beginning."},
    {IN(PIPELINE), "kafka", KIND_SECTION, NEED_ALWAYS, .child = SECTION_KAFKA, FIELD(pipeline, kafka),
     .example = "{brokers: \"localhost:9092\"}", .doc = "The Kafka cluster."},
    {IN(KAFKA), "brokers", KIND_TEXT, NEED_ALWAYS, FIELD(kafka_config, brokers),
     .example = "\"localhost:9092\"",
     .doc = "Brokers to find the others by: `host:port`, separated by commas."},
    {IN(KAFKA), "group", KIND_LABEL, FIELD(kafka_config, group), .fallback = "tributary.{pipeline}",
     .example = "tributary.checkouts",
     .doc = "The consumer group. The processes of one group share the partitions among themselves."},
    {IN(KAFKA), "instance_id", KIND_LABEL, FIELD(kafka_config, instance_id),
     .otherwise = "dynamic membership", .example = "\"${HOSTNAME}\"",
     .doc =
         "What this process is called in the group, different for each and the same after a restart: then a "
         "quick restart moves no partitions."},
    {IN(KAFKA), "tls", KIND_SECTION, .child = SECTION_TLS, .marked = true, FIELD(kafka_config, tls),
     .otherwise = "no TLS", .example = "{ca: /etc/kafka/ca.pem}", .doc = "TLS to the brokers."},
    {IN(TLS), "ca", KIND_TEXT, FIELD(tls_config, ca), .otherwise = "the system's authorities",
     .example = "/etc/kafka/ca.pem",
     .doc = "A file with the certificates (PEM) of the authorities that sign the brokers'."},
    {IN(TLS), "certificate", KIND_TEXT, FIELD(tls_config, certificate), .example = "/etc/kafka/client.pem",
     .doc = "A file with the client's own certificate (PEM), for brokers that ask for one (mTLS)."},
    {IN(TLS), "key", KIND_TEXT, FIELD(tls_config, key), .example = "/etc/kafka/client.key",
     .doc = "The file with the private key (PEM) of that certificate."},
    {IN(TLS), "key_password", KIND_SECRET, .secret = true, FIELD(tls_config, key_password),
     .example = "\"${KAFKA_KEY_PASSWORD}\"", .doc = "What the key file is encrypted with."},
    {IN(TLS), "verify", KIND_WORD, FIELD(tls_config, verify), .words = tls_verifications, .fallback = "full",
     .example = "full",
     .doc = "What of a broker's certificate is verified: `full`, who signed it and the host name; `ca`, only "
            "who signed it; `none`, nothing. The last two are warned about in the log."},
    {IN(KAFKA), "sasl", KIND_SECTION, .child = SECTION_SASL, .marked = true, FIELD(kafka_config, sasl),
     .otherwise = "no SASL",
     .example = "{mechanism: SCRAM-SHA-512, username: tributary, password: \"${KAFKA_PASSWORD}\"}",
     .doc = "Authentication by SASL."},
    {IN(SASL), "mechanism", KIND_WORD, NEED_ALWAYS, FIELD(sasl_config, mechanism), .words = sasl_mechanisms,
     .example = "SCRAM-SHA-512", .doc = "The mechanism; the brokers must have it enabled."},
    {IN(SASL), "username", KIND_TEXT, FIELD(sasl_config, username),
     .otherwise = "required but for `OAUTHBEARER`", .example = "tributary", .doc = "The user's name."},
    {IN(SASL), "password", KIND_SECRET, .secret = true, FIELD(sasl_config, password),
     .otherwise = "required but for `OAUTHBEARER`", .example = "\"${KAFKA_PASSWORD}\"",
     .doc = "The user's password."},
    {IN(SASL), "token_command", KIND_COMMAND, FIELD(sasl_config, token.command),
     .example = "[/usr/local/bin/kafka-token, --region, eu-west-1]",
     .doc = "For `OAUTHBEARER`: a program that prints a token, run again before the token expires. Without a "
            "shell; it may take 10 s."},
    {IN(SASL), "token_file", KIND_TEXT, FIELD(sasl_config, token.file),
     .example = "/var/run/secrets/kafka/token",
     .doc = "For `OAUTHBEARER`, in its place: a file with the token, read again before the token expires."},
    {IN(KAFKA), "properties", KIND_PROPERTIES, NOWHERE, .example = "{security.protocol: SSL}",
     .doc = "Any other property of librdkafka, for security or tuning. Those that delivery depends on are "
            "refused, and so is one that `tls` or `sasl` sets as well."},
    {IN(PIPELINE), "postgres", KIND_SECTION, .child = SECTION_POSTGRES, FIELD(pipeline, postgres),
     .otherwise = "no database", .example = "{url: \"${DATABASE_URL}\"}", .doc = "The database."},
    {IN(POSTGRES), "url", KIND_URL, NEED_ALWAYS, .secret = true, FIELD(postgres_config, url),
     .example = "\"${DATABASE_URL:-postgresql://localhost:5432/postgres}\"", .doc = "How to connect."},
    {IN(POSTGRES), "password_command", KIND_COMMAND, FIELD(postgres_config, password.command),
     .example = "[aws, rds, generate-db-auth-token, --hostname, db.example.com]",
     .doc = "A program that prints the password, run for each connection: for tokens that expire. Without a "
            "shell; it may take 10 s."},
    {IN(POSTGRES), "password_file", KIND_TEXT, FIELD(postgres_config, password.file),
     .example = "/run/secrets/postgres",
     .doc = "In its place: a file with the password, read for each connection."},
    {IN(POSTGRES), "statement_timeout", KIND_DURATION, FIELD(postgres_config, statement_timeout_us),
     .fallback = "1m", .min = SECOND, .max = 60 * MINUTE, .example = "1m",
     .doc = "How long one statement may take. Rows that take longer are sent in smaller pieces, still in one "
            "transaction."},
    {IN(PIPELINE), "defaults", KIND_DEFAULTS, .child = SECTION_DEFAULTS, NOWHERE,
     .example = "{time: {field: event_time}}", .doc = "What holds for every input."},
    {IN(PIPELINE), "inputs", KIND_INPUTS, NEED_ALWAYS, .child = SECTION_INPUT, NOWHERE,
     .example = "{clicks: {kafka: {topic: clicks}}, checkouts: {kafka: {topic: checkouts}}}",
     .doc = "The inputs by name. A name has letters, digits and `_` and does not begin with a digit."},
    {IN(INPUT), "kafka", KIND_SECTION, NEED_ALWAYS, .child = SECTION_INPUT_KAFKA, .offset = 0,
     .size = sizeof(struct input_config), .example = "{topic: clicks}", .doc = "Its topic."},
    {IN(INPUT_KAFKA), "topic", KIND_TOPIC, NEED_ALWAYS, FIELD(input_config, source_topic),
     .example = "clicks",
     .doc = "The topic. Both inputs' topics must have the same number of partitions, unless `repartition` "
            "copies them."},
    {IN(INPUT) | IN(DEFAULTS), "time", KIND_SECTION, NEED_IN_TOTAL, .child = SECTION_TIME,
     FIELD(input_config, time), .example = "{field: event_time, zone: UTC}", .doc = "The event time."},
    {IN(TIME), "field", KIND_FIELD, NEED_IN_TOTAL, FIELD(time_config, field), .example = "event_time",
     .doc = "The field that says when the event happened."},
    {IN(TIME), "format", KIND_WORD, FIELD(time_config, format), .words = time_formats, .fallback = "iso",
     .example = "iso",
     .doc =
         "`iso` reads `2024-06-17 05:00:00.123` and its relatives, with or without an offset; the others are "
         "counts of seconds, milliseconds or microseconds since 1970."},
    {IN(TIME), "zone", KIND_ZONE, FIELD(time_config, zone), .fallback = "UTC", .example = "UTC",
     .doc = "The time zone of times that do not name their own offset."},
    {IN(TIME), "out_of_order", KIND_DURATION, FIELD(time_config, out_of_order_us), .fallback = "0",
     .max = LONGEST, .example = "15s",
     .doc = "How much older than its predecessors an event of a partition may be and still count as in time. "
            "Results wait for it."},
    {IN(TIME), "max_future", KIND_DURATION, FIELD(time_config, max_future_us), .fallback = "1m",
     .max = LONGEST, .example = "1m",
     .doc = "An event further than this ahead of its record's timestamp goes to the dead letters, so that "
            "one wrong "
            "clock cannot make all others late."},
    {IN(INPUT) | IN(DEFAULTS), "partitioned_by", KIND_FIELD, FIELD(input_config, partitioned_by),
     .otherwise = "unknown", .example = "user_id",
     .doc = "The field that the record key holds, by which the producer chose the partition, as it is before "
            "any step. It is checked "
            "against "
            "the data."},
    {IN(INPUT) | IN(DEFAULTS), "repartition", KIND_SECTION, .child = SECTION_REPARTITION, .marked = true,
     FIELD(input_config, repartition), .otherwise = "the producers key their records",
     .example = "{by: user_id, partitions: 4}",
     .doc = "Copies the input into a topic keyed as the join needs it. It takes the place of "
            "`partitioned_by`: an input has one or the other."},
    {IN(REPARTITION), "by", KIND_BY, NEED_IN_TOTAL, FIELD(repartition_config, by), .example = "user_id",
     .doc = "What becomes the record key. Events that belong together must agree in it; of the key of "
            "`attribute`, it is usually the first part."},
    {IN(REPARTITION), "partitions", KIND_INTEGER, NEED_IN_TOTAL, FIELD(repartition_config, partitions),
     .min = 1, .max = 10000, .unit = "partitions", .example = "4",
     .doc = "How many partitions the topic has, for both inputs the same. Choose enough for years: it cannot "
            "be changed for a topic that is there."},
    {IN(REPARTITION), "topic", KIND_TOPIC, FIELD(repartition_config, topic),
     .fallback = "{pipeline}.{input}.rekeyed", .example = "checkouts.clicks.rekeyed",
     .doc = "The topic, which belongs to this input of this pipeline alone. It is created at the first "
            "start."},
    {IN(REPARTITION), "retention", KIND_DURATION, FIELD(repartition_config, retention_us), .fallback = "7d",
     .min = MINUTE, .max = 10 * LONGEST, .example = "3d",
     .doc = "How long its records are kept: `retention.ms` of the topic where Tributary creates it. One that "
            "is there already stays as it is."},
    {IN(REPARTITION), "commit_interval", KIND_DURATION, FIELD(repartition_config, commit_interval_us),
     .fallback = "100ms", .min = 10 * MILLISECOND, .max = 5 * SECOND, .example = "100ms",
     .doc = "How often copied records are committed. Results wait this long for them."},
    {IN(INPUT) | IN(DEFAULTS), "idle_timeout", KIND_DURATION, FIELD(input_config, idle_timeout_us),
     .fallback = "30s", .max = LONGEST, .example = "30s",
     .doc = "A partition that has been read to its end and stays silent for this long no longer holds "
            "results back. "
            "0: it always does."},
    {IN(INPUT) | IN(DEFAULTS), "steps", KIND_STEPS, .child = SECTION_STEP, NOWHERE,
     .example = "[trim: [name], cast: {index: int}]",
     .doc = "What is done to each event first: filters, cleaned texts, types, other names."},
    {IN(STEP), "where", KIND_CONDITIONS, .child = SECTION_STEP_CONDITION, NOWHERE,
     .example = "{category: [art, travel]}",
     .doc = "Only events of which this holds go on; the others are counted as `filtered`."},
    {IN(STEP), "strip_non_ascii", KIND_FIELDS, NOWHERE, .example = "[title]",
     .doc = "Takes every character out that is not ASCII."},
    {IN(STEP), "remove", KIND_SECTION, .child = SECTION_STEP_REMOVE, NOWHERE,
     .example = "{fields: [price], text: \",\"}", .doc = "Takes a text, or certain characters, out."},
    {IN(STEP), "replace", KIND_SECTION, .child = SECTION_STEP_REPLACE, NOWHERE,
     .example = "{fields: [name], text: \"_\", with: \" \"}",
     .doc = "Puts one text in the place of another."},
    {IN(STEP), "trim", KIND_FIELDS, NOWHERE, .example = "[name]",
     .doc = "Takes blanks, tabs, line breaks and their like away from both ends."},
    {IN(STEP), "lower", KIND_FIELDS, NOWHERE, .example = "[email]",
     .doc = "Turns capital letters into small ones."},
    {IN(STEP), "upper", KIND_FIELDS, NOWHERE, .example = "[country]",
     .doc = "Turns small letters into capital ones."},
    {IN(STEP), "count_suffix", KIND_FIELDS, .child = SECTION_STEP_COUNT, NOWHERE,
     .example = "{fields: [follower_count], otherwise: 0}",
     .doc = "Turns `12k`, `1.2M` and `3B` into the numbers 12000, 1200000 and 3000000000."},
    {IN(STEP), "cast", KIND_CASTS, .words = casts, NOWHERE, .example = "{index: int}",
     .doc = "Turns values into another type, as far as nothing is lost."},
    {IN(STEP), "null_if", KIND_NULLS, NOWHERE, .example = "{title: [\"\", unknown]}",
     .doc = "Turns these values into null."},
    {IN(STEP), "default", KIND_DEFAULT_VALUES, NOWHERE, .example = "{country: unknown}",
     .doc = "Gives fields that are null or missing a value."},
    {IN(STEP), "rename", KIND_RENAMES, NOWHERE, .example = "{old_name: new_name}",
     .doc = "Gives fields another name."},
    {IN(STEP), "coalesce", KIND_CHOICES, NOWHERE, .example = "{email: [email, contact_email]}",
     .doc = "Sets a field to the first of some that is not null."},
    {IN(STEP), "drop", KIND_FIELDS, NOWHERE, .example = "[password]", .doc = "Makes fields null."},
    {IN(STEP), "hash", KIND_FIELDS, .child = SECTION_STEP_HASH, NOWHERE,
     .example = "{fields: [email], key: \"${HASH_KEY}\"}",
     .doc =
         "Turns values into their SHA-256, or HMAC-SHA-256 with a secret key, as 64 digits of hexadecimal."},
    {IN(STEP_REMOVE) | IN(STEP_REPLACE) | IN(STEP_COUNT) | IN(STEP_HASH), "fields", KIND_FIELDS, NEED_ALWAYS,
     NOWHERE, .example = "[name, title]", .doc = "The fields."},
    {IN(STEP_REMOVE), "text", KIND_TEXT, FIELD(step_config, text), .otherwise = "`characters`",
     .example = "\",\"", .doc = "What is taken out, wherever it occurs."},
    {IN(STEP_REMOVE), "characters", KIND_TEXT, FIELD(step_config, characters), .otherwise = "`text`",
     .example = "\",;\"", .doc = "Characters each of which is taken out."},
    {IN(STEP_REPLACE), "text", KIND_TEXT, NEED_ALWAYS, FIELD(step_config, text), .example = "\"_\"",
     .doc = "What is replaced, wherever it occurs."},
    {IN(STEP_REPLACE), "with", KIND_TEXT, NEED_ALWAYS, FIELD(step_config, with), .example = "\" \"",
     .doc = "What takes its place; `remove` takes a text out."},
    {IN(STEP_COUNT), "otherwise", KIND_LITERAL, FIELD(step_config, otherwise), .otherwise = "a dead letter",
     .example = "0", .doc = "What becomes of a value that is no count."},
    {IN(STEP_HASH), "key", KIND_SECRET, .secret = true, FIELD(step_config, key),
     .otherwise = "SHA-256 without a key", .example = "\"${HASH_KEY}\"",
     .doc = "A secret key, for HMAC-SHA-256. Without one, whoever knows an email finds its hash."},
    {IN(STEP_CONDITION), "not", KIND_LITERALS, FIELD(condition, others), .example = "[spam, test]",
     .doc = "None of these values. It holds for null."},
    {IN(STEP_CONDITION), "min", KIND_LITERAL, FIELD(condition, min), .example = "100",
     .doc = "Not less than this number or, byte by byte, this text. It does not hold for null."},
    {IN(STEP_CONDITION), "max", KIND_LITERAL, FIELD(condition, max), .example = "1000",
     .doc = "Not greater than this. It does not hold for null."},
    {IN(STEP_CONDITION), "present", KIND_FLAG, FIELD(condition, present), .example = "true",
     .doc = "`true`: neither null nor missing; `false`: one of these."},
    {IN(PIPELINE), "attribute", KIND_SECTION, NEED_ALWAYS, .child = SECTION_ATTRIBUTE,
     FIELD(pipeline, attribute),
     .example = "{conversions: checkouts, touches: clicks, key: [user_id], window: 1h}",
     .doc = "Which touch led to which conversion."},
    {IN(ATTRIBUTE), "conversions", KIND_INPUT, NEED_ALWAYS, FIELD(attribute_config, conversions),
     .example = "checkouts", .doc = "The input with the conversions: each of its events becomes a row."},
    {IN(ATTRIBUTE), "touches", KIND_INPUT, NEED_ALWAYS, FIELD(attribute_config, touches), .example = "clicks",
     .doc = "The input with the touches that may have led to them."},
    {IN(ATTRIBUTE), "key", KIND_KEY, NEED_ALWAYS, NOWHERE, .example = "[user_id, product_id]",
     .doc =
         "The fields that must be equal in a touch and a conversion. An event without one of them joins with "
         "nothing. For an input with `repartition`, `users.id` is a column of a lookup."},
    {IN(ATTRIBUTE), "window", KIND_DURATION, NEED_ALWAYS, FIELD(attribute_config, window_us), .min = 1,
     .max = LONGEST, .example = "1h",
     .doc = "How long before a conversion a touch still counts, both ends included."},
    {IN(ATTRIBUTE), "model", KIND_WORD, FIELD(attribute_config, model), .words = models, .fallback = "first",
     .example = "first",
     .doc =
         "Which touches of the window get the credit: `first`, the earliest; `last`, the latest; or all of "
         "them, with a row each: `linear`, equal parts; `position`, by `weights`; `time_decay`, the more "
         "the nearer, by `half_life`."},
    {IN(ATTRIBUTE), "weights", KIND_SECTION, .child = SECTION_WEIGHTS, .marked = true,
     FIELD(attribute_config, weights), .otherwise = "`{first: 0.4, last: 0.4}` for `model: position`",
     .example = "{first: 0.4, last: 0.4}", .doc = "Only for `model: position`."},
    {IN(WEIGHTS), "first", KIND_DECIMAL, FIELD(weights_config, first), .fallback = "0.4", .max = WEIGHT_ONE,
     .example = "0.4", .doc = "The part of the first touch."},
    {IN(WEIGHTS), "last", KIND_DECIMAL, FIELD(weights_config, last), .fallback = "0.4", .max = WEIGHT_ONE,
     .example = "0.4", .doc = "The part of the last touch. Both together are at most 1."},
    {IN(ATTRIBUTE), "half_life", KIND_DURATION, FIELD(attribute_config, half_life_us),
     .otherwise = "half the window, for `model: time_decay`", .min = 1, .max = LONGEST, .example = "30m",
     .doc = "Only for `model: time_decay`: a touch that is older than another by this much gets half its "
            "credit."},
    {IN(ATTRIBUTE), "reach", KIND_INTEGER, FIELD(attribute_config, reach),
     .otherwise = "all touches of the window", .min = 1, .max = 1000000, .unit = "touches", .example = "10",
     .doc = "Only so many touches nearest before the conversion count, whatever the model."},
    {IN(ATTRIBUTE), "touch_cap", KIND_INTEGER, FIELD(attribute_config, touch_cap), .otherwise = "no bound",
     .min = 1, .max = 1000000, .unit = "touches", .example = "1000",
     .doc = "Against keys that are clicked without end, such as a bot's: of each key, and each sixteenth of "
            "the window, only the first so many touches that are read are kept. The others count as "
            "`capped`."},
    {IN(ATTRIBUTE), "credit_scale", KIND_INTEGER, FIELD(attribute_config, credit_scale), .fallback = "6",
     .max = 18, .unit = "decimals", .example = "6",
     .doc = "How many decimals `attribution.credit` has. The credits of a conversion sum to exactly 1, "
            "whatever it is."},
    {IN(ATTRIBUTE), "credit_of", KIND_FIELD, FIELD(attribute_config, credit_of),
     .otherwise = "no amount is shared", .example = "total_amount",
     .doc = "A field of the conversion, an amount: `attribution.amount` is each row's part of it. The parts "
            "sum to exactly the amount."},
    {IN(ATTRIBUTE), "emit", KIND_WORD, FIELD(attribute_config, emit), .words = emissions, .fallback = "final",
     .example = "early",
     .doc =
         "When a row is written: `final`, once, when nothing can change it any more; `early`, also as soon "
         "as "
         "its conversion is read, with the touches read so far, and again whenever they change it, until it "
         "is final. The table is the same in the end. `early` needs `write: upsert`. [What it "
         "means](semantics.md#early-rows)."},
    {IN(ATTRIBUTE), "allowed_lateness", KIND_DURATION, FIELD(attribute_config, allowed_lateness_us),
     .fallback = "0", .max = LONGEST, .example = "5m",
     .doc = "How much later than `out_of_order` allows an event may come and still be joined. Results and "
            "state wait "
            "for it."},
    {IN(ATTRIBUTE), "late", KIND_WORD, FIELD(attribute_config, late), .words = late_policies,
     .fallback = "dead_letter", .example = "dead_letter",
     .doc = "What becomes of a conversion later than that: the dead letters, or attribution with the touches "
            "still "
            "at hand."},
    {IN(ATTRIBUTE), "max_drift", KIND_DURATION, FIELD(attribute_config, max_drift_us), .fallback = "1h",
     .max = LONGEST, .example = "1h",
     .doc = "How far one input may be read ahead of the other, in event time. It bounds the memory a backlog "
            "takes."},
    {IN(PIPELINE), "lookups", KIND_LOOKUPS, .child = SECTION_LOOKUP, NOWHERE,
     .example = "{users: {table: commerce.users, match: {id: checkouts.user_id}}}",
     .doc = "Lookup tables by name. A name has letters, digits and `_` and is not that of an input."},
    {IN(LOOKUP), "table", KIND_TABLE, NEED_ALWAYS, FIELD(lookup_config, table), .example = "commerce.users",
     .doc = "The table."},
    {IN(LOOKUP), "match", KIND_MATCH, NEED_ALWAYS, NOWHERE, .example = "{id: checkouts.user_id}",
     .doc = "What makes a row of the table the right one: columns of the table, and for each a field of the "
            "conversion, or a column of another lookup, which is then asked first. The columns should be the "
            "table's primary key."},
    {IN(LOOKUP), "missing", KIND_WORD, FIELD(lookup_config, missing), .words = missing_policies,
     .fallback = "keep", .example = "keep",
     .doc =
         "What becomes of a conversion without a matching row: written with nulls, dropped, or sent to "
         "the dead letters. Of several lookups without a row, the first that does not say `keep` decides."},
    {IN(LOOKUP), "cache", KIND_SECTION, .child = SECTION_LOOKUP_CACHE, FIELD(lookup_config, cache),
     .example = "{ttl: 5m}", .doc = "What is remembered of it between batches."},
    {IN(LOOKUP_CACHE), "ttl", KIND_DURATION, FIELD(lookup_cache_config, ttl_us), .fallback = "0",
     .max = LONGEST, .example = "5m",
     .doc = "How long a row that was found is used again. With 0 the table is asked for each batch."},
    {IN(LOOKUP_CACHE), "missing_ttl", KIND_DURATION, FIELD(lookup_cache_config, missing_ttl_us),
     .fallback = "10s", .max = LONGEST, .example = "10s",
     .doc = "How long it is taken for granted that there is no row. Short, so that a new row is soon seen; "
            "where `ttl` is shorter, `ttl` holds."},
    {IN(LOOKUP_CACHE), "entries", KIND_INTEGER, FIELD(lookup_cache_config, entries), .fallback = "10000",
     .min = 1, .max = 1000000, .unit = "keys", .example = "10000",
     .doc = "How many keys each worker remembers, the newest. They take up to 512 bytes each on average, out "
            "of `memory_limit`; a row of more than 4 KiB is not remembered."},
    {IN(PIPELINE), "outputs", KIND_OUTPUTS, NEED_ALWAYS, .child = SECTION_OUTPUT, NOWHERE,
     .example = "[{postgres: {table: public.results, primary_key: [id], columns: [id]}}]",
     .doc = "The outputs: exactly one."},
    {IN(OUTPUT), "postgres", KIND_SECTION, NEED_ALWAYS, .child = SECTION_OUTPUT_POSTGRES, .offset = 0,
     .size = sizeof(struct output_config),
     .example = "{table: public.results, primary_key: [id], columns: [id]}", .doc = "A Postgres table."},
    {IN(OUTPUT_POSTGRES), "table", KIND_TABLE, NEED_ALWAYS, FIELD(output_config, table),
     .example = "commerce.attributed_checkouts", .doc = "The table."},
    {IN(OUTPUT_POSTGRES), "write", KIND_WORD, FIELD(output_config, write), .words = write_modes,
     .fallback = "upsert", .example = "upsert",
     .doc = "`upsert` replaces a row with the same primary key; `append` only inserts."},
    {IN(OUTPUT_POSTGRES), "columns", KIND_COLUMNS, NEED_ALWAYS, NOWHERE,
     .example = "[checkout_id, click_id: clicks.click_id]", .doc = "What to write into which column."},
    {IN(OUTPUT_POSTGRES), "primary_key", KIND_PRIMARY_KEY, NOWHERE, .otherwise = "required for `upsert`",
     .example = "[checkout_id]",
     .doc = "For `upsert`: the columns of the table's primary key or of a unique index, filled from fields "
            "of the "
            "conversion. With a model that writes a row for each touch, `attribution.touch_number` is one of "
            "them, beside at least one field of the conversion."},
    {IN(PIPELINE), "dead_letters", KIND_SECTION, .child = SECTION_DEAD_LETTERS, .offset = 0,
     .size = sizeof(struct pipeline), .example = "{topic: checkouts.dead-letters}",
     .doc = "Events that cannot be processed."},
    {IN(DEAD_LETTERS), "topic", KIND_TOPIC, FIELD(pipeline, dead_letter_topic),
     .fallback = "{pipeline}.dead-letters", .example = "checkouts.dead-letters",
     .doc = "The topic they go to."},
    {IN(DEAD_LETTERS), "retention", KIND_DURATION, FIELD(pipeline, dead_letter_retention_us),
     .fallback = "14d", .min = MINUTE, .max = 10 * LONGEST, .example = "30d",
     .doc =
         "How long they are kept: `retention.ms` of the topic where Tributary creates it. One that is there "
         "already stays as it is."},
    {IN(PIPELINE), "changelog", KIND_SECTION, .child = SECTION_CHANGELOG, .offset = 0,
     .size = sizeof(struct pipeline), .example = "{topic: checkouts.changelog, replication: 3}",
     .doc = "Where the touches of the window are kept."},
    {IN(CHANGELOG), "topic", KIND_TOPIC, FIELD(pipeline, changelog_topic), .fallback = "{pipeline}.changelog",
     .example = "checkouts.changelog",
     .doc = "The topic, which belongs to this pipeline alone: neither that of an input nor that of the dead "
            "letters."},
    {IN(CHANGELOG), "replication", KIND_INTEGER, FIELD(pipeline, changelog_replication),
     .otherwise = "the broker's `default.replication.factor`", .min = 1, .max = INT16_MAX, .unit = "copies",
     .example = "3",
     .doc = "How many brokers hold each of its partitions. It counts when the topic is created."},
    {IN(CHANGELOG), "tombstone_grace", KIND_DURATION, FIELD(pipeline, tombstone_grace_us), .fallback = "1h",
     .max = LONGEST, .example = "1d",
     .doc = "How far, in event time, the committed results must be past a block of saved touches before it "
            "is deleted from the topic. A database restored from a backup that is not older than that finds "
            "its state again."},
    {IN(PIPELINE), "telemetry", KIND_SECTION, .child = SECTION_TELEMETRY, .offset = 0,
     .size = sizeof(struct pipeline), .example = "{listen: \":9469\"}", .doc = "Metrics and health."},
    {IN(TELEMETRY), "listen", KIND_LISTEN, FIELD(pipeline, telemetry_listen),
     .otherwise = "`127.0.0.1:9469`, or any free port of `127.0.0.1` where that is taken",
     .example = "\":9469\"",
     .doc =
         "Where `/metrics`, `/healthz`, `/readyz` and `/status` are answered, to anybody who can connect. An "
         "address that is written must be free. `none`: nowhere."},
    {IN(PIPELINE), "log", KIND_SECTION, .child = SECTION_LOG, .offset = 0, .size = sizeof(struct pipeline),
     .example = "{format: json, level: info}", .doc = "The log."},
    {IN(LOG), "format", KIND_WORD, FIELD(pipeline, log_form), .words = log_forms, .fallback = "logfmt",
     .example = "json",
     .doc = "`logfmt`, lines of `key=value`; or `json`, an object a line with the same keys."},
    {IN(LOG), "level", KIND_WORD, FIELD(pipeline, log_detail), .words = log_details, .fallback = "info",
     .example = "warn", .doc = "What is less important than this is not written."},
    {IN(PIPELINE), "workers", KIND_INTEGER, FIELD(pipeline, workers), .fallback = "1", .min = 1, .max = 256,
     .unit = "threads", .example = "4",
     .doc = "Threads that share the partitions; more than there are partitions idle."},
    {IN(PIPELINE), "commit_interval", KIND_DURATION, FIELD(pipeline, commit_interval_us), .fallback = "1s",
     .min = 10 * MILLISECOND, .max = 5 * MINUTE, .example = "1s",
     .doc = "How long a finished row may wait for others before it is written."},
    {IN(PIPELINE), "batch_rows", KIND_INTEGER, FIELD(pipeline, batch_rows), .fallback = "10000", .min = 1,
     .max = 1000000, .unit = "rows", .example = "10000",
     .doc = "Rows after which a batch is written without waiting for the interval."},
    {IN(PIPELINE), "memory_limit", KIND_SIZE, FIELD(pipeline, memory_limit), .fallback = "auto",
     .min = 16 * MIB, .max = INT64_MAX, .example = "512MiB",
     .doc =
         "Memory of the whole process: queues, state and batches; near it touches wait. `auto`: the limit of "
         "the container, or else three quarters of the machine's memory."},
    {IN(PIPELINE), "start", KIND_START, FIELD(pipeline, start), .fallback = "earliest", .example = "earliest",
     .doc = "Where the very first run begins with the conversions; touches begin one window before. Later "
            "runs go on "
            "where the last one ended."},
};
enum { OPTIONS = sizeof options / sizeof *options };

const struct section_row *options_section(enum section section) {
    return &sections[section];
}

const struct option_row *options_next(enum section section, const struct option_row *previous) {
    const struct option_row *option = previous ? previous + 1 : options;
    for (; option < options + OPTIONS; option++)
        if (option->sections & (1u << section)) return option;
    return NULL;
}

const struct option_row *options_find(enum section section, const char *name) {
    const struct option_row *option = NULL;
    while ((option = options_next(section, option)))
        if (strcmp(option->name, name) == 0) return option;
    return NULL;
}

const char *options_elsewhere(const char *name) {
    for (int section = 0; section < SECTION_COUNT; section++)
        if (options_find((enum section)section, name)) return sections[section].path;
    return NULL;
}

static const char *quantity_text(const struct option_row *option, int64_t value, char *text) {
    switch (option->kind) {
    case KIND_DECIMAL: return quantity_decimal_text(value, text);
    case KIND_DURATION: return quantity_duration_text(value, text);
    case KIND_SIZE: return quantity_size_text(value, text);
    default: snprintf(text, QUANTITY_TEXT_MAX, "%lld", (long long)value); return text;
    }
}

void options_range(const struct option_row *option, struct buffer *out) {
    char low[QUANTITY_TEXT_MAX], high[QUANTITY_TEXT_MAX];
    quantity_text(option, option->min, low);
    if (option->max == INT64_MAX)
        buffer_printf(out, "of at least %s", low);
    else if (option->min == option->max)
        buffer_text(out, low);
    else
        buffer_printf(out, "from %s to %s", low, quantity_text(option, option->max, high));
}

static void expected_word(const struct option_row *option, struct buffer *out) {
    int count = 0;
    while (option->words[count]) count++;
    for (int i = 0; i < count; i++)
        buffer_printf(out, "%s%s", i == 0 ? "" : i < count - 1 ? ", " : " or ", option->words[i]);
}

void options_expected(const struct option_row *option, struct buffer *out) {
    if (option->kind == KIND_WORD) {
        expected_word(option, out);
        return;
    }
    bool single = option->kind == KIND_INTEGER && option->min == option->max;
    if (!single) buffer_text(out, kind_rule(option->kind)->expected);
    if (option->max == 0) return;
    if (!single) buffer_byte(out, ' ');
    options_range(option, out);
    if (option->kind == KIND_SIZE) buffer_text(out, ", or auto");
}
