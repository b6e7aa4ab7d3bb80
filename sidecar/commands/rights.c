#include "commands/rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* --- the database --- */

static void print_identifier(const char *name, size_t len) {
    printf("\"%.*s\"", (int)len, name);
}

/* Names stand in the file as they do in the catalogue, so they are quoted; they hold no quotes themselves. */
static void print_table(const char *table) {
    const char *dot = strchr(table, '.');
    if (dot) {
        print_identifier(table, (size_t)(dot - table));
        putchar('.');
    }
    const char *name = dot ? dot + 1 : table;
    print_identifier(name, strlen(name));
}

static void print_grant(const char *rights, const char *table, const char *role) {
    printf("GRANT %s ON ", rights);
    print_table(table);
    printf(" TO :\"%s\";\n", role);
}

static void print_schema_grant(const char *table, const char *role) {
    const char *dot = strchr(table, '.');
    if (!dot) return;
    printf("GRANT USAGE ON SCHEMA ");
    print_identifier(table, (size_t)(dot - table));
    printf(" TO :\"%s\";\n", role);
}

static void print_common(const struct pipeline *pipeline, const char *role) {
    printf("GRANT USAGE ON SCHEMA tributary TO :\"%s\";\n"
           "GRANT SELECT ON tributary.schema_version TO :\"%s\";\n",
           role, role);
    for (int i = 0; i < pipeline->output_count; i++) print_schema_grant(pipeline->outputs[i].table, role);
    for (int i = 0; i < pipeline->lookup_count; i++) print_schema_grant(pipeline->lookups[i].table, role);
    for (int i = 0; i < pipeline->lookup_count; i++) print_grant("SELECT", pipeline->lookups[i].table, role);
}

/* DELETE is for the rows that a conversion no longer has when it comes again with fewer touches. */
static const char *rights_on(const struct output_config *output) {
    if (output->write == WRITE_APPEND) return "INSERT";
    return output->several || output->early ? "SELECT, INSERT, UPDATE, DELETE" : "SELECT, INSERT, UPDATE";
}

static void print_user(const struct pipeline *pipeline) {
    print_common(pipeline, "user");
    printf("GRANT SELECT, INSERT, UPDATE ON tributary.progress, tributary.pipelines TO :\"user\";\n"
           "GRANT SELECT, INSERT, UPDATE, DELETE ON tributary.idle_advances TO :\"user\";\n");
    for (int i = 0; i < pipeline->output_count; i++)
        print_grant(rights_on(&pipeline->outputs[i]), pipeline->outputs[i].table, "user");
}

/* UPDATE is for "rename", DELETE for "reset" and "rename", the temporary tables for "verify". */
static void print_operator(const struct pipeline *pipeline) {
    print_common(pipeline, "operator");
    printf("GRANT SELECT, UPDATE, DELETE ON tributary.progress, tributary.pipelines, "
           "tributary.idle_advances TO :\"operator\";\n");
    for (int i = 0; i < pipeline->output_count; i++)
        print_grant("SELECT", pipeline->outputs[i].table, "operator");
    printf("GRANT TEMPORARY ON DATABASE :\"DBNAME\" TO :\"operator\";\n");
}

void rights_print_grants(const struct pipeline *pipeline) {
    printf("\n-- The rights of the user that \"tributary run\" connects as: psql -v user=NAME\n"
           "\\if :{?user}\n");
    print_user(pipeline);
    printf("\\endif\n"
           "\n-- The rights of who uses verify, explain, state, reset and rename: psql -v operator=NAME\n"
           "\\if :{?operator}\n");
    print_operator(pipeline);
    printf("\\endif\n");
}

/* --- Kafka --- */

/* In single quotes, for a shell. */
static void print_quoted(const char *text) {
    putchar('\'');
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    putchar('\'');
}

static void print_allow(const char *principal, const char *operations, const char *kind, const char *name) {
    printf("allow \"$%s\" %s --%s ", principal, operations, kind);
    print_quoted(name);
    putchar('\n');
}

#define READ         "--operation Read"
#define WRITE_CREATE "--operation Write --operation Create"

static void print_inputs(const struct pipeline *pipeline, const char *principal) {
    const int inputs[2] = {pipeline->attribute.touches, pipeline->attribute.conversions};
    for (int i = 0; i < 2; i++) {
        const struct input_config *input = &pipeline->inputs[inputs[i]];
        print_allow(principal, READ, "topic", input->source_topic);
        if (input->repartition.present) print_allow(principal, READ, "topic", input->topic);
    }
}

static bool is_rekeyed(const struct pipeline *pipeline) {
    return pipeline->inputs[pipeline->attribute.touches].repartition.present ||
           pipeline->inputs[pipeline->attribute.conversions].repartition.present;
}

/* Its transactional ids begin with the name of its group. */
static void print_rekeyer(const struct pipeline *pipeline) {
    const int inputs[2] = {pipeline->attribute.touches, pipeline->attribute.conversions};
    char *group = memory_printf("%s.repartition", pipeline->kafka.group);
    print_allow("PRINCIPAL", READ, "group", group);
    print_allow("PRINCIPAL", "--operation Write --operation Describe --resource-pattern-type prefixed",
                "transactional-id", group);
    for (int i = 0; i < 2; i++) {
        const struct input_config *input = &pipeline->inputs[inputs[i]];
        if (input->repartition.present)
            print_allow("PRINCIPAL", WRITE_CREATE " --operation DescribeConfigs", "topic", input->topic);
    }
    free(group);
}

static void print_head(const struct pipeline *pipeline) {
    const struct kafka_config *kafka = &pipeline->kafka;
    printf(
        "# What Tributary needs in Kafka: run this with a shell, as somebody who may change access control "
        "lists.\n"
        "#   PRINCIPAL    who runs the pipeline, such as User:tributary\n"
        "#   OPERATOR     who uses verify, explain, state and reset on it; may be left out\n"
        "#   KAFKA_ACLS   Kafka's program for this, with its options, if it is not kafka-acls.sh\n"
        "#   ADMIN_CONFIG a file for its --command-config; may be left out\n"
        "# Read and Write imply Describe.%s\n"
        "set -eu\n",
        is_rekeyed(pipeline) ? "" : " No transactional ids are used.");
    if (kafka->sasl.present && kafka->sasl.username) {
        printf("default=User:");
        print_quoted(kafka->sasl.username);
        printf("\n: \"${PRINCIPAL:=$default}\"\n");
    } else {
        printf(": \"${PRINCIPAL:?set it, such as User:tributary}\"\n");
    }
    printf("allow() {\n"
           "    principal=$1\n"
           "    shift\n"
           "    ${KAFKA_ACLS:-kafka-acls.sh} --bootstrap-server \"${BROKERS:-$brokers}\" "
           "${ADMIN_CONFIG:+--command-config \"$ADMIN_CONFIG\"} \\\n"
           "        --add --allow-principal \"$principal\" \"$@\"\n"
           "}\n"
           "brokers=");
    print_quoted(kafka->brokers);
    printf("\n\n");
}

void rights_print_acls(const struct pipeline *pipeline) {
    print_head(pipeline);
    print_inputs(pipeline, "PRINCIPAL");
    print_allow("PRINCIPAL", READ, "group", pipeline->kafka.group);
    print_allow("PRINCIPAL", WRITE_CREATE, "topic", pipeline->dead_letter_topic);
    print_allow("PRINCIPAL", READ " " WRITE_CREATE " --operation DescribeConfigs", "topic",
                pipeline->changelog_topic);
    if (is_rekeyed(pipeline)) print_rekeyer(pipeline);
    printf("\n[ -n \"${OPERATOR:-}\" ] || exit 0\n");
    print_inputs(pipeline, "OPERATOR");
    print_allow("OPERATOR", "--operation Describe", "group", pipeline->kafka.group);
    print_allow("OPERATOR", READ " --operation Delete --operation DescribeConfigs", "topic",
                pipeline->changelog_topic);
    print_allow("OPERATOR", READ, "topic", pipeline->dead_letter_topic);
}
